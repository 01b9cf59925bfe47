"""Words for Discord: its signs are escaped, addresses have no preview, links are masked."""

from __future__ import annotations

import re
from urllib.parse import quote

from bot.markup.markdown import can_link
from rag_core.generation.text.links.addresses import BREAK, find_link_breaks

LONGEST_ADDRESS = 1_000
"""A longer address would leave no room for the text around it."""

# Discord knows nothing of CommonMark's rules for words: it is read from each sign on.
_SIGNS = re.compile(
    r"[*`]"
    r"|\\(?=[^0-9A-Za-z\s]|\Z)"
    r"|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])"
    r"|~(?=~|\Z)|(?<=~)~|\A~"
    r"|\|(?=\||\Z)|(?<=\|)\||\A\|"
    r"|<(?=[^\s\d=]|\Z)"
    r"|@(?=everyone|here)"
    r"|(?<=\])\("
    r"|:(?=//)|:(?=(?!\d+:)[\w+-]{1,40}:)"
)
_LINE_MARK = re.compile(r"^([^\S\n]*)(?=(?:#{1,3}|-#|[-+]|>{1,3})(?:\s|\Z))", re.MULTILINE)
_LINE_NUMBER = re.compile(r"^([^\S\n]*\d{1,10})(?=[.)](?:\s|\Z))", re.MULTILINE)
_ADDRESS = re.compile(r"(?<![0-9A-Za-z])https?://[^\s<>]+", re.IGNORECASE)
_BEHIND_ADDRESS = ".,:;!?\"'`*_~|]})"
_BRACKETS = re.compile(r"[\[\]]|://")
_TICKS = re.compile(r"`+")


def render_words(text: str) -> str:
    """Render words; an address becomes a link without a preview."""
    shown, at = "", 0
    for match in _ADDRESS.finditer(text):
        if BREAK in match[0] or len(match[0]) > LONGEST_ADDRESS:
            continue
        address = _trim_address(match[0])
        shown += escape_words(text[at : match.start()]) + f"<{address}>"
        at = match.start() + len(address)
    return shown + escape_words(text[at:])


def escape_words(words: str) -> str:
    """Escape words: Discord shows them without markup, mentions or links."""
    # Discord links no bare names, so that these need no invisible breaks.
    for at in reversed(find_link_breaks(words)):
        words = words[:at] + words[at + 1 :]
    return _SIGNS.sub(lambda match: f"\\{match[0]}", words)


def escape_line_starts(text: str) -> str:
    """Escape what would begin a heading, a list or a quotation."""
    return _LINE_NUMBER.sub(r"\1\\", _LINE_MARK.sub(r"\1\\", text))


def format_link(address: str, label: str, words: str) -> str:
    """Format a link without a preview.

    Args:
        address: the target.
        label: the label in Discord's dialect.
        words: the label as plain words.

    Returns:
        A masked link; the label with the address behind it if Discord would not mask it; the label
        alone if it can't be a link.
    """
    label = label.replace("\n", " ")
    if not can_link(address) or len(address) > LONGEST_ADDRESS:
        return label
    target = re.sub(r"[()<>\\|*`\s]", lambda match: quote(match[0]), address)
    if not words.strip() or words == address:
        return f"<{target}>"
    # Discord shows the source of a link whose label looks like an address or holds a bracket.
    return f"{label} (<{target}>)" if _BRACKETS.search(words) else f"[{label}](<{target}>)"


def format_code(code: str) -> str:
    """Format inline code, in which backticks end nothing."""
    code = _TICKS.sub(lambda match: BREAK.join(match[0]), code.replace("\n", " "))
    if "`" not in code:
        return f"`{code}`"
    # Discord takes a space away between two backticks only.
    before, after = (" " if sign == "`" else "" for sign in (code[0], code[-1]))
    return f"``{before}{code}{after}``"


def fence_code(code: str, language: str = "") -> str:
    """Put code into a fence, which nothing in it ends."""
    body = re.sub(r"`{3,}", lambda match: BREAK.join(match[0]), code.strip("\n"))
    return f"```{language}\n{body}\n```" if body.strip() else ""


def _trim_address(address: str) -> str:
    """Remove punctuation and a stray bracket behind an address."""
    while address[-1] in _BEHIND_ADDRESS:
        if address[-1] == ")" and address.count("(") >= address.count(")"):
            break
        address = address[:-1]
    return address
