"""An answer's text while it streams: code is told from prose, before anything in it is checked."""

from __future__ import annotations

from collections.abc import Iterator

import regex

# A run of backticks or tildes, or a line's beginning: line ends, indentation, the mark of a list.
_TURN = regex.compile(r"`+|~{3,}|\n[ \t\n]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?")
# What follows a line's beginning and could still become the mark of a list.
_LIST_MARK = regex.compile(r"(?:[-*+]|\d{1,9}[.)]?)\Z")
# Not after the number of a list item; a quotation mark or bracket after the stop stays with it.
SENTENCE_END = regex.compile(
    r"(?<!^\d\.)(?<!^\d\d\.)(?:(?<=[.!?])|(?<=[.!?][\"')\]]))\s+(?=[^\sa-z])|(?<=[。！？])"  # noqa: RUF001
)
_PARAGRAPH = regex.compile(r"\n[ \t]*(?=\n|[-*+>|#]|\d{1,9}[.)])")
_LONGEST = 2_000
_INDENT = 4
_FENCE = 3


class CodeSplitter:
    """Divides text into code and prose, the same however it is cut into pieces.

    Code stands between runs of backticks or tildes of one length, or is indented by four columns
    after an empty line, counted from the text of an open list item.
    """

    def __init__(self) -> None:
        self._held = "\n\n"  # as if an empty line stood before the first one
        self._unreal = len(self._held)
        self._fence = ""
        self._indented = False
        self._item = 0

    def feed(self, text: str, *, last: bool = False) -> Iterator[tuple[str, bool]]:
        """Parts that are decided, each with whether it is code; `last` decides the rest."""
        text = self._held + text
        self._held = ""
        done = 0
        while turn := _TURN.search(text, done, partial=not last):
            if not last and _may_grow(turn, text):
                self._held = text[turn.start() :]
                text = text[: turn.start()]
                break
            yield from self._part(text[done : turn.start()])
            yield from self._part(turn.group(), code=self._turn(turn.group()))
            done = turn.end()
        yield from self._part(text[done:])

    def _part(self, text: str, *, code: bool | None = None) -> Iterator[tuple[str, bool]]:
        text, self._unreal = text[self._unreal :], max(self._unreal - len(text), 0)
        if text:
            yield text, bool(self._fence or self._indented) if code is None else code

    def _turn(self, mark: str) -> bool:
        """Take a turn into account; whether it is code itself."""
        if mark.startswith("\n"):
            return self._line(mark)
        if not self._indented:
            # Only a run of the same length closes what a run has opened.
            self._fence = "" if mark == self._fence else self._fence or mark
        return True

    def _line(self, mark: str) -> bool:
        if len(self._fence) >= _FENCE:
            return True
        begin = mark.rpartition("\n")[2]
        indent = len(begin[: len(begin) - len(begin.lstrip())].expandtabs(_INDENT))
        empty = mark.count("\n") > 1
        if empty:
            self._fence = ""  # a lone backtick must not turn the rest of the answer into code
        deep = indent >= self._item + _INDENT
        was, self._indented = self._indented, deep and (empty or self._indented)
        if self._indented:
            return was
        if begin.strip():
            self._item = len(begin.expandtabs(_INDENT))
        elif empty and indent < self._item:
            self._item = 0
        return False


def _may_grow(turn: regex.Match[str], text: str) -> bool:
    """Whether more text could make another turn of it."""
    begins_line = turn.group().startswith("\n")
    return turn.end() == len(text) or bool(begins_line and _LIST_MARK.match(text, turn.end()))


def last_sentence(text: str) -> str:
    """The sentence that a marker behind the text belongs to; empty at a paragraph's beginning."""
    paragraph = _PARAGRAPH.split(text[-_LONGEST:])[-1].strip()
    return str(SENTENCE_END.split(paragraph)[-1]).strip()
