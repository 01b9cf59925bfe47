"""Near-empty text: a single word or links alone, which joins what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, takewhile

from ingest.documents import Block, Section

MOST_LOOKED_AT = 4_000
"""Characters; a longer text is a list in which people look things up."""

_FEW = 1  # words
_BEGINNING = 400  # characters, in which a text without links has its words
# Each repetition is possessive: no letter is read twice, even of marks that are left open.
_IMAGE = re.compile(r"!\[[^\[\]]*+\]\([^()\n]*+\)")
_LINK = re.compile(
    r"\[[^\[\]]*+\]\([^()\n]*+(?:\([^()\n]*+\)[^()\n]*+)*+\)|<?\b\w++://[^\s<>|]++>?"
)
_MARKS = re.compile(
    r"^[ \t>]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++)*+(?:`{3,}+[^\n]*+|~{3,}+[^\n]*+)?", re.MULTILINE
)
# Two signs of Chinese, Japanese or Korean are about a word.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{1,2}|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
)
_ENDS = tuple(".:!?…。：！？")  # noqa: RUF001  (Chinese and Japanese)


def is_near_empty(text: str) -> bool:
    """Return whether a text is a single word or links alone."""
    if len(text) > MOST_LOOKED_AT:
        return False
    if "](" not in text and "://" not in text:
        text = text[:_BEGINNING]
    plain = _LINK.sub(" ", _IMAGE.sub(" ", _MARKS.sub("", text)))
    return sum(1 for _ in islice(_WORD.finditer(plain), _FEW + 1)) <= _FEW


@dataclass(frozen=True, slots=True)
class SectionGroup:
    """A section, and the near-empty ones that join it.

    Attributes:
        section: the section that gives the heading path and the anchor.
        above: near-empty sections above it.
        below: near-empty sections below it.
    """

    section: Section
    above: tuple[Section, ...] = ()
    below: tuple[Section, ...] = ()

    @property
    def before(self) -> list[Block]:
        """The blocks of the sections above it, each under its headings."""
        blocks = [block for above in self.above for block in _label_blocks(above, self.section)]
        if any(_name_section(above, self.section) for above in self.above):
            # Else the text of this section would look as if it stood under the other heading.
            blocks.append(_build_label(self.section.headings[-1:]))
        return blocks

    @property
    def after(self) -> list[Block]:
        """The blocks of the sections below it, each under its headings."""
        return [block for below in self.below for block in _label_blocks(below, self.section)]

    @property
    def sections(self) -> tuple[Section, ...]:
        """All of them, in the order of the page."""
        return (*self.above, self.section, *self.below)

    @property
    def is_near_empty(self) -> bool:
        """True if all of it together is near-empty."""
        return _is_near_empty([*self.before, *self.section.blocks, *self.after])


def group_sections(sections: Iterable[Section]) -> Iterator[SectionGroup]:
    """Yield the sections with text, near-empty ones joined to a neighbour.

    A near-empty section joins the first one below it, else the neighbour that shares more of its
    headings. If a page has nothing else, it stays.
    """
    with_text = [section for section in sections if section.blocks]
    last: SectionGroup | None = None
    waiting: list[Section] = []
    for number, section in enumerate(with_text):
        following = with_text[number + 1] if number + 1 < len(with_text) else None
        if not _is_near_empty(section.blocks):
            if last is not None and last.is_near_empty:  # the first of the page
                waiting, last = [*last.sections, *waiting], None
            if last is not None:
                yield last
            last, waiting = SectionGroup(section, above=tuple(waiting)), []
        elif following is not None and _is_part_of_next(section, last, following):
            waiting.append(section)
        elif last is None:
            last, waiting = SectionGroup(section, above=tuple(waiting)), []
        else:
            last, waiting = replace(last, below=(*last.below, *waiting, section)), []
    if last is not None:
        yield last


def _is_near_empty(blocks: Sequence[Block]) -> bool:
    length = 0
    for block in blocks:
        length += len(block.text) + 1
        if length > MOST_LOOKED_AT:
            return False
    return is_near_empty("\n".join(block.text for block in blocks))


def _is_part_of_next(section: Section, last: SectionGroup | None, following: Section) -> bool:
    shared = _count_shared(section, following)
    if shared == len(section.headings) < len(following.headings):
        return True
    return last is not None and shared > _count_shared(section, last.section)


def _count_shared(one: Section, other: Section) -> int:
    pairs = zip(one.headings, other.headings, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _label_blocks(section: Section, host: Section) -> Iterator[Block]:
    if names := _name_section(section, host):
        yield _build_label(names)
    yield from section.blocks


def _name_section(section: Section, host: Section) -> tuple[str, ...]:
    """Return the headings of a section that its host lacks."""
    return section.headings[_count_shared(section, host) :]


def _build_label(headings: Sequence[str]) -> Block:
    text = " > ".join(headings)
    return Block("paragraph", text if text.endswith(_ENDS) else f"{text}:")
