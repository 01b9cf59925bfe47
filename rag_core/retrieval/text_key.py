"""Keys of texts: two texts that say the same have the same key.

A key is what a text says, word by word. Left out are markup, the targets of links, the punctuation
of sentences, inflection and words that only hold a sentence together. All else counts: in pages
written from a template a single number, name, sign or negation makes another statement. Code counts
as it is written, apart from its whitespace.
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
_NAMED_LINK = re.compile(r"`([^`<\n]*)\s<[^>`\n]+>`_{1,2}")
_CODE = re.compile(r"(?<!`)(`++)([^`]++)\1(?!`)(?:_{1,2}(?!\w))?")
_PLAIN_CODE = re.compile(r"[a-z]+(?<!s)(?<!ed)(?<!ing)")
_TAGS = (
    "a b br center code col colgroup details div em figcaption figure font h1 h2 h3 h4 h5 h6 hr i"
    " img kbd li mark ol p pre small span strong sub summary sup table tbody td th thead tr u ul"
).replace(" ", "|")
_LINK = (
    r"!?\[([^\[\]\n]*)\]"
    r"\(\s*+<?[^()\s]*+(?:\([^()\s]*+\)[^()\s]*+)*+(?:\s++[\"'][^\"'\n]*+[\"'])?\)"
)
_EMPHASIS = (
    r"(?<![\w*])(\*{1,3}+)(?=[^\s*])([^*]*)(?<=\S)\1(?![\w*])",
    r"(?<!\w)(_{1,3}+)(?=[^\s_])([^_]*)(?<=\S)\1(?!\w)",
)
# No pattern reads on past the next sign with which it could begin, so all take linear time.
_MARKUP = [
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"<!--[^<>]*-->", " "),
        (rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", " "),
        *((_LINK, r"\1"),) * 2,  # an image can be the text of a link
        (r"\[([^\[\]\n]+)\]\[[^\[\]\n]*\]", r"\1"),
        (r"^ {0,3}\[(?!\^)[^\[\]\n]+\]:[ \t]*+\S++(?:[ \t]++[\"'(][^\n]*)?$", " "),
        (r"\{ ?#[\w-]+ ?\}", " "),  # the anchor of a heading
        (r"^[ \t|:+]*[-*_=]{2}[-*_=|:+ \t]*$", " "),  # rules, also those of tables
        (r"^[ \t]*#{1,6}[ \t]+", " "),
        # Quotations and lists, but not the comparison "> 5".
        (
            r"^[ \t]*(?:(?:>(?![ \t]*(?:=|[-+.$~]?\d))|[*+-](?=[ \t])|\d+[.)](?=[ \t]))[ \t]*+)+",
            " ",
        ),
        *((pattern, r"\2") for pattern in _EMPHASIS * 2),
    )
]
_TABLE_ROW = re.compile(r"^[ \t]*\|[^\n]*", re.MULTILINE)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_FOLDED = str.maketrans(dict(zip("\u2018\u2019\u201c\u201d\u2013\u2014", "''\"\"--", strict=True)))
_FORMS = [
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (r"\bcan(?:'t| not)\b", "cannot"),
        (r"\bwon't\b", "will not"),
        (r"n't\b", " not"),
        (r"(?<=\w)'ll\b", " will"),
        (r"(?<=\w)'(?:s|re|ve|d|m)\b", ""),
        (r"\bwill be\b", "be"),  # "will be returned" is said of what is returned
        (r"(?<=\d) (?=%)", ""),
    )
]
_PIECE = re.compile(r"\x00\d+\x00|[\x21-\x7e]+|[^\x00-\x7f]")
_VERSION = re.compile(r"\A[vV](?=\d)")
_EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a also an am are be being do does doing has have having here is it its just me my of our
        please simply so such that the their them then there these they this those us very we which
        who you your
        """,
    )
)
_SILENT = frozenset({"Pi", "Pf", "Ps", "Pe", "Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
_STOPS = frozenset("\u3001\u3002\uff0c\uff1a\uff1b\u2026")
_ENDING = re.compile(r"(?:ies|ied|ing|es|ed|y|s|e|d)\Z")


@lru_cache(maxsize=2_000)
def build_text_key(text: str) -> TextKey:
    """Build the key of a Markdown text; without words, the text itself."""
    tokens: list[str] = []
    fences = _FENCE.split(unicodedata.normalize("NFC", text).replace("\0", " "))
    # Every second piece is the mark of a fence, and what stands between two of them is code.
    for number, piece in enumerate(fences[::2]):
        tokens.extend(piece.split() if number % 2 else _split_prose(piece))
    return tuple(filter(None, tokens)) or (text.strip(),)


def _split_prose(prose: str) -> Iterator[str]:
    codes: list[str] = []

    def hide(match: re.Match[str]) -> str:
        codes.append(" ".join(match[2].split()))
        return f"\0{len(codes) - 1}\0"

    prose = _strip_markup(_CODE.sub(hide, _NAMED_LINK.sub(r"\1", prose)))
    for piece in prose.split():
        # A sign that stands alone is not punctuation.
        body = piece.lstrip("\"'").rstrip(".,;:\"'") or piece
        word = body.lstrip("(").rstrip(")?!") or body
        before, _, after = body.partition(word)
        yield before
        for part in _PIECE.findall(word):
            if part[0] == "\0":
                yield _normalise_code(codes[int(part[1:-1])])
            else:
                yield part if part == word and _is_letter(part) else _normalise_part(part)
        yield after


def _strip_markup(prose: str) -> str:
    """Strip the markup of prose, and write its contractions in full."""
    for pattern, replacement in _MARKUP:
        prose = pattern.sub(replacement, prose)
    # An empty cell is a statement too.
    prose = _TABLE_ROW.sub(lambda row: row[0].replace("|", " | "), prose)
    prose = html.unescape(_ESCAPE.sub(r"\1", prose)).translate(_FOLDED)
    prose = " ".join(prose.split())
    for pattern, replacement in _FORMS:
        prose = pattern.sub(replacement, prose)
    return prose


def _is_letter(word: str) -> bool:
    """Return True for a letter that stands alone, except the article."""
    return len(word) == 1 and word.isalpha() and word != "a"


def _normalise_code(code: str) -> str:
    """Return code as it is, but the stem of a plain word."""
    return _strip_inflection(code) if _PLAIN_CODE.fullmatch(code) else code


def _normalise_part(part: str) -> str:
    """Return the stem of a word, or nothing if it says nothing.

    Names, units and all that has signs or digits stay as they are: `IT`, `MB`, `5m`, `x[1:]`.
    """
    if not part.isascii():
        is_silent = unicodedata.category(part) in _SILENT or part in _STOPS
        return "" if is_silent else part.lower()
    if part != "a" and not (part.isalpha() and part[1:].islower()):
        return _VERSION.sub("", part, count=1)
    word = part.lower()
    return "" if word in _EMPTY_WORDS else _strip_inflection(word)


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
