"""Links of a streaming answer as plain text, for surfaces that show no Markdown."""

from __future__ import annotations

import re

from rag_core.generation.text.code_splitter import CodeSplitter

_LABEL = r"!?\[(?P<label>(?:[^\[\]\n]|\[[^\[\]\n]*\])*)"
_LINK = re.compile(
    rf"{_LABEL}\]\(\s*<?(?P<address>[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?"
    r"(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?\s*\)"
    r"|<(?P<bare>(?:https?|mailto):[^<>\s]+)>"
)
# A text that ends here could still become a link.
_BEGUN = re.compile(rf"{_LABEL}(?:\[[^\[\]\n]*|\](?:\([^\n]*)?)?\Z|!\Z|<[^<>\s]*\Z|\\\Z")
_ADDRESS = re.compile(r"[:/#.]")
# Behind a word or a bracket only this is an address: `args[0](x.y)` is a call.
_CLEAR_ADDRESS = re.compile(r"\w+://|mailto:|\.{0,2}/|#")
_CALLED = re.compile(r"[\w\])]")
# What would be a link, but is a call or an index, as in `args\[0](x)`.
_ESCAPED = re.compile(r"(?<=[\w\])])\\(?=\[)")
_LONGEST = 2_000  # characters of a link that is waited for
_HIDDEN = "\x7f"  # stands for each character of code where links are looked for


class LinkFlattener:
    """Writes `[text](address)` as its text, with the address behind it the first time.

    It gives the same text however the answer is cut into pieces, and leaves code alone.
    """

    def __init__(self) -> None:
        self._splitter = CodeSplitter()
        self._held = self._mask = ""
        self._before = ""  # the last character that was returned
        self._shown: set[str] = set()

    def feed(self, text: str, *, last: bool = False) -> str:
        """Return what more text can't change; with `last`, all."""
        for part, is_code in self._splitter.feed(text, last=last):
            self._held += part
            self._mask += re.sub(r"[^\n]", _HIDDEN, part) if is_code else part
        self._remove_escapes()
        end = len(self._mask) if last else self._find_decided()
        text, mask = self._held[:end], self._before + self._mask[:end]
        self._held, self._mask = self._held[end:], self._mask[end:]
        flat = self._flatten(text, mask, len(self._before))
        self._before = mask[-1:]
        return flat

    def _remove_escapes(self) -> None:
        for escape in reversed([*_ESCAPED.finditer(self._before + self._mask)]):
            at = escape.start() - len(self._before)
            self._held = self._held[:at] + self._held[at + 1 :]
            self._mask = self._mask[:at] + self._mask[at + 1 :]

    def _find_decided(self) -> int:
        """Return the end of the text in which no link has begun."""
        at = max(0, len(self._mask) - _LONGEST)
        while begun := _BEGUN.search(self._mask, at):
            link = _LINK.match(self._mask, begun.start())
            if link is None:
                return begun.start()
            at = link.end()
        return len(self._mask)

    def _flatten(self, text: str, mask: str, ahead: int = 0) -> str:
        """Flatten the links of a text; its mask begins `ahead` earlier."""
        flat, done = "", 0
        for match in _LINK.finditer(mask, ahead):
            flat += text[done : match.start() - ahead] + self._format_link(match, text, ahead)
            done = match.end() - ahead
        return flat + text[done:]

    def _format_link(self, match: re.Match[str], text: str, ahead: int) -> str:
        address = match["address"] or match["bare"] or ""
        is_called = _CALLED.match(match.string, match.start() - 1) if match.start() else None
        is_link = _CLEAR_ADDRESS.match(address) if is_called else _ADDRESS.search(address)
        if not is_link and match["bare"] is None:
            return text[match.start() - ahead : match.end() - ahead]
        start, end = match.span("label")
        label = self._flatten(text[start - ahead : end - ahead], match["label"]) if end > 0 else ""
        if match[0].startswith("!"):
            return label
        is_new = address not in self._shown
        self._shown.add(address)
        if not label or label == address:
            return address
        return f"{label} ({address})" if is_new else label
