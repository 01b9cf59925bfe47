"""Rules by which the makers of sites name their headings in addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote, unquote

_LETTERED_SYMBOLS = re.compile(
    "[\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189]"
)
"""Circled and squared letters: symbols that Unicode counts among the alphabets."""

_VITEPRESS_SPECIAL = re.compile(
    r"[\s~`!@#$%^&*()\-_+=\[\]{}|\\;:\"'\u201c\u201d\u2018\u2019<>,.?/]+"
)
_VITEPRESS_DROPPED = re.compile(r"[\u0000-\u001f\u0300-\u036f]")
_EMOJI = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff\u200d\ufe0e\ufe0f]"
)
_MINTLIFY_DROPPED = re.compile(r"[?,;:!'\"()\[\]{}]")
_ASCIIDOC_DROPPED = re.compile(r"[^ \w\-.]")
_GITBOOK_DROPPED = re.compile(r"[^\w\s.~$-]+")
_QUOTE = re.compile(r"(^|[\s(\[{/-])?([\"'])")
_DASHES = re.compile(r"(?<!-)--(?!-)")
_DECADE = re.compile(r"'(?=\d\ds\b)")
_CURLY = {'"': "\u201c\u201d", "'": "\u2018\u2019"}


def slugify_github(text: str, *, keeps_case: bool = False) -> str:
    """Return the slug of GitHub and of the package github-slugger."""
    shown = text if keeps_case else text.lower()
    return "".join(letter for letter in shown if letter in " -" or _is_word(letter)).replace(
        " ", "-"
    )


def _is_word(letter: str) -> bool:
    category = unicodedata.category(letter)
    return (
        category[0] in "LM"
        or category in {"Nd", "Nl", "Pc"}
        or bool(_LETTERED_SYMBOLS.match(letter))
    )


def _keep_case(text: str) -> str:
    return slugify_github(text, keeps_case=True)


def slugify_mkdocs(text: str, *, is_ascii: bool = True) -> str:
    """Return the slug of Python-Markdown's table of contents."""
    text = " ".join(text.split())
    if is_ascii:
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", text).strip().lower())


def _slugify_mkdocs_unicode(text: str) -> str:
    return slugify_mkdocs(text, is_ascii=False)


def slugify_pymdownx(text: str, *, keeps_case: bool = False) -> str:
    """Return the slug of the extension pymdownx of MkDocs."""
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    text = re.sub(r"</?[^>]*>", "", text).strip()
    return re.sub(r"[^\w\- ]", "", text if keeps_case else text.lower()).replace(" ", "-")


def _slugify_pymdownx_case(text: str) -> str:
    return slugify_pymdownx(text, keeps_case=True)


def slugify_vitepress(text: str) -> str:
    """Return the slug of VitePress and VuePress."""
    text = _VITEPRESS_DROPPED.sub("", unicodedata.normalize("NFKD", text))
    text = _VITEPRESS_SPECIAL.sub("-", text)
    text = re.sub(r"-{2,}", "-", text).strip("-")
    return re.sub(r"^(?=[0-9])", "_", text).lower()


def _slugify_kramdown(text: str) -> str:
    return slugify_github(text.replace("\t", " "))


def slugify_kramdown_plain(text: str) -> str:
    """Return the slug of kramdown without GitHub's dialect."""
    text = re.sub(r"[^a-zA-Z0-9 -]", "", re.sub(r"^[^a-zA-Z]+", "", text, flags=re.MULTILINE))
    return text.replace(" ", "-").lower() or "section"


def slugify_hugo(text: str) -> str:
    """Return the slug of Hugo for a heading as it is written."""
    letters = [letter for letter in text if letter in " \t-_" or _is_letter_or_digit(letter)]
    slug = "".join("-" if letter in " \t" else letter.lower()[0] for letter in letters)
    return slug or "heading"


def _is_letter_or_digit(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] == "L" or category == "Nd"


def slugify_docutils(text: str) -> str:
    """Return the slug of docutils, and so of Sphinx and MyST."""
    from docutils.nodes import make_id

    return make_id(text)


def slugify_gitbook(text: str) -> str:
    """Return the slug of GitBook.

    Return an empty text for a heading of letters that GitBook transcribes.
    """
    text = unicodedata.normalize("NFKD", text.replace("&", " and ").lower())
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    if any(letter.isalpha() and not letter.isascii() for letter in text):
        return ""
    text = re.sub(r"[-\s]+", "-", _GITBOOK_DROPPED.sub("", text).strip())
    return f"id-{text}" if text[:1].isdigit() else text


def slugify_mintlify(text: str) -> str:
    """Return the slug of Mintlify, percent-encoded."""
    words = "-".join(text.lower().split())
    encoded = quote(words, safe="!~*'()")
    kept = "_" if encoded == words else "%_"
    encoded = re.sub(r"([a-zA-Z\d]+)'([ts])$", r"\1\2", encoded)
    return re.sub(rf"[^a-zA-Z\d{kept}]+", "-", encoded).strip("-")


def _decode_mintlify(slug: str) -> str:
    """Return the anchor of a slug, without emoji and punctuation."""
    return _EMOJI.sub("", _MINTLIFY_DROPPED.sub("", unquote(slug)))


