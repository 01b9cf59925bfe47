"""The handbook says what the code does: JSON fields, error sentences, settings, files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import get_args

import pytest
import typer
from dotenv import dotenv_values

import bot.errors
import ingest.errors
import rag_core.errors
from bot import cli
from bot.cli import json_output
from bot.storage.answers import AnswerRecord
from bot.storage.problems import Problem
from bot.storage.ratings import RatedAnswer, Rating
from bot.storage.service_status import ServiceStatus
from bot.texts import answers
from bot.types import MessageKey
from ingest.changes.preview import Preview
from ingest.cron import parse_schedule
from ingest.overview.status import IndexStatus
from ingest.report import GoldenResult, IngestReport
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from ingest.types import IndexVersion
from rag_core.models.known_answers import CheckResult
from rag_core.types import (
    Answer,
    Chunk,
    Citation,
    Degradation,
    Hit,
    Passage,
    Timings,
    Usage,
)
from tests.conftest import ROOT
from tests.handbook import DOCS, PAGES, code_spans, fences, rows, sections, settings, variable

ROOMS = ("rag_core", "ingest", "bot")

# Raised only where a device or number type is asked for by name, which no setting does, or where
# a caller of the service names a source unchecked, which none does.
NOT_MET = {
    "DOCENT_SOURCES has no source named ….",
    "torch knows no device …; try cpu, cuda or mps.",
    "… is not a number type for models; try ….",
}
# Put together from parts, warnings, or said by the report of a sync.
SAID_ELSEWHERE = {
    "The model server at … (…) …: ….",
    "Skipped or repaired: …",
    "Note: …",
    "There is no space left on the disk: free some, and run the command again.",
    "The command failed unexpectedly (…): run it again with --verbose to see where.",
    "… is a folder, so docent reads no settings from it: give the folder another name.",
    "… can be read by other users of this machine: run `chmod 600 …`.",
    "… was open to other users of this machine: docent made … private.",
    "… has … of another user, which docent left as they are, for example ….",
}

CHUNK = Chunk("1", "docs", "a.md", "file:///a.md", "A", (), 0, "Text.")
PASSAGE = Passage(CHUNK, 1.0, None)
ANSWER = Answer(
    text="Text. [1]",
    citations=(Citation(1, PASSAGE),),
    passages=(PASSAGE,),
    status="answered",
    degraded=(),
    revision="1",
    usage=Usage(1, 1),
    timings=Timings(),
)
REPORT = IngestReport(1, 1, 1, 0, 0, 1, 0, 1.0, "1")
PROBLEM = Problem("llm", "?", datetime(2026, 1, 1, tzinfo=UTC))
STATUS = IndexStatus("docent", None, None, 0, 0, (), None, None, None)

RATED = RatedAnswer(
    Rating("1", "U0", "up"),
    datetime(2026, 1, 1, tzinfo=UTC),
    AnswerRecord("1", MessageKey("T0", "C0", "1.0"), "1.0", "U0", answer=ANSWER),
)


def read_pages(*names: str) -> dict[str, str]:
    """The sections of these pages, by their headings."""
    return {heading: text for name in names for heading, text in sections(DOCS / name).items()}


def printed() -> dict[str, list[str]]:
    """Keys of the JSON, by the heading under which they are documented."""
    answer = json_output.serialise_answer("?", ANSWER, None)
    comparison = json_output.serialise_comparison([Hit(CHUNK, 1.0)], [PASSAGE])
    return {
        "What does `docent ask --json` print?": [*answer, "comparison"],
        "What is in a passage?": [*answer["passages"][0]],
        "What is in a citation?": [*answer["citations"][0]],
        "What is in the usage?": [*answer["usage"]],
        "What is in the timings?": [*answer["timings"]],
        "What is in the comparison?": [*comparison],
        "What does `docent search --json` print?": [
            *json_output.serialise_search("?", [], "", None)
        ],
        "What does `docent index --json` print?": [*REPORT.as_json()],
        "What is in the result of golden questions?": [f.name for f in fields(GoldenResult)],
        "What does `docent index --dry-run --json` print?": [f.name for f in fields(Preview)],
        "What do `docent versions --json` and `docent rollback --json` print?": [
            field.name for field in fields(IndexVersion)
        ],
        "What does `docent status --json` print?": [
            *(STATUS.as_json() | ServiceStatus().as_json())
        ],
        "What is in a problem?": [*ServiceStatus(problems=(PROBLEM,)).as_json()["problems"][0]],
        "What does `docent doctor --json` print?": [field.name for field in fields(CheckResult)],
        "What does `docent feedback --json` print?": [*json_output.serialise_rated_answer(RATED)],
    }


@pytest.mark.parametrize(("heading", "keys"), printed().items())
def test_each_field_of_the_json_is_documented_in_its_order(heading: str, keys: list[str]):
    documented = rows(read_pages("json.md", "json-index.md")[heading])
    assert [row[0].strip("`") for row in documented] == keys


def test_each_degradation_is_documented():
    documented = rows(read_pages("json.md")["What can an answer do without?"])
    assert [row[0].strip("`") for row in documented] == list(get_args(Degradation))


def test_each_command_and_option_is_documented():
    commands = typer.main.get_command(cli.app).commands
    pages = read_pages("cli.md", "cli-index.md")
    documented = {heading for heading in pages if heading.startswith("`docent ")}
    assert documented == {f"`docent {name}`" for name in commands}
    for name, command in commands.items():
        options = {option for parameter in command.params for option in parameter.opts}
        said = pages[f"`docent {name}`"]
        missing = {option for option in options if option.startswith("--") and option not in said}
        assert not missing, name


def raised() -> Iterator[str]:
    """Every sentence that the code gives an error of its own, `…` for each value in it."""
    modules = (rag_core.errors, ingest.errors, bot.errors)
    errors = {name for module in modules for name in vars(module) if name.endswith("Error")}
    # `kind` is one error class or another; an error may also write its own sentence.
    called = errors | {"kind", "__init__"}
    for node in (n for room in ROOMS for path in (ROOT / room).rglob("*.py") for n in walk(path)):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            sentence = template(node.args[0])
            if name in called and sentence:
                yield sentence


def walk(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text()))


def template(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(v.value if isinstance(v, ast.Constant) else "…" for v in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def explained() -> set[str]:
    blocks = [block for page in DOCS.glob("errors*.md") for block in fences(page, "text")]
    return {line for block in blocks for line in block.splitlines()}


def test_each_error_sentence_is_explained():
    assert set(raised()) - NOT_MET - explained() == set()


def test_no_error_sentence_is_explained_that_nobody_says():
    assert explained() - SAID_ELSEWHERE - set(raised()) == set()


# The pages that explain settings.
GUIDES = ("configuration", "sources", "source-limits", "models", "model-servers", "llm", "access")
GUIDES += ("evaluation", "mcp", "discord")


def test_each_setting_is_explained():
    spans = {span for name in GUIDES for span in code_spans(DOCS / f"{name}.md")}
    assert set(settings()) - spans == set()


def examples() -> list[str]:
    blocks = [block for page in PAGES for block in fences(page, "text")]
    return [block for block in blocks if re.match(r"[A-Z_]+=", block)]


# Compose's own, and the variables of `compose.yaml`.
OF_COMPOSE = {"COMPOSE_PROFILES", "POSTGRES_PASSWORD", "REPLICAS", "TARGET"}


@pytest.mark.parametrize("block", examples())
def test_each_example_of_settings_can_be_used(block: str):
    values = dotenv_values(stream=StringIO(block))
    assert set(values) - OF_COMPOSE <= set(settings())
    parse_sources(values.get("DOCENT_SOURCES") or "")
    schedule = IngestSettings.load().sync_schedule
    parse_schedule(values.get("DOCENT_SYNC_SCHEDULE") or schedule, "UTC")


def shown_tree() -> dict[str, str]:
    """The paths of the tree in the architecture's first code block, and what it says of each."""
    block = re.search(r"```text\n(.*?)```", (DOCS / "architecture.md").read_text(), re.DOTALL)
    assert block
    paths: dict[str, str] = {}
    above: list[str] = []
    for line in filter(None, block[1].splitlines()):
        name, _, text = line.strip().partition(" ")
        depth = (len(line) - len(line.lstrip())) // 2
        above = [*above[:depth], name.rstrip("/")]
        paths["/".join(above)] = text.strip()
    return paths


