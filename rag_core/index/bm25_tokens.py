"""Terms of BM25, made by docent so that every Milvus ranks alike.

docent tokenises the text and joins the tokens by spaces, and Milvus only splits at the spaces.
Tokens are in lower case, of letters and digits alone, and stemmed by Snowball for the language of
the text; scripts without spaces become n-grams; identifiers, flags and versions stay whole and are
also split into parts. Every word is indexed; in a question, function words count less than others
(docs/quality.md has the figures).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag_core.index.stemmer import stem_word
from rag_core.index.stop_words import COMMON_WORDS, EVIDENCE, find_function_words
from rag_core.index.word_runs import Run, split_runs

_PIECE = re.compile(
    r"""(?:(?<![^\W_])[vV])?(?P<number>\d+(?:\.\d+)+)(?P<unit>[^\W\d_][^\W_]*)?   # 2.4, 3.5mm
        |(?P<part>[^\W\d_]+(?=\d+\.\d)|[^\W_]+)""",  # python3.11 is python, 3.11
    re.VERBOSE,
)
_SIGN = re.compile(r"(\+\+|#)(\d*)\Z")
_SIGN_NAMES = {"++": "plusplus", "#": "sharp"}
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")

_ENOUGH_WORDS = 3
"""Content words that show a question's topic without its most common words."""

_CONTENT_WEIGHT = 3
"""Times that a content word counts beside function words; docs/quality.md has the figures."""

MAX_TERMS_BYTES = 60_000
"""Longest terms of a text; a server's VARCHAR holds 65,535 bytes."""


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    tokens: Sequence[str]
    is_function: bool


def extract_terms(text: str) -> str:
    """Tokenise a text for BM25: alphanumeric tokens joined by single spaces."""
    return _join_tokens(token for word in _split_words(text) for token in word.tokens)


def build_query_terms(question: str) -> str:
    """Build a question's terms: its words, content words three times.

    So BM25, which knows how rare a word is in the index, decides what a function word is worth:
    "WHERE clause" is about one. The most common ones, which cost a search the most, are left out of
    a question that has enough other words.
    """
    words = _split_words(question)
    content = [word for word in words if not word.is_function]
    function = [word for word in words if word.is_function]
    if len(content) >= _ENOUGH_WORDS:
        function = [word for word in function if word.text not in COMMON_WORDS]
    weight = _CONTENT_WEIGHT if function else 1
    return _join_tokens(token for word in (*content * weight, *function) for token in word.tokens)


def list_function_words(text: str) -> frozenset[str]:
    """List the words of a text that may be function words."""
    return frozenset(word.text for word in _split_words(text, evidence=0) if word.is_function)


def _join_tokens(tokens: Iterable[str]) -> str:
    joined = " ".join(filter(None, tokens))
    encoded = joined.encode()
    if len(encoded) <= MAX_TERMS_BYTES:
        return joined
    return encoded[:MAX_TERMS_BYTES].decode(errors="ignore").rsplit(" ", 1)[0]


def _split_words(text: str, *, evidence: int = EVIDENCE) -> list[_Word]:
    runs = list(split_runs(text))
    plain = [_normalise_word(run.text) if _is_plain(run) else "" for run in runs]
    language, function_words = find_function_words(plain, evidence=evidence)
    return [
        _Word(
            word or run.text,
            _expand_run(run, language),
            # Hiragana is mostly grammar.
            run.kind == "hiragana" or (word in function_words and _is_whole(word, run)),
        )
        for run, word in zip(runs, plain, strict=True)
    ]


def _is_plain(run: Run) -> bool:
    return run.kind == "word" and run.text.isalpha() and not run.is_name


def _is_whole(word: str, run: Run) -> bool:
    """Return False for a consonant without an apostrophe.

    It is a word in `l'index`, and a name in "C compiler".
    """
    return len(word) > 1 or word not in "cdjlmnst" or run.is_clitic


def _expand_run(run: Run, language: str) -> list[str]:
    match run.kind:
        case "han" | "hangul" | "hiragana":
            return _build_ngrams(list(filter(str.isalnum, run.text)), 2)
        case "katakana":
            # Katakana spells loan words, of which long ones are composed of shorter ones.
            return _build_ngrams(list(filter(str.isalnum, run.text)), 3)
        case "unspaced":
            return _build_ngrams(_split_clusters(run.text), 2)
        case "brahmic":
            return ["".join(_split_clusters(run.text))]
        case "pair":
            return _expand_pair(run.text, language)
        case _:
            return _expand_word(run.text, language)


