"""Runs of a text that are words, names or pieces of a script without spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff"
_HIRAGANA = "\u3041-\u309f"
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff"
_HANGUL = "\uac00-\ud7af"
_THAI = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59"
_UNSPACED = f"{_THAI}\u0e81-\u0edf\u1000-\u1049\u1050-\u109f\u1780-\u17d3\u17e0-\u17e9"
"""Thai, Lao, Burmese and Khmer."""

_BRAHMIC = "\u0900-\u0963\u0966-\u096f\u0971-\u0df3\u0f20-\u0f33\u0f40-\u0fbc"
"""Hindi and the other scripts of India, Sinhala and Tibetan: words with marks, and spaces."""

_LETTER = rf"[^\W_{_HAN}{_HIRAGANA}{_KATAKANA}{_HANGUL}{_UNSPACED}{_BRAHMIC}]"

Kind = Literal[
    "han", "hiragana", "katakana", "hangul", "unspaced", "brahmic", "ending", "pair", "word"
]

_RUN = re.compile(
    rf"""
    (?P<han>[{_HAN}]+)|(?P<hiragana>[{_HIRAGANA}]+)|(?P<katakana>[{_KATAKANA}]+)
    |(?P<hangul>[{_HANGUL}]+)|(?P<unspaced>[{_UNSPACED}]+)|(?P<brahmic>[{_BRAHMIC}]+)
    |(?P<ending>(?<=[^\W\d_]['\u2019])(?:s|t|re|ve|ll|d|m)(?![\w-]))   # of "it's" and "don't"
    |(?P<pair>(?<![\w/&.:\\-])                                        # I/O, TCP/IP, R&D
        (?!\d){_LETTER}{{1,4}}[/&]{_LETTER}{{1,4}}(?![\w/&+\#-]|\.\w))
    |(?P<word>
        (?:(?<![^\s"'`(\[])--?(?=[^\W\d_])        # the dashes of a flag
          |(?<![\w.)\]}}])\.(?=[^\W\d_]))?         # the dot of .NET and .env
        {_LETTER}+(?:[._-]+{_LETTER}+)*
        (?:\+\+\d*(?![\w+])                       # C++, C++17, g++
          |(?<=(?<![\w.])[A-Za-z])\#\d{{0,2}}(?![\w\#]))?)   # C#, F#
    """,
    re.VERBOSE,
)
_QUOTES = frozenset("`\"'\u201c\u201d\u2018\u2019\u00ab\u00bb\u201e\u300c\u300d")
_APOSTROPHES = frozenset("'\u2019")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;\n])[\s\"'(\u00bf\u00a1*_-]*\Z")
_PRONOUN_NAMES = frozenset({"IT", "US", "WHO"})
_ARTICLE = re.compile(r"\b(?:THE|AN?|MY|OUR|YOUR)\s\Z")  # no pronoun stands behind one
_FRACTION = re.compile("(?<=\\d)(?=[\xbc-\xbe\u2150-\u215e\u2189])")
_FEW_WORDS = 3  # so few words in capitals are names, more can be a sentence in capitals


@dataclass(frozen=True, slots=True)
class Run:
    """A run of letters and what its place in the text says of it.

    Attributes:
        text: the run, with the dashes of a flag and the signs of a name such as `C++`.
        kind: its script, or the form of its word.
        is_name: whether it is written as a name: in capitals or in quotation marks.
        is_clitic: whether an apostrophe ties it to the word behind it, as in `l'index`.
    """

    text: str
    kind: Kind
    is_name: bool = False
    is_clitic: bool = False


class _Folding(dict[int, "int | str | None"]):
    """The table that ties marks and joiners to their letters, filled as characters occur.

    Marks of the scripts of India and of South-East Asia spell sounds and stay. All others are
    dropped, such as the vowels of Arabic and the stress of Russian. The digits of every script are
    those of ASCII.
    """

    def __missing__(self, code: int) -> int | str | None:
        category = unicodedata.category(chr(code))
        folded: int | str | None = code
        if code == _ZERO_WIDTH_SPACE:
            folded = " "
        elif code == _ARABIC_POINT:
            folded = "."
        elif category == "Nd":
            folded = str(unicodedata.decimal(chr(code)))
        elif category == "Cf" or (category[0] == "M" and not _KEPT_MARK.match(chr(code))):
            folded = None
        self[code] = folded
        return folded


_ZERO_WIDTH_SPACE = 0x200B
_ARABIC_POINT = 0x066B
_KEPT_MARK = re.compile(f"[{_UNSPACED}{_BRAHMIC}]")
_folding = _Folding()


def split_runs(text: str) -> Iterator[Run]:
    """Split a text into its runs, in order."""
    if not text.isascii():
        # NFKC would write 1\u00bd as 11/2.
        text = unicodedata.normalize("NFKC", _FRACTION.sub(" ", text)).translate(_folding)
    matches = list(_RUN.finditer(text))
    shouts = len(matches) > _FEW_WORDS and text == text.upper()
    for match in matches:
        kind = match.lastgroup
        if kind == "word":
            yield Run(
                match[0],
                "word",
                is_name=_is_name(match, shouts=shouts),
                is_clitic=_is_clitic(match),
            )
        elif kind != "ending":
            yield Run(match[0], cast(Kind, kind))


def _is_name(match: re.Match[str], *, shouts: bool) -> bool:
    """Return True for a word in quotation marks or capitals."""
    word, text, start, end = match[0], match.string, match.start(), match.end()
    if start and text[start - 1] in _QUOTES and text[end : end + 1] in _QUOTES:
        return True
    if shouts:
        return word in _PRONOUN_NAMES and bool(_ARTICLE.search(text[:start][-20:]))
    if not word.isupper():
        return False
    # A capital alone can begin a sentence, or be the English "I".
    return len(word) > 1 or (word != "I" and not _SENTENCE_START.search(text[:start][-20:]))


def _is_clitic(match: re.Match[str]) -> bool:
    after = match.string[match.end() : match.end() + 2]
    return len(after) == 2 and after[0] in _APOSTROPHES and after[1].isalpha()
