"""The README and the handbook, taken apart for the tests that hold them to the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic.fields import FieldInfo

from bot.settings import BotSettings, LogSettings
from ingest.settings import IngestSettings
from rag_core.settings import RagSettings
from tests.conftest import ROOT

DOCS = ROOT / "docs"
PAGES = [*(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY"))]
PAGES += sorted(DOCS.glob("*.md"))

SETTINGS_CLASSES = (RagSettings, IngestSettings, BotSettings, LogSettings)

_PARSER = MarkdownIt("commonmark").enable("table")


def settings() -> dict[str, FieldInfo]:
    """Every setting by its environment variable; of one that two rooms read, the first."""
    found: dict[str, FieldInfo] = {}
    for room in SETTINGS_CLASSES:
        for name, info in room.model_fields.items():
            found.setdefault(room.get_variable_name(name), info)
    return found


def default(info: FieldInfo) -> str:
    """The default as it is written in `.env`; empty for none."""
    return "" if info.default is None else str(info.default)


def fences(page: Path, *languages: str) -> list[str]:
    """The fenced blocks of these languages."""
    return [t.content for t in _tokens(page) if t.type == "fence" and t.info in languages]


def code_spans(page: Path) -> list[str]:
    """Inline code, tables and headings included."""
    return [token.content for token in _inline(page) if token.type == "code_inline"]


def links(page: Path) -> list[str]:
    """Targets of links."""
    return [str(t.attrs["href"]) for t in _inline(page) if t.type == "link_open"]


def sections(page: Path) -> dict[str, str]:
    """The text below each second-level heading, by the heading as it is written."""
    parts = ("\n" + page.read_text()).split("\n## ")[1:]
    return {heading: body for heading, _, body in (part.partition("\n") for part in parts)}


def variable(name: str) -> str:
    """The value of a variable of the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    return re.findall(rf"^{name} [?:]= (.+)$", makefile, re.MULTILINE)[0]


def newest_version() -> str:
    """The version of the first section of the changelog."""
    return next(iter(sections(ROOT / "CHANGELOG.md")))


def rows(text: str) -> list[tuple[str, ...]]:
    """The cells of the tables in a text, their heads and rules left out."""
    found: list[tuple[str, ...]] = []
    for line in text.splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        if line.startswith("|---"):
            found.pop()  # what stands above the rule is the head
        elif line.startswith("|"):
            found.append(cells)
    return found


def _tokens(page: Path) -> list[Token]:
    return _PARSER.parse(page.read_text())


def _inline(page: Path) -> Iterator[Token]:
    for token in _tokens(page):
        yield from token.children or []
