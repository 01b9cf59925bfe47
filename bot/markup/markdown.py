"""Markdown for Slack: neutralise its mentions, break its addresses, escape its signs."""

# ruff: noqa: RUF001  (full stops of other languages)

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter
from urllib.parse import quote

from rag_core.generation.text.code_splitter import CodeSplitter, TextPart
from rag_core.generation.text.links.addresses import BREAK, find_addresses
from rag_core.generation.text.links.markdown_map import MarkdownReader

TICK = "\u02cb"
"""A sign that looks like a backtick, and begins no code."""

_MENTION = re.compile(
    r"<(?:@(?=[UW][A-Z0-9]+[>|])|#(?=[CG][A-Z0-9]+[>|])"
    r"|!(?=(?:here|channel|everyone|group)[>|]|(?:subteam|date)\^))"
)
_SIGIL = re.compile(r"[<&\\][^\n]{0,20}[@#!3-6]")
_OPEN_MENTION = re.compile(r"<(?:[@#][A-Z0-9]{0,30}|!(?:[a-z]{0,9}))?\Z")
_LONGEST_OPEN = 40
_ADDRESS_JOINT = re.compile(r"(?<=[.．｡。@])(?=[^\W_])|(?<=:)(?=\S)")
_CODE = re.compile(r"[`~]|(?:\A|\n) *\t|(?:\A|\n)    ")
# A line's beginning that may still become code.
_LINE_START = re.compile(r"(?:\A|\n)[ \t\n]*(?:(?:[-*+]|\d{1,9}[.)]?)[ \t]*)?\Z")
_LINK_SCHEMES = ("http://", "https://")
_LONGEST_URL = 2_000
_PLAIN_LIMIT = 300
# Slack reads no HTML, and shows a table that it does not take as text.
_READERS = (MarkdownReader(html=False, tables=True), MarkdownReader(html=False, tables=False))


def neutralise_mentions(text: str) -> str:
    """Break mentions such as `<!here>` and `<@U1>` with an invisible space.

    Code stays as it is, since people copy it: Slack reads no mentions there.
    """
    if "<" not in text:
        return text
    parts = split_code(text, last=True)
    broken = "".join(part if is_code else break_mentions(part) for part, is_code in parts)
    return break_live_mentions(broken)


def break_mentions(prose: str) -> str:
    """Break the mentions of text without code."""
    return _MENTION.sub(lambda match: match[0] + BREAK, prose)


def break_live_mentions(text: str) -> str:
    """Break the mentions that CommonMark sees outside of code."""
    if not _SIGIL.search(text):
        return text
    text = re.sub(r"\r\n?", "\n", text)  # the places count line feeds
    for reader in _READERS:
        for leaf in reversed(reader.read(text).leaves):
            if leaf.kind != "inline":
                continue
            words, spans = leaf.read_words()
            for mention in reversed(list(_MENTION.finditer(words))):
                at = spans[mention.end() - 1][1]
                place = (leaf.places or [])[at - 1 : at]
                at = place[0] + 1 if place else leaf.start
                text = text[:at] + BREAK + text[at:]
    return text


def cut_open_mention(prose: str) -> str:
    """Cut text before a mention that has not ended."""
    opened = _OPEN_MENTION.search(prose, max(len(prose) - _LONGEST_OPEN, 0))
    return prose[: opened.start()] if opened else prose


def split_code(text: str, *, last: bool) -> list[TextPart]:
    """Split Markdown into code and prose; with `last` false, the decided beginning.

    The parts of a longer text begin with those of its beginning.
    """
    if not _CODE.search(text):  # as the splitter does it
        opened = None if last else _LINE_START.search(text)
        return [(text[: opened.start()] if opened else text, False)]
    parts = CodeSplitter().feed(text, last=last)
    return [
        ("".join(part for part, _ in group), is_code)
        for is_code, group in groupby(parts, key=itemgetter(1))
    ]


def escape(text: str) -> str:
    """Escape plain text for a `mrkdwn` field: no links, no mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_words(text: str) -> str:
    """Escape words for a `mrkdwn` field: no links, no mentions, no code."""
    return escape(text).replace("`", TICK)


def break_addresses(words: str) -> str:
    """Break the addresses of words without markup with invisible spaces.

    Slack links each address and each name in a text by itself.
    """
    parts, at = "", 0
    for address in find_addresses(words):
        parts += words[at : address.start] + _ADDRESS_JOINT.sub(BREAK, address.text)
        at = address.end
    return parts + words[at:]


def escape_line(text: str) -> str:
    """Escape text from outside as one line, without mentions or code."""
    return escape(" ".join(text.split())).replace("`", "'")


def escape_plain(text: str) -> str:
    """Escape text from outside as one short line."""
    return escape_line(shorten(text, _PLAIN_LIMIT))


def format_link(url: str, label: str) -> str:
    """Format a `mrkdwn` link; return the label if Slack can't open it."""
    if not can_link(url):
        return escape_words(label)
    url = re.sub(r"[|<>`\s]", lambda match: quote(match[0]), url)
    return f"<{url.replace('&', '&amp;')}|{escape_words(label)}>"


def can_link(url: str) -> bool:
    """Return True for an address that a `mrkdwn` link can have."""
    return url.startswith(_LINK_SCHEMES) and len(url) <= _LONGEST_URL


def shorten(text: str, limit: int) -> str:
    """Shorten a text to one line of at most `limit` characters.

    An ellipsis stands for the words that are left out.
    """
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    return (head.rpartition(" ")[0] or head) + "…"
