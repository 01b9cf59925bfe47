"""Stretches of a text that no rewriter may change: code spans, formulas and addresses."""

from __future__ import annotations

import re

from ingest.formats.code_spans import find_inline_spans

_SEALS = re.compile(r"[\x02\x03]")
_SEALED = re.compile(r"\x02(\d+)\x03")
_OTHERS = re.compile(
    r"\$\$[^$]{1,2000}\$\$"
    r"|(?<![\\$\w])\$(?=[^\s$])[^$\n`]{0,300}(?<=[^\s\\$])\$(?![\d\w$])"
    r"|<(?:https?|ftp|mailto):[^\s<>]{1,2000}>"
    r"|\bhttps?://[^\s<>\x02()\[\]\"'`]+"
)


class MaskedText:
    """A text whose code, formulas and addresses are behind numbered seals.

    Attributes:
        text: the text with the seals, for rewriters.
    """

    def __init__(self, text: str, *, code_only: bool = False) -> None:
        self._hidden: list[str] = []
        parts, end = [], 0
        for start, stop in find_inline_spans(text) if "`" in text else ():
            parts += [_SEALS.sub("", text[end:start]), self.seal(text[start:stop])]
            end = stop
        self._codes = len(self._hidden)
        self.text = "".join([*parts, _SEALS.sub("", text[end:])])
        if not code_only and ("$" in self.text or "://" in self.text or "mailto:" in self.text):
            self.text = _OTHERS.sub(self._seal_match, self.text)

    def _seal_match(self, match: re.Match[str]) -> str:
        is_formula = match[0].startswith("$")
        return self.seal(match[0] if is_formula else match[0].replace("&amp;", "&"))

    def seal(self, hidden: str) -> str:
        """Hide a text and return the seal that stands for it."""
        self._hidden.append(hidden)
        return f"\x02{len(self._hidden) - 1}\x03"

    def reveal(self, text: str) -> str:
        """Return a text with what the seals hide."""
        return _SEALED.sub(lambda match: self.open_seal(match[1]), text)

    def open_seal(self, number: str) -> str:
        """Return what the seal of this number hides."""
        place = int(number[:9])
        hidden = self._hidden[place] if place < len(self._hidden) else ""
        # A formula may hold code; code itself is never looked into.
        return hidden if place < self._codes else _SEALED.sub(self._reveal_code, hidden)

    def _reveal_code(self, match: re.Match[str]) -> str:
        place = int(match[1][:9])
        return self._hidden[place] if place < self._codes else ""
