"""The reader of the parts that `ingest.formats.openapi.splitting` makes of a description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from ingest.documents import (
    Block,
    Document,
    Page,
    PageError,
    Section,
    build_document,
    translate_parser_errors,
)
from ingest.formats.markdown import build_markdown_document
from ingest.formats.openapi.bodies import MAX_EXAMPLE, BodyReader
from ingest.formats.openapi.operations import OperationReader, list_servers
from ingest.formats.openapi.schemas import MAX_ROWS, SchemaReader
from ingest.formats.openapi.security import list_scheme_lines
from ingest.formats.openapi.values import (
    Fields,
    format_code,
    get_fields,
    get_items,
    get_line,
    get_text,
)
from ingest.formats.tables import flatten_cell

MAX_OPERATIONS = 2_000
"""Most operations of a page."""

_KEPT_TEXTS = 5_000


def read_openapi(page: Page) -> Document:
    """Read a part of a description of an API.

    Raises:
        PageError: the page is no such part, or too large.
    """
    with translate_parser_errors("a description of an API"):
        loaded = json.loads(page.data)
        head, references = get_fields(loaded, "head"), get_fields(loaded, "references")
        if not head:
            raise PageError("is not a part of a description of an API")
        reader = _PartReader(page, head, references)
        sections = tuple(reader.list_sections())
    title = get_line(head, "title") or page.stem
    return build_document(page, title, sections, notes=tuple(reader.list_notes()))


class _PartReader:
    """Reads one part."""

    def __init__(self, page: Page, head: Fields, references: Fields) -> None:
        # The headings of descriptions get no anchors: where the API is shown is not known.
        self._page = replace(page, path=f"{page.path}.md", media_type="", anchors="none")
        self._head = head
        self._shared = get_fields(head, "shared")
        self._schemas = SchemaReader(references)
        self._read_markdown = lru_cache(_KEPT_TEXTS)(self._parse)
        self._bodies = BodyReader(self._schemas, self._render_cell)
        self._operations = OperationReader(
            self._shared, self._schemas, self._bodies, self._render_text, self._render_cell
        )

    def list_sections(self) -> Iterator[Section]:
        """Yield the sections: the API or tag, its operations."""
        is_api = self._head.get("is_api") is True
        if is_api and (facts := tuple(self._list_facts())):
            yield Section((), "", facts)
        yield from self._read_markdown(get_text(self._head, "description"))
        if is_api and (schemes := tuple(self._list_schemes())):
            yield Section(("Authentication",), "", schemes)
        for entry in get_items(self._head, "operations")[:MAX_OPERATIONS]:
            if isinstance(entry, dict):
                yield self._operations.build_section(entry)

    def list_notes(self) -> Iterator[str]:
        """Yield what was left out."""
        more = len(get_items(self._head, "operations")) - MAX_OPERATIONS
        if more > 0:
            yield f"has more than {MAX_OPERATIONS:,} operations; {more:,} are left out"
        if self._bodies.cut:
            yield f"has bodies with more than {MAX_ROWS} properties; the rest is left out"
        if self._bodies.long_examples:
            yield f"has examples of more than {MAX_EXAMPLE:,} characters; left out"

    def _list_facts(self) -> Iterator[Block]:
        version, servers = get_line(self._head, "version"), list_servers(self._shared)
        if version and (servers or get_line(self._head, "description")):
            yield Block("paragraph", f"{get_line(self._head, 'title')}, version {version}")
        if servers:
            yield Block("paragraph", f"Base URL: {', '.join(map(format_code, servers))}")

    def _list_schemes(self) -> Iterator[Block]:
        for name, written in list(get_fields(self._shared, "securitySchemes").items())[:100]:
            first, *lines = list_scheme_lines(name, self._schemas.find_target(written))
            yield Block("paragraph", first)
            for line in lines:
                yield from self._render_text(line)

    def _parse(self, text: str) -> tuple[Section, ...]:
        return build_markdown_document(self._page, text).sections if text else ()

    def _render_text(self, text: str) -> tuple[Block, ...]:
        """Return the blocks of Markdown, its headings in bold."""
        blocks: list[Block] = []
        for section in self._read_markdown(text):
            if section.headings:
                blocks.append(Block("paragraph", f"**{section.headings[-1]}**"))
            blocks += section.blocks
        return tuple(blocks)

    def _render_cell(self, text: str) -> str:
        is_plain = "<" not in text and "\n" not in text and "[" not in text
        if is_plain:
            return flatten_cell(text)
        return flatten_cell("\n".join(block.text for block in self._render_text(text)))
