"""The options of `docent doctor`, without an index behind them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.control import local
from ingest.settings import IngestSettings
from rag_core.models.known_answers import CheckResult


@pytest.fixture
def repairs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[bool]:
    """Record whether each check of the index was to repair it."""
    asked: list[bool] = []

    def check_index(settings: IngestSettings, *, repair: bool) -> tuple[CheckResult, ...]:
        assert settings.collection == "docent"
        asked.append(repair)
        return (CheckResult("chunks", passed=True, says="1 chunk, as expected."),)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(local, "check_index", check_index)
    return asked


@pytest.mark.parametrize(
    ("options", "expected"),
    [([], False), (["--repair"], True), (["--mend"], True), (["--repair", "--mend"], True)],
)
def test_an_index_is_repaired_on_request(repairs, options, expected):
    result = CliRunner().invoke(app, ["doctor", "--index", *options])
    assert result.exit_code == 0, result.output
    assert repairs == [expected]


def test_the_help_names_the_new_option_alone():
    text = CliRunner().invoke(app, ["doctor", "--help"], env={"COLUMNS": "200"}).output
    assert "--repair" in text
    assert "--mend" not in text


@pytest.mark.parametrize(
    "words",
    [
        ["--repair"],
        ["--mend"],
        ["--llm", "--repair"],
        ["--slack", "--mend"],
        ["--corpus", "docs.zip"],
        ["--index", "--corpus", "docs.zip"],
        ["--index", "--llm", "--corpus", "docs.zip"],
    ],
)
def test_an_option_of_another_check_is_refused(repairs, words):
    result = CliRunner().invoke(app, ["doctor", *words], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert " belongs to --" in result.output
    assert repairs == []


def test_a_folder_in_place_of_the_settings_is_wrong(tmp_path: Path):
    (tmp_path / ".env").mkdir()
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "wrong settings: .env is a folder, so docent reads no settings from it" in result.output
