"""Tokens for BM25: the same for chunks and questions, so that every Milvus ranks alike.

docent tokenises the text and joins the tokens by spaces, and Milvus only splits at the spaces.
Tokens are in lower case and stemmed by Snowball for the language of the text, without function
words; Han, kana and hangul become n-grams; identifiers, flags and versions stay whole and are also
split into parts (docs/quality.md has the figures).
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

from rag_core.index.stop_words import FUNCTION_WORDS, detect_latin_language

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff"
_HIRAGANA = "\u3041-\u309f"
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff"
_HANGUL = "\uac00-\ud7af"
_CJK = f"{_HAN}{_HIRAGANA}{_KATAKANA}{_HANGUL}"
_RUN = re.compile(
    rf"""[{_HAN}]+|[{_HIRAGANA}]+|[{_KATAKANA}]+|[{_HANGUL}]+
        |(?:(?<![^\s"'`(\[])--?(?=[^\W\d_{_CJK}]))?   # the dashes of a flag
        [^\W_{_CJK}]+(?:[._-]+[^\W_{_CJK}]+)*""",
    re.VERBOSE,
)
_PART = re.compile(r"[^\W_]+")
_VERSION = re.compile(r"[vV]?(\d+(?:\.\d+)+)(?![^\W_])")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_IS_HAN, _IS_HIRAGANA, _IS_KATAKANA, _IS_HANGUL = (
    re.compile(f"[{script}]") for script in (_HAN, _HIRAGANA, _KATAKANA, _HANGUL)
)
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")

MAX_TERMS_BYTES = 60_000
"""Longest terms of a text; a server's VARCHAR holds 65,535 bytes."""


def extract_terms(text: str) -> str:
    """Tokenise a text for BM25: alphanumeric tokens joined by single spaces."""
    joined = " ".join(_split_tokens(unicodedata.normalize("NFKC", text)))
    encoded = joined.encode()
    if len(encoded) <= MAX_TERMS_BYTES:
        return joined
    return encoded[:MAX_TERMS_BYTES].decode(errors="ignore").rsplit(" ", 1)[0]


def _split_tokens(text: str) -> Iterator[str]:
    runs = _RUN.findall(text)
    language = detect_latin_language(_normalise_word(run) for run in runs)
    for run in runs:
        tokens = _build_ngrams(run) if _is_cjk(run) else _expand_word(run, language)
        yield from filter(None, tokens)


def _is_cjk(run: str) -> bool:
    scripts = (_IS_HAN, _IS_HIRAGANA, _IS_KATAKANA, _IS_HANGUL)
    return any(script.match(run) for script in scripts)


def _build_ngrams(run: str) -> list[str]:
    """Build bigrams of Han and hangul, trigrams of katakana, nothing of hiragana.

    Katakana spells loan words, of which long ones are composed of shorter ones. Hiragana is mostly
    grammar.
    """
    if _IS_HIRAGANA.match(run):
        return []
    run = "".join(filter(str.isalnum, run))
    size = 3 if _IS_KATAKANA.match(run) else 2
    return [run[start : start + size] for start in range(max(1, len(run) - size + 1))]


def _expand_word(run: str, language: str) -> list[str]:
    """Return the stems of a run's parts, and of the whole."""
    dashes = len(run) - len(run.lstrip("-"))
    run = run[dashes:]
    tokens: list[str] = []
    # A version at the start of the run.
    if version := _VERSION.match(run):
        tokens.extend(_expand_version(version[1].split(".")))
        run = run[version.end() :]
    # Each part; a plain word that is a function word gives no token.
    parts = _PART.findall(run)
    is_plain = len(parts) == 1 and not dashes and not version
    for part in parts:
        if not (is_plain and _is_function_word(_normalise_word(part), language)):
            tokens.extend(_stem_word(part, language))
            tokens.extend(
                stem for piece in _split_camel_case(part) for stem in _stem_word(piece, language)
            )
    # The whole of an identifier, and of a flag.
    if len(parts) > 1:
        tokens.extend(_stem_word("".join(parts), language))
    if dashes:
        tokens.append("dash" + _normalise_word("".join(parts)))
    return tokens


def _expand_version(numbers: list[str]) -> list[str]:
    """Expand a version to its series: `2.4.1` gives `2p4` and `2p4p1`."""
    return ["p".join(numbers[:count]) for count in range(2, len(numbers) + 1)]


def _split_camel_case(part: str) -> list[str]:
    """Split a name in camel case; drop digits and single letters."""
    pieces = _CAMEL.findall(part)
    if len(pieces) < 2 or not part.isascii() or "".join(pieces) != part:
        return []
    return [piece for piece in pieces if len(piece) > 1 and piece.isalpha()]


def _normalise_word(word: str) -> str:
    # In lower case some letters become two, the second of them a mark and no letter. Russian is
    # mostly written without the dots of a yo.
    return "".join(filter(str.isalnum, word.lower())).replace("\u0451", "\u0435")


def _is_function_word(word: str, language: str) -> bool:
    return word in FUNCTION_WORDS["russian" if _CYRILLIC.search(word) else language]


@lru_cache(maxsize=50_000)
def _stem_word(word: str, language: str) -> tuple[str, ...]:
    """Stem a word in its language, and also in English.

    A question of a few nouns does not show its language and counts as English. The English stem in
    the passage then matches all the same.
    """
    word = _normalise_word(word)
    if not word.isalpha():
        return (word,)
    if _CYRILLIC.search(word):
        return (_stemmers.stem(word, "russian"),)
    return tuple(dict.fromkeys(_stemmers.stem(word, name) for name in (language, "english")))


class _Stemmers(threading.local):
    """Snowball stemmers of one thread: they keep state, so threads can't share them."""

    def __init__(self) -> None:
        self._by_language: dict[str, Stemmer.Stemmer] = {}

    def stem(self, word: str, language: str) -> str:
        if language not in self._by_language:
            self._by_language[language] = Stemmer.Stemmer(language)
        return str(self._by_language[language].stemWord(word))


_stemmers = _Stemmers()
