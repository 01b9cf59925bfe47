"""The division of a streaming answer into code and prose, before its prose is checked."""

from __future__ import annotations

from collections.abc import Iterator

import regex

# A turn is where code can begin or end: an escaped backtick, a run of backticks, or a line's
# beginning (line ends, indentation, a quotation's mark, a list item's, a code block's fence).
_TURN = regex.compile(
    r"\\[\\`]|`+|\n(?:[ \t>]*\n)*[ \t]*(?P<quote>>(?:[ ]{0,3}>)*[ \t]?)?[ \t]*"
    r"(?P<mark>(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?P<fence>`{3,}|~{3,})?"
)
# The beginning of a line that could still become the mark of a list item, or a fence.
_UNDECIDED = regex.compile(r"(?:[-*+]|\d{1,9}[.)]?|`{1,2}|~{1,2})\Z")
# Inside a code span: a run that may close it, or the beginning of another block, which ends it.
_IN_SPAN = regex.compile(
    r"`+|(?P<block>\n[ \t>]*(?:\n|`{3}|~{3}|#{1,6}[ \t]|(?:[-*+]|\d{1,9}[.)])[ \t]))"
)
_MAX_CHARACTERS = 2_000  # of a code span
_MAX_INFO = 200  # characters of the rest of a line behind a fence
_INDENT = 4  # columns that make a block of code

TextPart = tuple[str, bool]
"""Text, and True if it is code."""


class CodeSplitter:
    """Divides text into code and prose, in the same way however it is cut into pieces.

    It follows CommonMark (https://spec.commonmark.org/0.31.2/). A fence opens at a line's beginning
    and is closed by one that is at least as long. Two runs of backticks of one length in one block,
    at most 2,000 characters apart, enclose a span. After an empty line, four columns of
    indentation, counted from the text of an open list item, make a block. The same holds behind the
    marks of a quotation, and a block that is open ends with it. A run without a partner is prose,
    so that a stray backtick switches no check off.
    """

    def __init__(self) -> None:
        self._held = "\n\n"  # the first line is read as if it followed an empty one
        self._unreal = len(self._held)
        self._fence = ""
        self._indented = False
        self._quoted = False  # the line, or the block of code that is open
        self._items = [0, 0]  # columns before the text of a list item: outside quotations, inside

    def feed(self, text: str, *, last: bool = False) -> Iterator[TextPart]:
        """Yield the parts that more text can't change; with `last`, all."""
        text = self._held + text
        done, self._held = 0, ""
        while turn := _TURN.search(text, done, partial=not last):
            was_in_code = self._in_code
            decision = (
                None
                if not last and _can_grow(turn, text)
                else self._decide_turn(turn, text, last=last)
            )
            if decision is None:
                self._held, text = text[turn.start() :], text[: turn.start()]
                break
            end, is_code = decision
            yield from self._emit_part(text[done : turn.start()], is_code=was_in_code)
            yield from self._emit_part(text[turn.start() : end], is_code=is_code)
            done = end
        yield from self._emit_part(text[done:], is_code=self._in_code)

    @property
    def _in_code(self) -> bool:
        return bool(self._fence or self._indented)

    def _emit_part(self, text: str, *, is_code: bool) -> Iterator[TextPart]:
        text, self._unreal = text[self._unreal :], max(self._unreal - len(text), 0)
        if text:
            yield text, is_code

    def _decide_turn(
        self, turn: regex.Match[str], text: str, *, last: bool
    ) -> tuple[int, bool] | None:
        """Return the turn's end and True for code; None while undecided."""
        if turn.group().startswith("\n"):
            return self._decide_line(turn, text, last=last)
        if self._in_code or turn.group().startswith("\\"):
            return turn.end(), self._in_code
        end = _find_span_end(turn, text, last=last)
        return None if end is None else (end, end > turn.end())

    def _decide_line(
        self, turn: regex.Match[str], text: str, *, last: bool
    ) -> tuple[int, bool] | None:
        line = _read_line_rest(turn.end(), text, last=last) if turn["fence"] else ""
        if line is None:
            return None
        if self._quoted and not _is_all_quoted(turn):
            self._fence, self._indented = "", False
        if self._fence:
            self._fence = "" if self._is_closing_fence(turn, line) else self._fence
            return turn.end(), True
        is_code = self._begin_line(turn)
        if turn["quote"] and not self._quoted:
            return turn.start("quote"), is_code
        if not turn["fence"]:
            return turn.end(), is_code
        if not self._indented and _is_opening_fence(turn["fence"], line):
            self._fence = turn["fence"]
        return turn.start("fence"), is_code  # the fence itself is the next turn, or the next part

    def _is_closing_fence(self, turn: regex.Match[str], line: str) -> bool:
        fence = turn["fence"]
        is_long_enough = fence and fence.startswith(self._fence)
        indent = _measure_indent(turn, quoted=self._quoted)
        is_outer = indent < self._items[self._quoted] + _INDENT and not turn["mark"]
        is_inside = self._quoted or not turn["quote"]
        return bool(is_long_enough and is_outer and is_inside and not line.strip())

    def _begin_line(self, turn: regex.Match[str]) -> bool:
        """Begin a line outside a fence; return True for code."""
        was_quoted, self._quoted = self._quoted, self._is_quoted(turn)
        if self._quoted and not was_quoted:
            self._items[True] = 0
        item = self._items[self._quoted]
        follows_empty = turn.group().count("\n") > 1 or self._quoted > was_quoted
        indent = _measure_indent(turn, quoted=self._quoted)
        was_indented = self._indented
        self._indented = indent >= item + _INDENT and (follows_empty or was_indented)
        if self._indented:
            return was_indented
        if turn["mark"] and self._quoted == bool(turn["quote"]):
            start = _extract_line_start(turn, quoted=self._quoted)
            self._items[self._quoted] = len(start.expandtabs(_INDENT))
        elif follows_empty and indent < item:
            self._items[self._quoted] = 0
        return False

    def _is_quoted(self, turn: regex.Match[str]) -> bool:
        """Return True for a quotation whose mark may begin code."""
        outer = _measure_indent(turn, quoted=False)
        return bool(turn["quote"]) and outer < self._items[False] + _INDENT


