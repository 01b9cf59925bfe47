"""Tokens for BM25: the same for chunks and questions, so that every Milvus ranks alike.

The text is tokenised here and joined by spaces; Milvus only splits at the spaces. Lower case,
Snowball stems for Latin (English) and Cyrillic (Russian) words, bigrams over Han, kana and hangul
runs, identifiers kept whole and in parts (`query_iterator` is also `query` and `iterator`).
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache

import Stemmer

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_RUN = re.compile(rf"[{_CJK}]+|[^\W{_CJK}]+(?:[._-]+[^\W{_CJK}]+)*")
_PART = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_CJK_RUN = re.compile(rf"[{_CJK}]+")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")

MAX_TERMS_BYTES = 60_000
"""A server's VARCHAR holds 65,535 bytes."""


def terms(text: str) -> str:
    """Tokenise a text for BM25: alphanumeric tokens joined by single spaces."""
    joined = " ".join(_tokens(unicodedata.normalize("NFKC", text)))
    encoded = joined.encode()
    if len(encoded) <= MAX_TERMS_BYTES:
        return joined
    return encoded[:MAX_TERMS_BYTES].decode(errors="ignore").rsplit(" ", 1)[0]


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    for run in _RUN.findall(text):
        found.extend(_bigrams(run) if _CJK_RUN.match(run) else _word(run))
    return found


def _bigrams(run: str) -> list[str]:
    return [run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]


def _word(run: str) -> list[str]:
    """The stems of a run's parts, and the run itself where it is an identifier of several parts."""
    parts = _PART.findall(run)
    found = [_stem(part) for part in parts]
    for part in parts:
        pieces = _CAMEL.findall(part)
        if len(pieces) > 1 and part.isascii() and "".join(pieces) == part:
            found.extend(_stem(piece) for piece in pieces)
    if len(parts) > 1:
        found.append(_stem("".join(parts)))
    return [token for token in found if token]


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    # Some letters become two in lower case, the second a mark that is no letter.
    word = "".join(filter(str.isalnum, word.lower()))
    language = "russian" if _CYRILLIC.search(word) else "english"
    return _stemmers.stem(word, language) if word.isalpha() else word


class _Stemmers(threading.local):
    """Snowball stemmers keep state while they work, so each thread has its own."""

    def __init__(self) -> None:
        self._by_language: dict[str, Stemmer.Stemmer] = {}

    def stem(self, word: str, language: str) -> str:
        if language not in self._by_language:
            self._by_language[language] = Stemmer.Stemmer(language)
        return str(self._by_language[language].stemWord(word))


_stemmers = _Stemmers()