def test_the_architecture_shows_each_package_and_nothing_else():
    there = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in [ROOT / room, *(ROOT / room).rglob("*")]
        if path.is_dir() and (path / "__init__.py").exists()
    }
    # Of the modules, those that stand beside packages.
    for folder in [*ROOMS, "bot/slack", "ingest/sources"]:
        modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).glob("*.py")}
        there |= {module for module in modules if not module.endswith("__init__.py")}
    tree = shown_tree()
    assert set(tree) == there
    assert all(tree.values())


def test_the_glossary_is_short():
    text = (DOCS / "architecture.md").read_text()
    table = text.partition("## Which words does the code use?")[2].partition("\n## ")[0]
    words = re.findall(r"^\| ([a-z, ]+) \|", table, re.MULTILINE)[1:]
    assert 10 <= len(", ".join(words).split(", ")) <= 15


def test_what_slack_is_told_is_quoted_word_for_word():
    text = "".join(page.read_text() for page in PAGES)
    assert answers.NOT_FOUND in text
    assert answers.DEGRADED["llm_failed"] in text


def test_contributing_tells_the_floor_of_the_coverage():
    told = f"a floor of {variable('COVERAGE_FLOOR')} %"
    assert told in (ROOT / "CONTRIBUTING.md").read_text()