def _is_all_quoted(turn: regex.Match[str]) -> bool:
    """Return True if a turn begins lines of a quotation only."""
    return all(">" in line for line in turn.group().split("\n")[1:-1]) and bool(turn["quote"])


def _extract_line_start(turn: regex.Match[str], *, quoted: bool) -> str:
    """Return indentation and list mark of the line that a turn begins."""
    start = str(turn.group()).rpartition("\n")[2]
    start = start[: len(start) - len(turn["fence"] or "")]
    return start.partition(turn["quote"])[2] if quoted and turn["quote"] else start


def _measure_indent(turn: regex.Match[str], *, quoted: bool) -> int:
    start = _extract_line_start(turn, quoted=quoted)
    return len(start[: len(start) - len(start.lstrip())].expandtabs(_INDENT))


def _is_opening_fence(fence: str, line: str) -> bool:
    """Return True if a run at a line's beginning opens a block.

    Three backticks may also open a span; then there are backticks in the rest of the line.
    """
    return len(line) < _MAX_INFO and not (fence.startswith("`") and "`" in line)


def _read_line_rest(start: int, text: str, *, last: bool) -> str | None:
    """Return the rest of a line, truncated; None while it can grow."""
    end = text.find("\n", start, start + _MAX_INFO)
    if end >= 0:
        return text[start:end]
    is_decided = last or len(text) - start >= _MAX_INFO
    return text[start : start + _MAX_INFO] if is_decided else None


def _find_span_end(run: regex.Match[str], text: str, *, last: bool) -> int | None:
    """Return the end of the span that a run opens.

    Return the end of the run if it opens no span, and None while that is undecided.
    """
    furthest = run.end() + _MAX_CHARACTERS
    for match in _IN_SPAN.finditer(text, run.end()):
        if match.start() > furthest or match["block"]:
            return int(run.end())
        if match.group() == run.group():
            return int(match.end()) if last or match.end() < len(text) else None
    return int(run.end()) if last or len(text) > furthest else None


def _can_grow(turn: regex.Match[str], text: str) -> bool:
    """Return True if more text could make another turn of it."""
    begins_line = turn.group().startswith("\n")
    return turn.end() == len(text) or bool(begins_line and _UNDECIDED.match(text, turn.end()))
