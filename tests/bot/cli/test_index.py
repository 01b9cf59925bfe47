"""`docent index --engine ray`, where it can't work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.cli.index import index
from bot.control.client import ControlClient
from bot.errors import ControlError
from ingest.errors import IngestError
from tests.ingest.fakes import make_folder


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DOCENT_PROFILE", "starter")
    return str(make_folder(tmp_path / "docs", {"a.md": "# A\n\nFirst."}))


def test_a_service_that_holds_the_index_builds_on_no_cluster(
    docs: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ControlClient, "find", lambda _: object())
    with pytest.raises(ControlError, match="stop it for this build"):
        index([docs], engine="ray")


def test_without_ray_nothing_is_built(docs: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(IngestError, match=r"pip install 'docent-bot\[ray\]'"):
        index([docs], engine="ray")


@pytest.mark.parametrize(
    "words",
    [
        ["--explain", "a.md", "--check-links"],
        ["--explain", "a.md", "--force"],
        ["--check-links", "--dry-run"],
        ["--check-links", "--engine", "ray"],
    ],
)
def test_what_does_not_go_together_is_refused(docs: str, words: list[str]):
    result = CliRunner().invoke(app, ["index", docs, *words], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "leave out" in result.output
