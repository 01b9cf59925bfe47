"""Lines of AsciiDoc that say something of the page, or of the block below them."""

from __future__ import annotations

from ingest.formats.asciidoc.attributes import Attributes
from ingest.formats.asciidoc.lines import (
    ANCHOR,
    ATTRIBUTES,
    ENTRY,
    TITLE,
    BlockAttributes,
    Cursor,
    is_delimiter,
)


def read_entry(cursor: Cursor, attributes: Attributes) -> bool:
    """Read lines that set an attribute; return whether they do."""
    line = cursor.line or ""
    if not ENTRY.match(line):
        return False
    cursor.take()
    while line.endswith("\\") and cursor.line is not None and len(line) < 10_000:
        line = f"{line[:-1].rstrip().removesuffix(' +')} {cursor.take().strip()}"
    return attributes.read_entry(line)


def read_metadata(cursor: Cursor, above: BlockAttributes, attributes: Attributes) -> bool:
    """Read a line above a block.

    Args:
        cursor: the place of the line.
        above: gets what the line says.
        attributes: the attributes of the page.

    Returns:
        whether it was such a line.
    """
    line = cursor.line or ""
    if anchor := ANCHOR.match(line):
        above.name, above.reference = anchor[1], anchor[2] or ""
    elif given := ATTRIBUTES.match(line):
        above.read(attributes.expand(given[1]))
    elif line.startswith(".") and not is_delimiter(line) and (title := TITLE.match(line)):
        above.title = title[1]
    else:
        return False
    cursor.take()
    return True
