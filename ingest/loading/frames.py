"""Frames between docent and the process that reads pages: JSON, with a length before each."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, BinaryIO

from ingest.documents import Page, PageError
from ingest.loading.chunker import Chunker, assign_ids
from ingest.loading.outline import NO_OUTLINE, Outline, parse_outline
from rag_core.types import Chunk

LENGTH = struct.Struct(">Q")
"""The number of bytes that follow."""

MAX_REPLY_BYTES = 256 * 2**20
"""Most bytes of a reply: the chunks of the largest page are smaller."""

MAX_NOTES = 50
"""Most notes of a page."""

_MAX_NOTE = 500  # characters


class PageChunks(list[Chunk]):
    """The chunks of a page that was read.

    Args:
        chunks: in their order.
        notes: what was left out of them, and why; each continues a line of the report that names
            the page.
        outline: the outline of the page; empty if the chunker does not keep it.
    """

    def __init__(
        self,
        chunks: Iterable[Chunk] = (),
        notes: Sequence[str] = (),
        outline: Outline = NO_OUTLINE,
    ) -> None:
        super().__init__(chunks)
        self.notes = tuple(notes)
        self.outline = outline


Outcome = PageChunks | PageError
"""The chunks of a page, or the reason why there are none."""


class TextsToCount(list[str]):
    """Texts whose tokens the process asks for."""


_NOT_PLAIN = {"content", "links", "link_titles"}
_PAGE_FIELDS = [field.name for field in fields(Page) if field.name not in _NOT_PLAIN]


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
    links = {"links": dict(page.links.items()), "link_titles": dict(page.link_titles.items())}
    head = {name: getattr(page, name) for name in _PAGE_FIELDS} | links
    return json.dumps(head).encode() + b"\n" + page.data


def parse_page(payload: bytes) -> Page:
    """Parse a page of `serialise_page`."""
    head, _, data = payload.partition(b"\n")
    return Page(content=data, **json.loads(head))


def serialise_chunker(chunker: Chunker) -> bytes:
    """Return the settings of a chunker, without its tokenizer, as JSON."""
    settings = [chunker.tokenizer.max_tokens, chunker.budget, chunker.keeps_outline]
    return json.dumps(settings).encode()


def parse_chunker(payload: bytes) -> tuple[int, int, bool]:
    """Parse the longest input, the budget and the rest of `serialise_chunker`."""
    max_tokens, budget, keeps_outline = json.loads(payload)
    return max_tokens, budget, keeps_outline


def serialise_texts(texts: Sequence[str]) -> bytes:
    """Return texts whose tokens shall be counted as JSON."""
    return json.dumps({"count": texts}).encode()


def serialise_counts(counts: Sequence[int]) -> bytes:
    """Return the tokens of texts as JSON."""
    return json.dumps(counts).encode()


def parse_counts(payload: bytes) -> list[int]:
    """Parse the tokens of `serialise_counts`."""
    counts: list[int] = json.loads(payload)
    return counts


def serialise_outcome(outcome: Outcome, page: Page) -> bytes:
    """Return the chunks of a page, or an error, as JSON."""
    if isinstance(outcome, PageError):
        return json.dumps({"error": str(outcome)}).encode()
    title = outcome[0].title if outcome else ""
    chunks = [[chunk.headings, chunk.url.removeprefix(page.url), chunk.text] for chunk in outcome]
    notes = [note[:_MAX_NOTE] for note in outcome.notes[:MAX_NOTES]]
    reply: dict[str, Any] = {"title": title, "chunks": chunks, "notes": notes}
    if outcome.outline is not NO_OUTLINE:
        reply["outline"] = asdict(outcome.outline)
    return json.dumps(reply).encode()


def parse_reply(payload: bytes, page: Page) -> Outcome | TextsToCount:
    """Parse an outcome of `serialise_outcome`, or texts of `serialise_texts`.

    Source, path and address are those of the page, not those that the reply may name.

    Raises:
        ValueError: the payload is neither.
    """
    try:
        reply: Mapping[str, Any] = json.loads(payload)
        if "count" in reply:
            return TextsToCount(map(str, reply["count"]))
        if "error" in reply:
            return PageError(str(reply["error"]))
        chunks = assign_ids(_parse_chunks(reply["chunks"], str(reply["title"]), page))
        notes = [str(note)[:_MAX_NOTE] for note in reply["notes"][:MAX_NOTES]]
        return PageChunks(chunks, notes, parse_outline(reply.get("outline")))
    except (TypeError, LookupError, RecursionError) as error:
        raise ValueError("not a reply") from error


def _parse_chunks(rows: Sequence[Any], title: str, page: Page) -> Iterator[Chunk]:
    known: dict[tuple[str, ...], tuple[str, ...]] = {}  # chunks of a section share its headings
    for position, (headings, fragment, text) in enumerate(rows):
        path = tuple(map(str, headings))
        yield Chunk(
            id="",
            source=page.source,
            path=page.path,
            url=page.url + fragment if str(fragment).startswith("#") else page.url,
            title=title,
            headings=known.setdefault(path, path),
            position=position,
            text=str(text),
            version=page.version,
            language=page.language,
        )
