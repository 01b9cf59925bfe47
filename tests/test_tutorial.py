"""The tutorial's commands, run on the corpus that it names, give what it shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from dotenv import dotenv_values
from typer.testing import CliRunner

from bot.cli import app, console
from tests.handbook import DOCS, fences, rows, sections

TUTORIAL = DOCS / "tutorial.md"
ARCHIVE = "corpus/milvus_docs_2.4.x_en.zip"


def shorten(text: str) -> str:
    """The text in one line, as a terminal of any width would break it."""
    return " ".join(text.split())


@pytest.fixture
def settings(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tutorial's `.env`, with the archive that lies here in place of its address."""
    (block,) = (each for each in fences(TUTORIAL, "text") if "DOCENT_SOURCES" in each)
    (tmp_path / "shown.env").write_text(block)
    shown = dotenv_values(tmp_path / "shown.env")
    (source,) = json.loads(str(shown["DOCENT_SOURCES"]))
    # COLUMNS counts only while the console has no width of its own. This restores either.
    monkeypatch.setattr(console.out, "_width", 240)
    monkeypatch.setenv("DOCENT_PROFILE", str(shown["DOCENT_PROFILE"]))
    source["uri"] = str(shared / ARCHIVE)
    monkeypatch.setenv("DOCENT_SOURCES", json.dumps([source]))


@pytest.mark.usefixtures("settings")
def test_its_commands_print_what_it_shows():
    commands = CliRunner()
    shown = [shorten(block) for block in fences(TUTORIAL, "text")]
    first = commands.invoke(app, ["index"])
    assert shown[1] in shorten(first.output)
    again = commands.invoke(app, ["index"])
    assert shown[3] in shorten(again.output)
    question = re.search(r'docent ask "(.+?)"\n', TUTORIAL.read_text())
    assert question
    answer = commands.invoke(app, ["ask", question[1]])
    parts = [shorten(part) for part in fences(TUTORIAL, "text")[2].split("…") if part.strip()]
    assert parts
    assert all(part in shorten(answer.output) for part in parts)
    compared = commands.invoke(app, ["ask", question[1], "--compare"])
    wanted = [row[3:] for row in rows(sections(TUTORIAL)["Step 5: see what reranking does"])]
    assert read_comparison(compared.output)[: len(wanted)] == wanted


def read_comparison(output: str) -> list[tuple[str, ...]]:
    """Headings and scores by embedding and after reranking, as the tutorial writes them."""
    lines = [line.split("│")[2:6] for line in output.splitlines() if line.startswith("│ ")]
    cells = [[cell.strip().removeprefix("Product FAQ > ") for cell in line] for line in lines]
    return [
        (f"{one} {shorten_score(cosine)}", f"{other} {shorten_score(score)}".rstrip(" -"))
        for one, cosine, other, score in cells
    ]


def shorten_score(score: str) -> str:
    return score if score == "-" else f"{float(score):.3f}".removeprefix("0")
