"""Packing: neighbouring pieces of a section share a chunk as long as they fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ingest.loading.near_empty import MOST_LOOKED_AT, is_near_empty

MAX_CHARS = 4_000
"""Characters of a chunk, because a tokenizer may count a huge word as one token."""

_MOST_MOVED = 20  # pieces


class Piece(NamedTuple):  # a line may have a million of them, and a named tuple is made fastest
    """Text that is not divided any more.

    Attributes:
        text: its text.
        tokens: how many tokens it has.
        glue: joins it to the previous piece.
        lead: the sentence that leads in to its list, repeated where the piece begins a chunk.
        lead_tokens: how many tokens that sentence has.
        is_aside: True for text of a near-empty section, which should not stand alone.
    """

    text: str
    tokens: int
    glue: str = "\n\n"
    lead: str = ""
    lead_tokens: int = 0
    is_aside: bool = False


def add_lead(piece: Piece, lead: str, tokens: int) -> Piece:
    """Add the lead-in, unless the piece goes on in a sentence.

    Args:
        piece: the piece.
        lead: the sentence that leads in to its list.
        tokens: tokens of that sentence.

    Returns:
        The piece, with a lead-in.
    """
    return piece if piece.lead or not piece.glue else piece._replace(lead=lead, lead_tokens=tokens)


def pack_pieces(pieces: Iterable[Piece], fill: int) -> Iterator[str]:
    """Yield texts of neighbouring pieces within `fill` tokens.

    A text that would be near-empty takes a piece of its neighbour or joins it, and what has joined
    may have a quarter more.
    """
    for group in _repair_groups(_group_pieces(pieces, fill), fill):
        yield from trim_text(_join_pieces(group))


def pack_lines(pieces: Iterable[Piece], fill: int) -> Iterator[str]:
    """Yield texts of neighbouring lines within `fill` tokens."""
    for group in _group_pieces(pieces, fill):
        yield from trim_text(_join_pieces(group))


def trim_text(text: str) -> Iterator[str]:
    """Yield the text without blanks around it, if it has more."""
    if text.strip():
        yield text.rstrip().strip("\n")


def _group_pieces(pieces: Iterable[Piece], fill: int) -> Iterator[list[Piece]]:
    group: list[Piece] = []
    tokens = length = 0
    for piece in pieces:
        # Each character of the glue counts as one token, to be on the safe side.
        joined = tokens + len(piece.glue) + piece.tokens
        if group and (joined > fill or length + len(piece.text) + 2 > MAX_CHARS):
            yield group
            group = _begin_group(piece, fill)
            tokens, length = _count_tokens(group), _count_characters(group)
            continue
        tokens = joined if group else piece.tokens
        group.append(piece)
        length += len(piece.text) + 2
    if group:
        yield group


def _begin_group(piece: Piece, fill: int) -> list[Piece]:
    """Begin a chunk with the piece, after its lead-in if both fit."""
    length = len(piece.lead) + len(piece.text) + 2
    if not piece.lead or piece.lead_tokens + 2 + piece.tokens > fill or length > MAX_CHARS:
        return [piece]
    return [Piece(piece.lead, piece.lead_tokens), piece._replace(glue="\n\n")]


def _repair_groups(groups: Iterable[list[Piece]], fill: int) -> Iterator[list[Piece]]:
    last: list[Piece] = []
    for group in groups:
        if last and (_is_near_empty(last) or _is_near_empty(group)):
            *finished, last = _share_pieces(last, group, fill)
            yield from finished
        else:
            if last:
                yield last
            last = group
    if last:
        yield last


def _share_pieces(one: list[Piece], other: list[Piece], fill: int) -> list[list[Piece]]:
    """Join two groups, or move pieces to the near-empty one."""
    both = [*one, *other]
    tokens, fewer = _count_tokens(both), min(_count_tokens(one), _count_tokens(other))
    fits = tokens <= fill or fewer <= fill // 4
    if fits and _count_characters(both) <= MAX_CHARS:
        return [both]
    # 1. The last pieces of the first go to the second, or the first of the second to the first.
    cuts = range(len(one) - 1, 0, -1) if _is_near_empty(other) else range(len(one) + 1, len(both))
    for cut in cuts[:_MOST_MOVED]:
        shared = [both[:cut], both[cut:]]
        if any(_count_tokens(group) > fill for group in shared):
            break
        if not any(map(_is_near_empty, shared)):
            return shared
    # 2. Nothing fits.
    return [one, other]


def _is_near_empty(group: Sequence[Piece]) -> bool:
    if _count_characters(group) > MOST_LOOKED_AT + 2:
        return False
    return all(piece.is_aside for piece in group) or is_near_empty(_join_pieces(group))


def _join_pieces(group: Sequence[Piece]) -> str:
    first, *rest = group
    return "".join([first.text, *(part for piece in rest for part in (piece.glue, piece.text))])


def _count_tokens(group: Sequence[Piece]) -> int:
    glue = sum(len(piece.glue) for piece in group[1:])
    return glue + sum(piece.tokens for piece in group)


def _count_characters(group: Sequence[Piece]) -> int:
    return sum(len(piece.text) + 2 for piece in group)
