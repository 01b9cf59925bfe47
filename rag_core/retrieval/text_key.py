"""Keys of texts: two texts that say the same have the same key.

A key is what a text says, word by word. Left out are markup, the targets of links, punctuation,
inflection and words that only hold a sentence together. All else counts: in pages written from a
template a single number, name, sign or negation makes another statement.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from rag_core.index.stemmer import stem_word

TextKey = tuple[str, ...]

_FENCE = re.compile(r"^[ \t>]*(?:[-*+] +)?(`{3,}|~{3,})[ \t]*\{?[\w+#.-]*\}?", re.MULTILINE)
_TAGS = (
    "a b br center code col colgroup details div em figcaption figure font h1 h2 h3 h4 h5 h6 hr i"
    " img kbd li mark ol p pre s small span strong sub summary sup table tbody td th thead tr u ul"
).replace(" ", "|")
_MARKUP = [
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"<!--[^>]*-->", " "),
        (rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", " "),
        (
            r"\[([^\]\n]*)\]\(\s*<?[^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+[\"'][^\"'\n]*[\"'])?\)",
            r"\1",
        ),
        (r"\[([^\]\n]+)\]\[[^\]\n]*\]", r"\1"),
        (r"^ {0,3}\[[^\]\n]+\]:\s*\S+[^\n]*$", " "),
        (r"`([^`<\n]*)\s<[^>`\n]+>`_{1,2}", r"\1"),
        (r"\{ ?#[\w-]+ ?\}", " "),  # the anchor of a heading
        (r"^[ \t]*(?:(?:[>|*+-]|\d+[.)])[ \t]+)+", " "),  # quotations and lists
    )
]
_CONTRACTIONS = [
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"\bcan(?:['\u2019]t| not)\b", "cannot"),
        (r"\bwon['\u2019]t\b", "will not"),
        (r"n['\u2019]t\b", " not"),
        (r"(?<=\w)['\u2019](?:s|re|ve|ll|d|m)\b", ""),
    )
]
_TOKEN = re.compile(
    r"""(?<![A-Za-z0-9])[vV]?\d+(?:[.,:]\d+)+  # v2.4, 1,000, 12:30
        |[A-Za-z0-9]+
        |(?<![^\s(\[{=:,"'`|])--?(?=\w)        # -1, --force
        |(?<=[\w)\]%])\s?(?:[<>]=?|[=!]=)\s?(?=[\w"'(.-])
        |!(?=[\w(])|&&|(?<=\w)(?:\+\+?|\#(?!\w))|(?<=\d)\s?%|\$(?=\w)|~(?=\d)
        |[^\x00-\x7f]""",
    re.VERBOSE,
)
_EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a also an are be been being did do does doing had has have having here i is it its just me
        my of our please simply so such that the their them then there these they this those us very
        was we were which who will would you your
        """,
    )
)
_ENDING = re.compile(r"(?:ies|ied|ing|es|ed|y|s|e|d)\Z")


@lru_cache(maxsize=2_000)
def build_text_key(text: str) -> TextKey:
    """Build the key of a Markdown text; without words, the text itself."""
    tokens: list[str] = []
    fences = _FENCE.split(unicodedata.normalize("NFKC", html.unescape(text)))
    # Every second piece is the mark of a fence, and what stands between two of them is code.
    for number, piece in enumerate(fences[::2]):
        tokens.extend(_split_code(piece) if number % 2 else _split_prose(piece))
    return tuple(tokens) or (text.strip(),)


def _split_code(code: str) -> Iterator[str]:
    """Yield the tokens of code, exactly as they are written."""
    code = " ".join(code.split())
    return (token.strip() for token in _TOKEN.findall(code) if _is_significant(token))


def _split_prose(prose: str) -> Iterator[str]:
    for pattern, replacement in _MARKUP:
        prose = pattern.sub(replacement, prose)
    if "'" in prose or "\u2019" in prose:
        for pattern, replacement in _CONTRACTIONS:
            prose = pattern.sub(replacement, prose)
    for token in map(str.strip, _TOKEN.findall(" ".join(prose.split()))):
        word = _normalise_case(token)
        if word not in _EMPTY_WORDS and _is_significant(token):
            yield _strip_inflection(word.removeprefix("v") if word[1:2].isdigit() else word)


def _normalise_case(token: str) -> str:
    """Return a word in lower case, but names and units unchanged.

    `IT`, `MB` and `5m` are such.
    """
    is_exact = not token[1:].islower() and token[1:].upper() != token[1:].lower()
    if token[0].isdigit() or is_exact:
        return token
    return token.lower()


def _is_significant(token: str) -> bool:
    """Return False for punctuation beyond ASCII, such as quotation marks."""
    return token.isascii() or unicodedata.category(token)[0] in "LMNS"


@lru_cache(maxsize=20_000)
def _strip_inflection(word: str) -> str:
    """Strip the inflection of an English word in lower case.

    The stem of `encoder` and `encode` is one, and they are two things.
    """
    if not (word.isascii() and word.isalpha()) or len(word) < 4:
        return word
    stem = stem_word(word, "english")
    common = next(
        (at for at, (one, other) in enumerate(zip(stem, word, strict=False)) if one != other),
        min(len(stem), len(word)),
    )
    rest = _ENDING.sub("", word[common:])
    return f"{stem}+{rest}" if rest and rest != stem[-1] else stem