def slugify_mdbook(text: str) -> str:
    """Return the slug of mdBook, which makes only ASCII letters small."""
    letters = (
        letter if not letter.isascii() else letter.lower()
        for letter in re.sub(r"\s", "-", text.strip())
        if letter in "-_" or letter.isalnum()
    )
    return "".join(letters)


def slugify_asciidoc(text: str) -> str:
    """Return the slug of Asciidoctor."""
    text = _ASCIIDOC_DROPPED.sub("", text.lower())
    return "_" + re.sub(r"[ .\-_]+", "_", text).strip("_")


def _replace_quotes(text: str) -> str:
    """Return text with the quotes, dashes and dots of typographers."""
    text = _DASHES.sub("\u2014", text).replace("...", "\u2026")
    text = _DECADE.sub(_CURLY["'"][1], text)
    return _QUOTE.sub(
        lambda match: f"{match[1] or ''}{_CURLY[match[2]][0 if match[1] is not None else 1]}", text
    )


def _join_dashes(text: str) -> str:
    return re.sub(r"-{2,3}", "\u2013", text)


def _keep_text(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class SlugRule:
    """The rule by which a maker makes anchors of headings.

    Attributes:
        slugify: makes the slug of the heading's text.
        separator: what stands between the slug and the number of a second equal one.
        numbers: how equal slugs are told apart: the first number that is `free`; the `next` one,
            though it may be taken; a number `counted` on from that in the slug, as `a_1` makes
            `a_2`; a number for each `stem`, with which slugs with other numbers count; or an
            `automatic` name such as `id1` in place of the slug.
        first: the number of the second equal slug.
        automatic: what automatic names begin with.
        is_written: whether the Markdown of the heading counts, and not the text that it shows.
        has_alt: whether the text of an image counts.
        has_emoji: whether the code of an emoji counts by its name.
        keeps_named: which headings can't have an anchor that one names: `all`, those `below` it,
            or `none`.
        names_all: true if a heading that names an anchor has its own besides.
        has_html: whether a heading in HTML without an id gets one.
        levels: the levels of the headings that get an anchor.
        has_entities: whether entities count as they are written.
        numbers_empty: whether an empty slug gets a number, too.
        typeset: changes text, though not code, as the maker does before.
        finish: makes the anchor of the slug and its number.
    """

    slugify: Callable[[str], str]
    separator: str = "-"
    numbers: Literal["free", "next", "counted", "stem", "automatic"] = "free"
    first: int = 1
    automatic: str = "id"
    is_written: bool = False
    has_alt: bool = False
    has_emoji: bool = True
    keeps_named: Literal["all", "below", "none"] = "none"
    names_all: bool = False
    has_html: bool = False
    levels: range = range(1, 7)
    has_entities: bool = False
    numbers_empty: bool = True
    typeset: Callable[[str], str] = _keep_text
    finish: Callable[[str], str] = _keep_text


def _build_mkdocs_rule(slugify: Callable[[str], str]) -> SlugRule:
    return SlugRule(slugify, separator="_", numbers="counted", has_emoji=False, keeps_named="all")


_DOCUTILS = SlugRule(slugify_docutils, numbers="automatic", keeps_named="below", names_all=True)

SLUGS: dict[str, SlugRule | None] = {
    "github": SlugRule(slugify_github, has_alt=True, has_html=True),
    "case": SlugRule(_keep_case, has_alt=True, has_html=True),
    "docusaurus": SlugRule(slugify_github, has_alt=True),
    "mkdocs": _build_mkdocs_rule(slugify_mkdocs),
    "mkdocs-unicode": _build_mkdocs_rule(_slugify_mkdocs_unicode),
    "pymdownx": _build_mkdocs_rule(slugify_pymdownx),
    "pymdownx-case": _build_mkdocs_rule(_slugify_pymdownx_case),
    "vitepress": SlugRule(
        slugify_vitepress, has_emoji=False, has_entities=True, keeps_named="below"
    ),
    "kramdown": SlugRule(_slugify_kramdown, numbers="next", typeset=_join_dashes),
    "kramdown-plain": SlugRule(slugify_kramdown_plain, numbers="next", is_written=True),
    "docutils": _DOCUTILS,
    "sphinx": _DOCUTILS,
    "myst": _DOCUTILS,
    "myst-smartquotes": replace(_DOCUTILS, typeset=_replace_quotes),
    "hugo": SlugRule(slugify_hugo, is_written=True, keeps_named="below"),
    "starlight": SlugRule(slugify_github, typeset=_replace_quotes),
    "nextra": SlugRule(slugify_github, keeps_named="below", levels=range(2, 7)),
    "gitbook": SlugRule(slugify_gitbook, numbers_empty=False),
    "mintlify": SlugRule(
        slugify_mintlify,
        numbers="stem",
        first=2,
        levels=range(1, 5),
        numbers_empty=False,
        has_html=True,
        typeset=_replace_quotes,
        finish=_decode_mintlify,
    ),
    "mdbook": SlugRule(slugify_mdbook, numbers="next"),
    "asciidoc": SlugRule(slugify_asciidoc, separator="_", first=2, keeps_named="below"),
    "none": None,
}
"""The rules by the values of the option `anchors` of a source; None makes no anchors."""