def _build_ngrams(letters: Sequence[str], size: int) -> list[str]:
    """Build the n-grams of letters; a shorter text is one."""
    return [
        "".join(letters[start : start + size]) for start in range(max(1, len(letters) - size + 1))
    ]


def _split_clusters(run: str) -> list[str]:
    """Split a run into letters with their marks.

    Marks are written as their code points. Milvus would split a token at a mark, and Milvus Lite
    at other marks than a server.
    """
    clusters: list[str] = []
    for character in run:
        if character.isalnum():
            clusters.append(character)
        elif clusters:
            clusters[-1] += f"{ord(character):x}"
    return clusters


def _expand_pair(run: str, language: str) -> list[str]:
    """Return the whole of a pair such as `TCP/IP`, and its parts.

    Single letters are not parts: `I/O` is only itself.
    """
    parts = [_normalise_word(part) for part in re.split("[/&]", run)]
    if all(len(part) == 1 for part in parts):
        return ["".join(parts)]
    return [*(stem for part in parts for stem in _list_stems(part, language)), "".join(parts)]


def _expand_word(run: str, language: str) -> list[str]:
    """Return the stems of a run's parts, and of the whole."""
    body = run.lstrip("-.")
    lead = run[: len(run) - len(body)]
    sign = _SIGN.search(body)
    if sign:
        body = body[: sign.start()]
    tokens: list[str] = []
    parts: list[str] = []
    for piece in _PIECE.finditer(body):
        if piece["number"]:
            tokens.extend(_expand_number(piece["number"], piece["unit"] or ""))
        else:
            parts.append(piece["part"])
    signed = _expand_sign(parts, sign) if sign else []
    # `C` is not part of `C++`, but `notepad` is one of `notepad++`.
    plain = parts[:-1] if signed and len(parts[-1]) == 1 else parts
    for part in plain:
        tokens.extend(_list_stems(part, language))
        tokens.extend(
            stem for piece in _split_camel_case(part) for stem in _list_stems(piece, language)
        )
    # The whole of an identifier, of a flag and of a name with signs.
    if len(parts) > 1:
        tokens.extend(_list_stems("".join(parts), language))
    if lead:
        tokens.append(("dash" if lead[0] == "-" else "dot") + _normalise_word("".join(parts)))
    return tokens + signed


def _expand_number(number: str, unit: str) -> list[str]:
    """Expand a version to its series, and a number to its unit.

    `2.4.1` gives `2p4` and `2p4p1`, `3.5mm` gives `3p5`, `3p5mm` and `mm`.
    """
    numbers = number.split(".")
    tokens = ["p".join(numbers[:count]) for count in range(2, len(numbers) + 1)]
    if unit := _normalise_word(unit):
        tokens += [tokens[-1] + unit, unit]
    return tokens


def _expand_sign(parts: Sequence[str], sign: re.Match[str]) -> list[str]:
    """Return a name such as `C++`, and with its version: `cplusplus`, `cplusplus17`."""
    if not parts:
        return []
    name = _normalise_word(parts[-1]) + _SIGN_NAMES[sign[1]]
    return [name, name + sign[2]] if sign[2] else [name]


def _split_camel_case(part: str) -> list[str]:
    """Split a name in camel case; drop digits and single letters."""
    pieces = _CAMEL.findall(part)
    if len(pieces) < 2 or not part.isascii() or "".join(pieces) != part:
        return []
    return [piece for piece in pieces if len(piece) > 1 and piece.isalpha()]


@lru_cache(maxsize=50_000)
def _normalise_word(word: str) -> str:
    # In lower case some letters become two, the second of them a mark and no letter. Russian is
    # mostly written without the dots of a yo.
    return "".join(filter(str.isalnum, word.lower())).replace("\u0451", "\u0435")


@lru_cache(maxsize=50_000)
def _list_stems(word: str, language: str) -> tuple[str, ...]:
    """List the stems of a word in its language and in English.

    A question of a few nouns does not show its language and counts as English. The English stem in
    the passage then matches all the same.
    """
    word = _normalise_word(word)
    if not word.isalpha():
        return (word,)
    if _CYRILLIC.search(word):
        return (stem_word(word, "russian"),)
    return tuple(dict.fromkeys(stem_word(word, name) for name in (language, "english")))
