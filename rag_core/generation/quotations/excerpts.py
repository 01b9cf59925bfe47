"""Excerpts of a section: what belongs together stays together, and no end is left open."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rag_core.generation.quotations.markdown_blocks import (
    Block,
    drop_missing,
    has_closed_end,
    has_open_end,
    has_title_end,
    has_title_form,
    is_title,
    mark_titles,
    measure_words,
    shorten_block,
)
from rag_core.generation.quotations.variants import choose_variants
from rag_core.generation.text.prose import SENTENCE_END

MAX_LIST = 1_200
"""Characters up to which a list is not divided."""

MAX_BLOCK = 6_000
"""Characters up to which a block is quoted whole, which leaves room for what is said about it."""

_POINTER = re.compile(
    r"(?:(?:please|also|then|and|but)[, ]+)*(?:"
    r"for (?:\w+[ -]){0,3}(?:information|details?|instructions|examples?|explanation|guidance)\b"
    r"|to (?:learn|know|see|read|find out|understand) (?:\w+ )?(?:more|about|how|further)"
    r"|to [^.:]{1,100}[, ](?:please )?(?:see|read|refer to|check|visit|consult|go to|head to) "
    r"|(?:see|refer to|check(?: out)?|visit|consult|read|follow|view|browse|go to|learn)\b"
    r"(?=.*(?:\]\(|\b(?:more|details?|guide|page|section|docs?|documentation|tutorial|example"
    r"|reference|above|below|for|to|instructions|here|this)\b))"
    r"|(?:more|further|additional|detailed) (?:information|details?|examples?)\b"
    r"|(?:this|the following|in this|the next|on this) (?:\w+[ -]){0,2}(?:guide|page|topic|section"
    r"|tutorial|document|article|chapter|example|notebook|doc|reference)s?\b[^.]{0,30}?"
    r"\b(?:explain|describe|show|introduce|cover|provide|demonstrate|discuss|walk|list|outline"
    r"|will|you|we|is (?:about|for|meant|intended)|contain|document|detail|go|help|explore|present"
    r"|include|give|learn)"
    r"|siehe\b|weitere informationen|mehr (?:dazu|informationen)|см\.|подробнее|см\b"
    r"|请参(?:阅|考|见)|详(?:见|情)|参见|更多信息|詳細は|を参照"
    r")",
    re.IGNORECASE,
)
_WRONG = re.compile(
    r"\b(?:instead of|don['\u2019]?t|do not|deprecated|no longer|not recommended|discouraged|wrong"
    r"|incorrect|anti-?pattern|avoid (?:this|these|that|the following|it))\b"
    r"|\bavoid\W*\Z|(?:nicht empfohlen|veraltet|vermeide|не рекомендуется|устарел)"
    r"|\u4e0d\u63a8\u8350|\u5df2\u5f03\u7528|\u975e\u63a8\u5968|\u907f\u514d\W*\Z"
    # A cross, or a short label such as "Bad example:"
    r"|[\u2717\u2718\u274c\u274e\U0001f6ab\U0001f44e]"
    r"|\A\W*(?:bad|worse|before|old|not|never|schlecht|falsch|vorher|плохо|неправильно|до|раньше"
    r"|\u9519\u8bef|\u60aa\u3044)\b(?: \w+){0,2}\W*[:\uff1a]\W*\Z",
    re.IGNORECASE,
)
_SENTENCE_WORDS = 4
# Chinese, Japanese, Thai and its neighbours have no spaces: each character counts as a word.
_WORD = re.compile(
    r"[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[\w+#.]*[\w+#]"
)


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks that are quoted together or not at all."""

    blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        """The Markdown of its blocks."""
        return join_blocks(self.blocks)

    @property
    def size(self) -> int:
        """Characters of its text."""
        return sum(len(block.text) + len(block.glue) for block in self.blocks)

    @property
    def positions(self) -> frozenset[int]:
        """Places of the chunks that its text is from."""
        return frozenset(block.position for block in self.blocks)

    @property
    def is_pointer(self) -> bool:
        """True if all of it says where to read, and not what."""
        text = [block for block in self.blocks if not is_title(block)]
        return bool(text) and all(is_pointer(block) for block in text)

    @property
    def has_code(self) -> bool:
        """True if code or a table is part of it."""
        return any(block.is_code for block in self.blocks)

    @property
    def is_bare(self) -> bool:
        """True for code and tables without a sentence, and for what reads like titles alone."""
        if not self.has_code:
            return not any(
                has_sentence(block) or not has_title_form(block) for block in self.blocks
            )
        return not any(has_sentence(block) for block in self.blocks)


