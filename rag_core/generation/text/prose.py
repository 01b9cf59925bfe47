"""The prose of an answer up to a place: its line, its table's head and its last sentence."""

from __future__ import annotations

import regex

# Not after the number of a list item; a quotation mark or bracket after the stop stays with it.
SENTENCE_END = regex.compile(
    r"(?<!^\d\.)(?<!^\d\d\.)(?:(?<=[.!?])|(?<=[.!?][\"')\]]))\s+(?=[^\sa-z])|(?<=[。！？])"  # noqa: RUF001
)
_PARAGRAPH = regex.compile(r"\n[ \t]*(?=\n|[-*+>|#]|\d{1,9}[.)])")
_DELIMITER_ROW = regex.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*")
_LONGEST = 2_000  # characters of the paragraph in which a sentence is looked for
_LINE = 400  # last characters of a line that are kept
_HIDDEN = "X"  # stands for each character of code where the end of a sentence is looked for
_BLOCK = "```"  # stands for a block of code as the line before


class ProseTail:
    """The end of the prose that was read so far, without its citations.

    Attributes:
        line: the current line up to here, its last 400 characters.
        line_before: the last line with text before it.
        head: the first row of the table that the line is in; empty outside tables.
    """

    def __init__(self) -> None:
        self.line = self.line_before = self.head = ""
        self._text = self._searchable = ""
        self._searched = 0  # characters in which the end of a sentence was looked for

    def add(self, text: str, *, is_code: bool = False) -> None:
        """Add the text that follows."""
        self._text += text
        # A full stop in code ends no sentence.
        self._searchable += _HIDDEN * len(text) if is_code else text
        if len(self._text) > 2 * _LONGEST:
            self._cut(len(self._text) - _LONGEST)
        first, *others = text.split("\n")
        self.line = (self.line + first)[-_LINE:]
        for line in others:
            self._end_line()
            self.line = line[-_LINE:]

    def end_block(self) -> None:
        """Note that a block of code stands here."""
        self.line_before = _BLOCK

    def find_sentence(self) -> str:
        """Return the sentence up to here; '' at a paragraph's beginning."""
        self._cut_at_last(_PARAGRAPH, len(self._text) + 1)
        self._cut(len(self._text) - len(self._text.lstrip()))
        self._cut_at_last(SENTENCE_END, len(self._text.rstrip()))
        # No sentence ends before the last letter but those that were found.
        self._searched = max(len(self._text.rstrip()) - 1, 0)
        return self._text.strip()

    def _cut_at_last(self, pattern: regex.Pattern[str], limit: int) -> None:
        matches = pattern.finditer(self._searchable, self._searched)
        self._cut(max((match.end() for match in matches if match.end() < limit), default=0))

    def _cut(self, start: int) -> None:
        self._text, self._searchable = self._text[start:], self._searchable[start:]
        self._searched = max(self._searched - start, 0)

    def _end_line(self) -> None:
        if self.line.strip():
            if _DELIMITER_ROW.fullmatch(self.line) and "|" in self.line_before:
                self.head = self.line_before
            elif "|" not in self.line:
                self.head = ""
            self.line_before = self.line
        else:
            self.head = ""
        self.line = ""
