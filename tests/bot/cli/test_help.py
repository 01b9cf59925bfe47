"""The help of every command names no types of Python."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from bot.cli import app

COMMANDS = ["", *typer.main.get_command(app).commands]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_switch_has_no_type(command: str):
    result = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    options = [line for line in result.output.splitlines() if " --" in line]
    assert options
    assert [line for line in options if "bool" in line or "list[" in line] == []


def test_what_takes_a_value_says_so():
    text = CliRunner().invoke(app, ["eval", "--help"], env={"COLUMNS": "200"}).output
    shown = {line.split()[1]: line for line in text.replace("*", " ").splitlines() if " --" in line}
    assert "<path>" in shown["--unanswerable"]
    assert "<str>" in shown["--language"]
    assert "<" not in shown["--judge"]
