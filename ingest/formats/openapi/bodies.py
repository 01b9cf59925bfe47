"""Bodies of requests and responses: their properties as a table, and their examples as code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from ingest.documents import Block
from ingest.formats.openapi.schemas import MAX_ROWS, Direction, SchemaReader
from ingest.formats.openapi.tables import build_property_table
from ingest.formats.openapi.values import Fields, format_code, get_fields, get_items, get_line
from ingest.formats.structure import fence_code

MAX_EXAMPLE = 8_000
"""Characters of an example; a longer one is left out."""

_MAX_EXAMPLES = 3
_MAX_MEDIA_TYPES = 10


class BodyReader:
    """Reads the bodies of a page.

    Args:
        schemas: reads schemas.
        render_cell: renders descriptions for a table.
    """

    def __init__(self, schemas: SchemaReader, render_cell: Callable[[str], str]) -> None:
        self._schemas = schemas
        self._render_cell = render_cell
        self.cut = 0
        """Number of bodies with more than `MAX_ROWS` properties."""
        self.long_examples = 0
        """Number of examples that were left out."""

    def list_blocks(self, body: Fields, direction: Direction) -> Iterator[Block]:
        """Yield the blocks of a body; types with one schema share them."""
        content = get_fields(body, "content")
        by_schema: dict[str, list[str]] = {}
        for kind in list(content)[:_MAX_MEDIA_TYPES]:
            schema = content[kind].get("schema") if isinstance(content[kind], dict) else None
            by_schema.setdefault(json.dumps(schema, sort_keys=True), []).append(kind)
        for kinds in by_schema.values():
            media = content[kinds[0]]
            yield from self._list_schema_blocks(kinds, media, direction)
            for kind in kinds:
                yield from self._list_examples(kind, content[kind])

    def _list_schema_blocks(
        self, kinds: list[str], media: object, direction: Direction
    ) -> Iterator[Block]:
        named = ", ".join(map(format_code, kinds))
        written = media.get("schema") if isinstance(media, dict) else None
        if not isinstance(written, dict) or not written:
            yield Block("paragraph", f"Content type: {named}.")
            return
        schema = self._schemas.resolve(written)
        rows = self._schemas.list_properties(schema, direction)
        self.cut += len(rows) == MAX_ROWS
        about = self._schemas.describe_property("", schema, is_required=False)
        sentences = [f"Content type: {named}. Type: {about.type}."]
        if about.values:
            sentences.append(f"Values: {about.values}.")
        if about.description:
            sentences.append(self._render_cell(about.description))
        yield Block("paragraph", " ".join(sentences))
        if rows:
            yield build_property_table(rows, (), self._render_cell)

    def _list_examples(self, kind: str, media: object) -> Iterator[Block]:
        for title, value in list(self._find_examples(media))[:_MAX_EXAMPLES]:
            is_json = not isinstance(value, str)
            text = json.dumps(value, indent=2, ensure_ascii=False) if is_json else value
            text = text.replace("\0", "").encode(errors="replace").decode().strip("\n")
            if len(text) > MAX_EXAMPLE:
                self.long_examples += 1
            elif text.strip():
                yield Block("paragraph", f"Example: {title}" if title else "Example:")
                lines = fence_code(text, "json" if is_json or "json" in kind else "")
                fence = lines.strip("\n")
                head, *_, tail = fence.split("\n")
                yield Block("fence", fence, head=head, tail=tail)

    def _find_examples(self, media: object) -> Iterator[tuple[str, Any]]:
        if not isinstance(media, dict):
            return
        if "example" in media:
            yield "", media["example"]
            return
        for name, written in get_fields(media, "examples").items():
            example = self._schemas.find_target(written)
            if isinstance(example, dict) and "value" in example:
                yield get_line(example, "summary") or name, example["value"]
        if get_fields(media, "examples"):
            return
        fields = self._schemas.resolve(media.get("schema")).fields
        examples = get_items(fields, "examples")
        for value in [fields["example"]] if "example" in fields else examples:
            if isinstance(value, dict | list):
                yield "", value
