"""Tokens of a text where no tokenizer is at hand: estimated, and rather too many than too few."""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_PER_CHARACTER = 2
"""No character is counted as more tokens than this."""

_LETTERS_PER_TOKEN = 5
_RANDOM_LETTERS = 20  # a run this long is no word but a key or a hash

_PIECE = re.compile(
    r"(?P<letters>[A-Za-z]+)"
    r"|(?P<newlines>\n+|[ \t]{2,})"
    r"|(?P<alphabet>[\u0080-\u07ff]+)"  # accented Latin, Greek, Cyrillic, Hebrew, Arabic
    r"|(?P<rare>[\U00010000-\U0010ffff])"  # emoji
    r"|(?P<symbols>[!-/:-@\[-`{-~]{1,2})"
    r"|(?P<other>\S)"  # a digit, an ideograph, a letter of an Indic or South-East Asian script
)


def estimate_tokens(text: str) -> int:
    """Tokens of a text, without special ones.

    Fitted to Qwen's tokenizer, which cuts finer than most. Estimated / real, median of passages
    (lowest): English documentation with code 1.25 (1.0), abstracts 1.2 (1.0), German 1.0 (.8),
    Russian 1.3 (.9), Chinese 1.3 (.8), Japanese 1.5 (1.1); sentences in Hindi .9, Arabic 1.3,
    Korean 1.35, Thai 1.8. A model of one language counts more in the others.
    """
    return round(sum(tokens for _, tokens in _split_pieces(text)))


def truncate_text(text: str, tokens: int) -> str:
    """The beginning of a text that has at most so many tokens by the estimate."""
    if len(text) * MOST_PER_CHARACTER <= tokens:
        return text
    used = 0.0
    for start, count in _split_pieces(text):
        used += count
        if used > tokens:
            return text[:start]
    return text


def _split_pieces(text: str) -> Iterator[tuple[int, float]]:
    """Where each piece starts, and its tokens."""
    for match in _PIECE.finditer(text):
        yield match.start(), _estimate_piece(match.lastgroup, match.end() - match.start())


def _estimate_piece(kind: str | None, length: int) -> float:
    if kind == "letters":
        if length > _RANDOM_LETTERS:
            return length / 2
        return float(-(-length // _LETTERS_PER_TOKEN))
    if kind == "alphabet":
        return 0.45 * length
    if kind == "newlines":
        return 0.5
    return 2.0 if kind == "rare" else 1.0
