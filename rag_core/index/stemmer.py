"""Snowball stemmers: https://snowballstem.org/algorithms/."""

from __future__ import annotations

import threading
from functools import lru_cache

import Stemmer


class _Stemmers(threading.local):
    """Stemmers of one thread: they keep state, so threads can't share them."""

    def __init__(self) -> None:
        self._by_language: dict[str, Stemmer.Stemmer] = {}

    def stem(self, word: str, language: str) -> str:
        if language not in self._by_language:
            self._by_language[language] = Stemmer.Stemmer(language)
        return str(self._by_language[language].stemWord(word))


_stemmers = _Stemmers()


@lru_cache(maxsize=100_000)
def stem_word(word: str, language: str) -> str:
    """Stem a word in lower case by the language's algorithm."""
    return _stemmers.stem(word, language)
