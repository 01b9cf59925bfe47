"""Links, references and footnotes of a page, resolved where they are cited."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from markdown_it.common.utils import normalizeReference

from ingest.formats.dialects.masking import MaskedText

_PART = re.compile(r"\\.|!?\[|\]", re.DOTALL)
_INLINE = re.compile(
    r"\([ \t]*\n?[ \t]*(<[^<>\n]*+>|(?:[^\s()<>]|\([^\s()<>]*+\))*+)"
    r"(?:\s++(?:\"[^\"]*+\"|'[^']*+'|\([^()]*+\)))?\s*+\)"
)
_LABEL = re.compile(r"\[([^\[\]]{0,999})\]")
_PROGRAM = re.compile(r"(?:javascript|vbscript|data|file):", re.IGNORECASE)
_TASK = re.compile(r"[ xX]$")
_QUOTE_MARKS = re.compile(r"\n[ \t>]*")
_MAX_NESTED = 20
_MAX_FOOTNOTES = 100_000
"""Characters that footnotes may add to a page."""


class _Bracket(NamedTuple):
    """A pair of brackets: its opening mark, content, label as written, and the text behind it."""

    mark: str
    inner: str
    label: str
    text: str
    end: int


class LinkRenderer:
    """The links of one page.

    Args:
        references: the definitions by their labels, as markdown-it has them.
        footnotes: the texts of footnotes by their labels.
        titles: the texts of links that have none, by their targets.
        resolve: returns the address of a link as it is written; empty if none is known.
        render: renders the text of a footnote, without footnotes in it.
    """

    def __init__(
        self,
        references: Mapping[str, Mapping[str, Any]],
        footnotes: Mapping[str, str],
        titles: Mapping[str, str],
        resolve: Callable[[str], str],
        render: Callable[[str], str],
    ) -> None:
        self._references = references
        self._footnotes = {normalizeReference(f"^{key}"): text for key, text in footnotes.items()}
        self._titles = titles
        self._resolve = resolve
        self._render = render
        self._left = _MAX_FOOTNOTES

    def render(
        self, masked: MaskedText, text: str, *, footnotes: bool = True, is_table: bool = False
    ) -> str:
        """Return a text with its links resolved.

        Args:
            masked: knows what the seals in the text hide.
            text: Markdown with seals.
            footnotes: whether to put footnotes in.
            is_table: whether a bar would end a cell.

        Returns:
            the text; brackets that only look like links stay.
        """
        if "[" not in text:
            return text
        parts, openings, end = list[str](), deque[tuple[int, int, str]](maxlen=_MAX_NESTED), 0
        for match in _PART.finditer(text):
            if match.start() < end:
                continue
            parts.append(text[end : match.start()])
            end = match.end()
            if match[0] != "]":
                parts.append(match[0])
                if match[0] in {"[", "!["}:
                    openings.append((len(parts) - 1, end, match[0]))
            elif not openings:
                parts.append("]")
            else:
                place, start, mark = openings.pop()
                label = masked.reveal(text[start : match.start()])
                bracket = _Bracket(mark, "".join(parts[place + 1 :]), label, text, end)
                note = self._quote_footnote(bracket) if footnotes else None
                note = note.replace("|", "\\|") if note and is_table else note
                if note is not None and place:  # no space before it
                    parts[place - 1] = parts[place - 1].rstrip(" ")
                shown, end = (note, end) if note is not None else self._close(bracket, masked)
                parts[place:] = [shown]
        return "".join([*parts, text[end:]])

    def _close(self, bracket: _Bracket, masked: MaskedText) -> tuple[str, int]:
        """Return the link that ends here, and the place after it."""
        mark, inner, label, text, end = bracket
        inline = _INLINE.match(text, end) if text.startswith("(", end) else None
        if inline:
            return self._close_inline(bracket, inline, masked), inline.end()
        second = _LABEL.match(text, end)
        wanted = masked.reveal(second[1]) if second and second[1].strip() else label
        href = None if second is None and _TASK.fullmatch(label) else self._find(wanted)
        if href is None:
            return f"{mark}{inner}]", end
        address = "" if _PROGRAM.match(href) else self._resolve(href)
        if address.count("(") != address.count(")"):
            address = f"<{address}>"
        shown = f"{mark}{inner}]({address})" if address else inner
        return shown, second.end() if second else end

    def _close_inline(self, bracket: _Bracket, inline: re.Match[str], masked: MaskedText) -> str:
        mark, inner, *_ = bracket
        target = inline[1]
        bare = target.strip("<>").strip().replace(" ", "%20")
        if "\x02" in bare:
            return f"{mark}{inner}]{inline[0]}"
        inner = inner or (self._name_target(bare) if mark == "[" else "")
        address = self._resolve(masked.reveal(bare))
        if bare and not address:
            return inner
        return f"{mark}{inner}]{inline[0].replace(target, address, 1) if bare else inline[0]}"

    def _name_target(self, target: str) -> str:
        """Return the text of a link that has none of its own."""
        path, _, anchor = target.partition("#")
        name = PurePosixPath(path).stem if path else anchor
        return "" if "\x02" in target else self._titles.get(target.lstrip("#"), name)

    def _find(self, label: str) -> str | None:
        if not self._references or not label.strip():
            return None
        entry = self._references.get(normalizeReference(_QUOTE_MARKS.sub(" ", label)))
        return None if entry is None else str(entry["href"])

    def _quote_footnote(self, bracket: _Bracket) -> str | None:
        """Return the text of a footnote in brackets.

        Return None if there is no such footnote.
        """
        if bracket.mark != "[" or not bracket.label.startswith("^"):
            return None
        note = self._footnotes.get(normalizeReference(bracket.label))
        if note is None:
            return None
        self._left -= len(note)
        if self._left < 0:
            return ""
        shown = self._render(note).strip()
        if "```" in shown or "~~~" in shown:
            return f"\n\n{shown}\n\n"
        return f" ({' '.join(shown.split())})" if shown else ""
