"""What the README and the handbook say can be typed and clicked, can be typed and clicked."""

from __future__ import annotations

import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import pytest
import typer
from markdown_it.common.utils import unescapeAll

from bot import cli
from bot.texts import answers
from ingest.documents import Page
from ingest.formats.markdown import read_markdown
from tests.conftest import ROOT
from tests.handbook import PAGES, code_spans, fences, links, rows, sections, settings

README = ROOT / "README.md"
EVERYWHERE = {"--help", "--verbose"}

_ASSIGNMENT = re.compile(r"[A-Z_]+=")


def group() -> typer.core.TyperGroup:
    found = typer.main.get_command(cli.app)
    assert isinstance(found, typer.core.TyperGroup)
    return found


def typed(program: str) -> list[str]:
    """Every line of a shell block that calls `program`, settings in front of it left out."""
    lines = [line for page in PAGES for block in fences(page, "bash") for line in block.split("\n")]
    commands = [shlex.split(line, comments=True) for line in lines]
    for words in commands:
        while words and _ASSIGNMENT.match(words[0]):
            del words[0]
    found = {shlex.join(words) for words in commands if words and words[0] == program}
    assert found
    return sorted(found)


def mentioned(program: str) -> list[str]:
    spans = {span for page in PAGES for span in code_spans(page)}
    return sorted(span for span in spans if span.startswith(f"{program} "))


@pytest.mark.parametrize("line", typed("docent"))
def test_docent_takes_every_command_that_is_shown(line: str):
    _, name, *words = shlex.split(line)
    command = group().commands[name]
    command.make_context(name, [word for word in words if word not in EVERYWHERE])


@pytest.mark.parametrize("span", mentioned("docent"))
def test_docent_has_every_command_and_option_that_is_mentioned(span: str):
    _, *words = shlex.split(span)
    command = group() if words[0].startswith("--") else group().commands[words[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known | EVERYWHERE


@pytest.mark.parametrize("line", sorted({*typed("make"), *mentioned("make")}))
def test_make_has_every_target_that_is_shown(line: str):
    command = ["make", "--dry-run", *shlex.split(line)[1:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_slack_has_every_slash_command_that_is_mentioned():
    spans = {span for page in PAGES for span in code_spans(page)}
    commands = {span for span in spans if span.startswith("/docent ")}
    assert commands
    assert all(f"`{command}`" in answers.HELP for command in commands)


@cache
def anchors(page: Path) -> set[str]:
    document = read_markdown(Page("docs", page.name, "", page.read_bytes()))
    return {section.anchor for section in document.sections}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path):
    for link in links(page):
        path, _, anchor = link.partition("#")
        if ":" in path:
            continue
        target = (page.parent / unescapeAll(path)).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_settings_that_it_shows_exist():
    shown = {span for row in rows(sections(README)["Put it into Slack"]) for span in row[:1]}
    named = {name for cell in shown for name in re.findall(r"`([A-Z_]+)`", cell)}
    assert named
    assert named <= set(settings())


def test_the_two_commands_stand_in_the_readme():
    (first, *_) = fences(README, "bash")
    assert first.split("\n")[:2] == ["make demo", "make test"]
