"""Links of a streaming answer as plain text, for surfaces that show no Markdown."""

from __future__ import annotations

import re

from rag_core.generation.code_splitter import CodeSplitter

_LINK = re.compile(
    r"!?\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]"
    r"\(\s*<?([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?(?:\s+\"[^\"\n]*\")?\s*\)"
    r"|<((?:https?|mailto):[^<>\s]+)>"
)
# A text that ends here could still become a link.
_BEGUN = re.compile(
    r"!?\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*(?:\[[^\[\]\n]*|\](?:\([^\n)]*(?:\([^\n)]*\)[^\n)]*)?"
    r"(?:\([^\n)]*)?)?)?\Z|!\Z|<[^<>\s]*\Z"
)
_ADDRESS = re.compile(r"[:/#.]")
_LONGEST = 2_000  # characters of a link that is waited for


class LinkFlattener:
    """Writes `[text](address)` as its text, with the address behind it the first time.

    It gives the same text however the answer is cut into pieces, and leaves code alone.
    """

    def __init__(self) -> None:
        self._splitter = CodeSplitter()
        self._held = ""
        self._shown: set[str] = set()

    def feed(self, text: str, *, last: bool = False) -> str:
        """Return what more text can't change; with `last`, all."""
        flat = ""
        for part, is_code in self._splitter.feed(text, last=last):
            if is_code:
                flat += self._flatten(self._held) + part
                self._held = ""
            else:
                flat += self._feed_prose(part)
        if last:
            flat += self._flatten(self._held)
            self._held = ""
        return flat

    def _feed_prose(self, text: str) -> str:
        text = self._held + text
        begun = _BEGUN.search(text, max(0, len(text) - _LONGEST))
        end = begun.start() if begun else len(text)
        self._held = text[end:]
        return self._flatten(text[:end])

    def _flatten(self, text: str) -> str:
        return _LINK.sub(self._format_link, text)

    def _format_link(self, match: re.Match[str]) -> str:
        label, address = match[1] or "", match[2] or match[3] or ""
        if not _ADDRESS.search(address):
            return match[0]  # such as `args[0](x)`, which is no link
        if match[0].startswith("!"):
            return label
        is_new = address not in self._shown
        self._shown.add(address)
        if not label or label == address:
            return address
        return f"{label} ({address})" if is_new else label
