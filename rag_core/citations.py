"""Citations are checked while the answer streams: a `[n]` without a passage is never shown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_core.types import Citation, Passage

# Both patterns allow the same 40 characters, so that a text is read alike whole and in pieces.
_MARKER = re.compile(r" ?\[(?=[\d,\s]{1,40}\])(\d+(?:\s*,\s*\d+)*)\](?!\()")
_CODE = re.compile(r"(`+|~{3,}|\n\n+)")
# What could still become a marker, the space before it included, a fence or a paragraph.
_UNFINISHED = re.compile(r" ?\[[\d,\s]{0,40}\]?\Z| \Z|`+\Z|~+\Z|\n+\Z")


class CitationChecker:
    """Passes text through as it streams and drops markers that point at nothing.

    `[n]` inside code is code. Text that could still become a marker is held back until it is
    decided; `close` gives the rest.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._cited: list[int] = []
        self._held = ""
        self._fence = ""

    def feed(self, text: str) -> str:
        """The checked text that is ready to be shown."""
        text = self._held + text
        held = _UNFINISHED.search(text)
        self._held = held.group() if held else ""
        return self._check(text[: len(text) - len(self._held)])

    def close(self) -> str:
        """What was held back, checked."""
        text, self._held = self._held, ""
        return self._check(text)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The passages cited so far, in the order of their first marker."""
        return tuple(Citation(number, self._passages[number - 1]) for number in self._cited)

    def _check(self, text: str) -> str:
        shown = []
        for part in _CODE.split(text):
            if part.startswith("\n\n"):
                # A lone backtick must not turn the rest of the answer into code.
                self._fence = self._fence if len(self._fence) >= 3 else ""
                shown.append(part)
            elif part.startswith(("`", "~~~")):
                # A run of backticks or tildes opens code; only a run of the same length closes it.
                self._fence = "" if part == self._fence else self._fence or part
                shown.append(part)
            else:
                shown.append(part if self._fence else _MARKER.sub(self._keep, part))
        return "".join(shown)

    def _keep(self, marker: re.Match[str]) -> str:
        numbers = [int(number) for number in marker.group(1).split(",")]
        valid = [number for number in numbers if 1 <= number <= len(self._passages)]
        self._cited.extend(number for number in dict.fromkeys(valid) if number not in self._cited)
        if not valid:
            return ""
        space = " " if marker.group().startswith(" ") else ""
        return space + "".join(f"[{number}]" for number in valid)
