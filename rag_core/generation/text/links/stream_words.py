"""The words of a streaming text: pieces behind which no name or address goes on."""

# ruff: noqa: RUF001  (punctuation of other languages)

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto

import regex

UNSPACED = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"。，、！？；：…]"
)
"""A sign of a language without spaces, as a pattern."""

LABEL = r"[\p{L}\p{N}\p{M}\p{Cf}\u2010:*~_;#\\-]"
"""A sign of a name's part, of its port or of its markup, as a pattern."""

_LAST_WORD = regex.compile(
    rf"(?r)[ \n\t]|(?<={UNSPACED})[。，、！？；：…](?!\Z)|{UNSPACED}(?=[\s\S]{{80}})"
)

_BLANK = regex.compile(r"\s")
_UNSPACED = regex.compile(UNSPACED)
_LABEL = regex.compile(LABEL)
_COUNTED = regex.compile(r"[\p{L}\p{N}\p{M}]")
_DIGIT = regex.compile(r"[\p{N}\p{Cf}:*~_-]")
_ENTITY = regex.compile(r"[#A-Za-z0-9]")
_STOPS = frozenset('，、；：！？（）「」『』【】《》…<>"`|')
_DOTS = frozenset(".．｡。@")
_LONGEST = 2_000  # characters of a word
_LONGEST_LABEL = 64


class _Place(Enum):
    """The place that a text has reached: a word without a space behind it ends where it is free."""

    FREE = auto()
    ENTITY = auto()  # which may be a dot
    NAME = auto()  # behind a dot
    NUMBER = auto()  # behind a dot as well: no name ends so
    ADDRESS = auto()


class StreamWords:
    """Divides a streaming text into words, alike however it is cut into pieces.

    A word ends behind its space. In a language without spaces it ends behind any sign, unless a
    name or an address may go on there: then behind its part, which has 64 letters at most.

    Attributes:
        rest: the begun word.
    """

    def __init__(self) -> None:
        self.rest = ""
        self._place = _Place.FREE
        self._before = ""  # the last signs
        self._length = self._letters = 0

    def feed(self, text: str) -> Iterator[str]:
        """Yield the words that end in the text."""
        begin = 0
        for at, sign in enumerate(text, start=1):
            if self._is_end(sign):
                word, self.rest = self.rest + text[begin:at], ""
                begin, self._length = at, 0
                yield word
        self.rest += text[begin:]

    def extract(self, length: int) -> str:
        """Return the beginning of the rest, and remove it there."""
        taken, self.rest = self.rest[:length], self.rest[length:]
        return taken

    def _is_end(self, sign: str) -> bool:
        self._length += 1
        if _BLANK.match(sign):
            self._place, self._before = _Place.FREE, ""
            return True
        self._place = self._find_place(sign)
        self._before = (self._before + sign.lower())[-6:]
        is_within = self._place in {_Place.NAME, _Place.ENTITY} and sign not in _DOTS
        if self._length >= _LONGEST and not is_within:
            self._place = _Place.NAME if sign in _DOTS else _Place.FREE
            return True
        is_free = self._place is _Place.FREE or sign == "。"
        return is_free and _UNSPACED.match(sign) is not None

    def _find_place(self, sign: str) -> _Place:
        is_full_stop = sign == "。" and _UNSPACED.match(self._before[-1:])
        if sign in _STOPS or is_full_stop:
            return _Place.FREE
        if self._place is _Place.ADDRESS and sign != "。":
            return _Place.ADDRESS
        if sign in _DOTS or sign == "&":
            self._letters = 0
            return _Place.ENTITY if sign == "&" else _Place.NAME
        if self._place is _Place.ENTITY:
            return self._move_in_entity(sign)
        return self._move_in_prose(sign)

    def _move_in_prose(self, sign: str) -> _Place:
        is_in_name = self._place in {_Place.NAME, _Place.NUMBER}
        is_begun = (self._before + sign).endswith(("//", "mailto:"))
        if is_begun or (is_in_name and sign in "/?#"):
            return _Place.ADDRESS
        return self._move_in_name(sign) if is_in_name else _Place.FREE

    def _move_in_entity(self, sign: str) -> _Place:
        self._letters += 1
        if _ENTITY.match(sign) and self._letters <= _LONGEST_LABEL:
            return _Place.ENTITY
        self._letters = 0
        return _Place.NAME if sign == ";" else self._move_in_name(sign)

    def _move_in_name(self, sign: str) -> _Place:
        if self._place is _Place.NUMBER:
            return _Place.NUMBER if _DIGIT.match(sign) else _Place.FREE
        if not _LABEL.match(sign):
            return _Place.FREE
        self._letters += _COUNTED.match(sign) is not None
        if self._letters == 1 and sign.isnumeric():
            return _Place.NUMBER
        return _Place.NAME if self._letters <= _LONGEST_LABEL else _Place.FREE


def find_last_word(text: str) -> int:
    """Return the place where the last word of a text begins."""
    match = _LAST_WORD.search(text)
    return match.end() if match else 0