def trim_code(blocks: Sequence[Block], budget: int) -> tuple[Block, ...]:
    """Trim code and tables at the end that exceed the budget.

    The first of them stays, but no block is longer than `MAX_BLOCK`.

    Args:
        blocks: of one group.
        budget: characters.

    Returns:
        The blocks that are left.
    """
    kept = list(blocks)
    while (
        Group(tuple(kept)).size > budget
        and kept[-1].is_code
        and any(block.is_code for block in kept[:-1])
    ):
        kept.pop()
    return tuple(shorten_block(block, MAX_BLOCK) for block in kept)


def join_blocks(blocks: Sequence[Block]) -> str:
    """Join blocks to Markdown, as they stood below each other."""
    return "".join(
        block.text if number == 0 else block.glue + block.text
        for number, block in enumerate(blocks)
    )


def is_pointer(block: Block) -> bool:
    """Return True for text that only says where to read on."""
    if block.is_code or block.kind == "heading":
        return False
    sentences = [part for part in SENTENCE_END.split(block.text) if measure_words(part)]
    return block.is_link or all(
        _POINTER.match(sentence.strip().lstrip("-*+>_ ")) for sentence in sentences
    )


def group_blocks(blocks: Sequence[Block], question: str = "") -> list[Group]:
    """Group the blocks that are of no use without each other.

    A lead-in belongs to what follows it, code and tables to the sentence before them, an answer to
    its question, and the wrong way to the right one. Of code in several languages one stays.

    Args:
        blocks: of a section, in order.
        question: may name the language whose code is wanted.

    Returns:
        Groups, in order.
    """
    groups: list[list[Block]] = []
    chosen = mark_titles(drop_missing(choose_variants(blocks, question)))
    short = _find_short_lists(chosen)
    for number, block in enumerate(chosen):
        if groups and _is_part(groups[-1], block, in_short_list=number in short):
            groups[-1].append(block)
        else:
            groups.append([block])
    if len(groups) > 1 and _is_wrong_way(groups[-1]):
        groups[-2:] = [groups[-2] + groups[-1]]
    return [Group(tuple(group)) for group in groups]


def _is_part(group: Sequence[Block], block: Block, *, in_short_list: bool) -> bool:
    last = group[-1]
    if block.kind == "heading":
        return last.kind == "heading"
    if block.is_code or is_title(last) or has_open_end(last):
        return True
    if all(each.is_code for each in group):
        return True  # code at the beginning is explained by what follows it
    if in_short_list and last.kind == "item":
        return True
    is_rest = not has_closed_end(last.text) and block.text[:1].islower()
    return is_rest or _is_wrong_way(group)


def _is_wrong_way(group: Sequence[Block]) -> bool:
    """Return True if the last sentence is a warning."""
    prose = next((block for block in reversed(group) if not block.is_code), None)
    if prose is None or not (prose is not group[-1] or is_title(prose) or len(prose.text) < 200):
        return False
    sentences = [part for part in SENTENCE_END.split(prose.text) if part.strip()]
    return bool(sentences) and bool(_WRONG.search(sentences[-1]))


