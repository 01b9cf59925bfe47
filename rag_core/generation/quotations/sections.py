"""Sections of pages: the chunks under one heading, put together again as blocks."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rag_core.generation.quotations.markdown_blocks import (
    Block,
    has_open_end,
    has_title_form,
    split_blocks,
)
from rag_core.types import Chunk, PageKey

MAX_TABLE = 1_500
"""Characters up to which the parts of a divided table are joined again."""

_ANCHOR = re.compile(r"\s*\{:?\s*[#.][^{}]*\}\s*$")
_SHORT = 400  # characters of a section that introduces those below it
_ROW = re.compile(r"\s*\|[^\n]*\|\s*(?:\n|\Z)")
_ENDS_OPEN = re.compile(r"[\w,;(]$")


@dataclass(frozen=True, slots=True)
class Section:
    """A section, or a section with those below it.

    Attributes:
        page: source and path of its page.
        headings: the headings above its text, the outermost first.
        title: the page's title.
        blocks: its text; headings of sections below it are blocks too.
    """

    page: PageKey
    headings: tuple[str, ...]
    title: str
    blocks: tuple[Block, ...]

    @property
    def label(self) -> str:
        """The heading, or the page's title if there is none; '' without either."""
        return clean_heading(self.headings[-1] if self.headings else self.title)

    @property
    def size(self) -> int:
        """Characters of the text."""
        return sum(len(block.text) + len(block.glue) for block in self.blocks)

    @property
    def heading_path(self) -> str:
        """Title and headings joined by ' > ', as in a chunk."""
        headings = self.headings[1:] if self.headings[:1] == (self.title,) else self.headings
        return " > ".join(filter(None, (self.title, *headings)))

    def has_chunk(self, chunk: Chunk) -> bool:
        """Return True if the chunk's text is part of it."""
        positions = {block.position for block in self.blocks}
        return chunk.page_key == self.page and chunk.position in positions

    def is_below(self, headings: Sequence[str]) -> bool:
        """Return True for a section of, or below, these headings."""
        return self.headings[: len(headings)] == tuple(headings)


def clean_heading(heading: str) -> str:
    """Return a heading without the anchor that is written behind it."""
    return _ANCHOR.sub("", heading).strip()


def build_sections(chunks: Iterable[Chunk]) -> list[Section]:
    """Build the sections of some pages from their chunks.

    Neighbouring chunks under the same headings are one section. What was divided between them, a
    table, a list or a sentence, is joined again; a table without head or rows is left out.
    """
    ordered = sorted(set(chunks), key=lambda chunk: (chunk.page_key, chunk.position))
    # The difference is equal for chunks without a gap between them.
    keyed = [
        ((chunk.page_key, chunk.headings, chunk.position - number), chunk)
        for number, chunk in enumerate(ordered)
    ]
    groups = itertools.groupby(keyed, key=lambda pair: pair[0])
    return [_build_section([chunk for _, chunk in group]) for _, group in groups]


def _build_section(chunks: Sequence[Chunk]) -> Section:
    first, blocks = chunks[0], list[Block]()
    for chunk in chunks:
        new = split_blocks(chunk.text, chunk.position)
        if blocks and new and (joined := _join_divided(blocks[-1], new[0])):
            blocks[-1:] = joined
            del new[0]
        blocks += new
    whole = tuple(block for block in blocks if not _is_torn(block))
    return Section(first.page_key, first.headings, first.title, whole)


def _join_divided(last: Block, block: Block) -> list[Block]:
    """Join blocks of two chunks that were one; else return nothing."""
    if last.kind == block.kind == "item":
        return [last, replace(block, glue="\n")]
    if last.kind == block.kind == "paragraph" and _is_row(block) and _is_row(last):
        return [replace(last, text=f"{last.text}\n{block.text}")]
    if last.kind == block.kind == "paragraph" and _ENDS_OPEN.search(last.text):
        is_rest = block.text[:1].islower()
        return [replace(last, text=f"{last.text} {block.text}")] if is_rest else []
    is_head = last.text.count("\n") < 2
    if last.kind == "table" and (is_head or len(last.text) + len(block.text) <= MAX_TABLE):
        rows = block.text if _is_row(block) else _take_rows(last.text, block)
        return [replace(last, text=f"{last.text}\n{rows}")] if rows else []
    return []


def _is_row(block: Block) -> bool:
    """Return True for rows of a table whose head is missing."""
    return block.kind == "paragraph" and bool(_ROW.match(block.text))


def _is_torn(block: Block) -> bool:
    return _is_row(block) or (block.kind == "table" and block.text.count("\n") < 2)


def _take_rows(table: str, block: Block) -> str:
    """Return the rows of a table that continues another; else ''."""
    head, lines = table.split("\n")[:2], block.text.split("\n")
    return "\n".join(lines[2:]) if block.kind == "table" and lines[:2] == head else ""


def find_section(
    chunk: Chunk, sections: Sequence[Section], found: Sequence[Chunk], *, limit: int
) -> Section | None:
    """Find the section to read for a chunk.

    It is the chunk's own; with the sections below it, if it only leads to them; or the section
    above it, if that is short and another chunk that was found is part of it.

    Args:
        chunk: the chunk.
        sections: of its page and others, in order.
        found: all chunks that were found.
        limit: characters of a short section.

    Returns:
        The section; None if nothing of the chunk's text is left.
    """
    own = next((at for at, section in enumerate(sections) if section.has_chunk(chunk)), None)
    if own is None:
        return None
    section = sections[own]
    for depth in reversed(range(len(section.headings))):
        family = _list_family(sections, own, section.headings[:depth])
        if sum(any(map(each.has_chunk, found)) for each in family) > 1:
            joined = _join_family(family, section.headings[:depth])
            if joined.size <= limit:
                return joined
            break
    last = section.blocks[-1]
    below = _list_family(sections, own, section.headings)
    is_alone = sum(any(map(each.has_chunk, found)) for each in below) == 1
    if is_alone and (section.size <= _SHORT or has_open_end(last) or has_title_form(last)):
        return _join_family(below, section.headings)
    return section


def _list_family(
    sections: Sequence[Section], own: int, headings: Sequence[str]
) -> Sequence[Section]:
    """List a section and its neighbours below some headings."""

    def is_below(at: int) -> bool:
        section = sections[at]
        return section.page == sections[own].page and section.is_below(headings)

    first = last = own
    while first > 0 and is_below(first - 1):
        first -= 1
    while last + 1 < len(sections) and is_below(last + 1):
        last += 1
    return sections[first : last + 1]


def _join_family(sections: Sequence[Section], headings: Sequence[str]) -> Section:
    """Join a section with those below it, which follow their headings."""
    first = sections[0]
    joined = Section(first.page, tuple(headings), first.title, ())
    blocks: list[Block] = []
    for section in sections:
        if section.label != joined.label and section.blocks:
            position = section.blocks[0].position
            blocks.append(Block("heading", f"**{section.label}**", position))
        blocks += section.blocks
    return replace(joined, blocks=tuple(blocks))
