"""A streaming answer as plain text, for surfaces that show no Markdown: links, signs, names."""

from __future__ import annotations

import re

from rag_core.generation.text.code_splitter import CodeSplitter
from rag_core.generation.text.links.addresses import BREAK, find_link_breaks

_LABEL = r"!?\[(?P<label>(?:[^\[\]\n]|\[[^\[\]\n]*\])*)"
_LINK = re.compile(
    rf"{_LABEL}\]\(\s*<?(?P<address>[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?"
    r"(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?\s*\)"
    r"|<(?P<bare>(?:https?|mailto):[^<>\s]+)>"
)
# A text that ends here could still become a link, or an entity.
_BEGUN = re.compile(
    rf"{_LABEL}(?:\[[^\[\]\n]*|\](?:\([^\n]*)?)?\Z|!\Z|<[^<>\s]*\Z|&[a-z]{{0,3}}\Z|\\\Z"
)
_ADDRESS = re.compile(r"[:/#.]")
# Behind a word or a bracket only this is an address: `args[0](x.y)` is a call.
_CLEAR_ADDRESS = re.compile(r"\w+://|mailto:|\.{0,2}/|#")
_CALLED = re.compile(r"[\w\])]")
# What would be a link, but is a call or an index, as in `args\[0](x)`.
_ESCAPED = re.compile(r"(?<=[\w\])])\\(?=\[)")
# As docent and LLMs write a tag that is text.
_ENTITY = re.compile(r"&(?:lt|gt|amp);")
_SIGNS = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_WORD = re.compile(r"\S*\Z")
_LONGEST = 2_000  # characters of a link that is waited for
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s]*\Z")
_END = "\x1f"  # stands behind each address of a link
_BEHIND = re.compile(rf"{_END}+(?=[\w@/\\?#&=%+$~-])")
_HIDDEN = "\x7f"  # stands for each character of code where links are looked for


class LinkFlattener:
    """Writes `[text](address)` as its text, with the address behind it the first time.

    Entities become their signs, and names lose docent's invisible breaks. It gives the same text
    however the answer is cut into pieces, and leaves code alone.
    """

    def __init__(self) -> None:
        self._splitter = CodeSplitter()
        self._held = self._mask = ""
        self._before = ""  # the mask of the word that was begun
        self._shown: set[str] = set()
        self._is_behind_address = False

    def feed(self, text: str, *, last: bool = False) -> str:
        """Return what more text can't change; with `last`, all."""
        for part, is_code in self._splitter.feed(text, last=last):
            self._held += part.replace(_END, " ")
            self._mask += re.sub(r"[^\n]", _HIDDEN, part) if is_code else part.replace(_END, " ")
        self._decode_signs()
        end = len(self._mask) if last else self._find_decided()
        before, whole = self._before, self._before + self._mask
        # A terminal links an address with a scheme, so that its breaks stay.
        found = (at for at in find_link_breaks(whole) if not _SCHEME.search(whole, 0, at))
        breaks = {at - len(before) for at in found}
        kept = [at for at in range(end) if at not in breaks]
        text = "".join(self._held[at] for at in kept)
        mask = before[-1:] + "".join(self._mask[at] for at in kept)
        self._before = _get_word(before + self._mask[:end])
        self._held, self._mask = self._held[end:], self._mask[end:]
        return self._join(self._flatten(text, mask, len(before[-1:])))

    def _decode_signs(self) -> None:
        """Remove escapes, and turn entities into signs that are not markup."""
        for pattern in (_ESCAPED, _ENTITY):
            for match in reversed([*pattern.finditer(self._before + self._mask)]):
                start, end = (at - len(self._before) for at in match.span())
                sign = _SIGNS.get(match[0], "")
                self._held = self._held[:start] + sign + self._held[end:]
                self._mask = self._mask[:start] + _HIDDEN * len(sign) + self._mask[end:]

    def _find_decided(self) -> int:
        """Return the end of the text that more text can't change."""
        at = max(0, len(self._mask) - _LONGEST)
        end = self._find_begun(at)
        word = _get_word(self._mask)
        if BREAK not in word:
            return end
        end = min(end, len(self._mask) - len(word))
        around = (link for link in _LINK.finditer(self._mask, at) if link.end() > end)
        return min(end, next((link.start() for link in around), end))

    def _find_begun(self, at: int) -> int:
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

    def _join(self, text: str) -> str:
        """Put a blank between an address and a word behind it."""
        text = (_END if self._is_behind_address and text else "") + text
        if text:
            self._is_behind_address = text.endswith(_END)
        return _BEHIND.sub(" ", text).replace(_END, "")

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
        if not label.strip(_END) or label == address:
            return f"{address}{_END}"
        return f"{label} ({address}){_END}" if is_new else label


def _get_word(mask: str) -> str:
    """Return the word in which a text ends."""
    match = _WORD.search(mask, max(0, len(mask) - _LONGEST))
    return match[0] if match else ""
