"""Frames between docent and the process that reads pages: JSON, with a length before each."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, BinaryIO

from ingest.documents import Block, Document, Page, PageError, Section, build_document

LENGTH = struct.Struct(">Q")
"""The number of bytes that follow."""

MAX_REPLY_BYTES = 256 * 2**20
"""Most bytes of a document: what a reader makes of the largest page is smaller."""

_PAGE_FIELDS = [field.name for field in fields(Page) if field.name != "data"]


def write_frame(stream: BinaryIO, payload: bytes) -> None:
    """Write a frame and flush it."""
    stream.write(LENGTH.pack(len(payload)))
    stream.write(payload)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """Read a frame; return None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    payload = stream.read(size)
    return payload if len(payload) == size else None


def serialise_page(page: Page) -> bytes:
    """Return a page as a line of JSON, followed by its data."""
    head = {name: getattr(page, name) for name in _PAGE_FIELDS}
    return json.dumps(head).encode() + b"\n" + page.data


def parse_page(payload: bytes) -> Page:
    """Parse a page of `serialise_page`."""
    head, _, data = payload.partition(b"\n")
    return Page(data=data, **json.loads(head))


def serialise_outcome(outcome: Document | PageError) -> bytes:
    """Return a document, or the sentence of an error, as JSON."""
    if isinstance(outcome, PageError):
        return json.dumps({"error": str(outcome)}).encode()
    sections = [
        [section.headings, section.anchor, [_serialise_block(block) for block in section.blocks]]
        for section in outcome.sections
    ]
    return json.dumps({"title": outcome.title, "sections": sections}).encode()


def parse_outcome(payload: bytes, page: Page) -> Document | PageError:
    """Parse an outcome of `serialise_outcome`.

    Path, address and hash are those of the page, not those that the reply may name.

    Raises:
        ValueError: the payload is no outcome.
    """
    try:
        reply: Mapping[str, Any] = json.loads(payload)
        if "error" in reply:
            return PageError(str(reply["error"]))
        sections = [
            Section(tuple(map(str, headings)), str(anchor), tuple(map(_parse_block, blocks)))
            for headings, anchor, blocks in reply["sections"]
        ]
        return build_document(page, str(reply["title"]), sections)
    except (TypeError, LookupError, RecursionError) as error:
        raise ValueError("not an outcome") from error


def _serialise_block(block: Block) -> list[Any]:
    return [
        block.kind,
        block.text,
        [_serialise_block(p) for p in block.parts],
        block.head,
        block.tail,
    ]


def _parse_block(packed: list[Any]) -> Block:
    kind, text, parts, head, tail = packed
    # The kind only chooses how a block is divided, so another one does no harm.
    return Block(kind, str(text), tuple(map(_parse_block, parts)), str(head), str(tail))