def has_sentence(block: Block) -> bool:
    """Return True for text with a line of words."""
    if block.kind == "code" or is_title(block):
        return False
    parts = (part for line in block.text.split("\n") for part in line.split("|"))
    return any(len(_WORD.findall(part)) >= _SENTENCE_WORDS for part in parts)


def _find_short_lists(blocks: Sequence[Block]) -> set[int]:
    """Find the numbers of the items of short lists."""
    numbers: set[int] = set()
    for kind, run in itertools.groupby(enumerate(blocks), key=lambda pair: pair[1].kind):
        items = list(run)
        if kind == "item" and sum(len(block.text) for _, block in items) <= MAX_LIST:
            numbers.update(number for number, _ in items)
    return numbers


def extend_range(
    groups: Sequence[Group],
    scores: Mapping[int, float],
    best: int,
    budget: int,
    taken: Collection[int] = (),
) -> range:
    """Extend the best group by its neighbours, within the budget.

    All that leads to the best group comes first, if it fits; then what scores better.

    Args:
        groups: of a section, in order.
        scores: by number of the group; a group without one comes after those with one.
        best: number of the group that answers.
        budget: characters.
        taken: numbers of groups that are quoted already.

    Returns:
        Numbers of neighbouring groups.
    """
    last = best
    first = find_start(groups, best, taken)
    room = budget - sum(groups[at].size for at in range(first, last + 1))
    before = range(_find_limit(best, taken), first)
    if sum(groups[at].size for at in before) <= room:
        first = before.start
        room -= sum(groups[at].size for at in before)
    while True:
        sides = [at for at in (last + 1, first - 1) if 0 <= at < len(groups) and at not in taken]
        fitting = [at for at in sides if groups[at].size <= room]
        if not fitting:
            return range(first, last + 1)
        at = max(
            fitting, key=lambda at: scores.get(at, -math.inf)
        )  # the one behind, if both are equal
        first, last = min(first, at), max(last, at)
        room -= groups[at].size


def find_start(groups: Sequence[Group], best: int, taken: Collection[int] = ()) -> int:
    """Find the sentence that code needs before it.

    Args:
        groups: of a section, in order.
        best: number of the group that answers.
        taken: numbers of groups that are quoted already.

    Returns:
        Number of the nearest group with a sentence, the best one included; without any, of the
        first group that is left.
    """
    limit = _find_limit(best, taken)
    said = (
        at for at in range(best, limit, -1) if not (groups[at].is_bare or groups[at].is_pointer)
    )
    return best if groups[best].is_pointer else next(said, limit)


def _find_limit(best: int, taken: Collection[int]) -> int:
    return max((at + 1 for at in taken if at < best), default=0)


def close_end(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Cut announcements and titles at the end that nothing follows."""
    kept = list(blocks)
    while kept and (is_title(kept[-1]) or has_open_end(kept[-1]) or _has_bold_end(kept)):
        last = kept.pop()
        if not is_title(last) and (text := _cut_announcement(last.text)):
            kept.append(replace(last, text=text))
    return tuple(kept)


def _has_bold_end(blocks: Sequence[Block]) -> bool:
    """Return True for a last line in bold below other text."""
    last = blocks[-1]
    is_all = len(blocks) == 1 and "\n" not in last.text and len(_WORD.findall(last.text)) > 1
    return has_title_end(last) and not is_all


def _cut_announcement(text: str) -> str:
    """Cut the last line of an item, or the last sentence."""
    lines = text.rstrip().split("\n")
    if len(lines) > 1 and re.match(r"\*\*|__|\s*(?:[-*+>]|\d+[.)])\s|\s{2,}", lines[-1]):
        return "\n".join(lines[:-1]).rstrip()
    sentences = list(_find_sentences(text.rstrip()))
    return text[: sentences[-1][0]].rstrip() if len(sentences) > 1 else ""


def _find_sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in SENTENCE_END.finditer(text):
        yield start, match.start()
        start = match.end()
    if start < len(text):
        yield start, len(text)
