"""An answer's text while it streams: code is told from prose, before anything in it is checked."""

from __future__ import annotations

from collections.abc import Iterator

import regex

# A backtick that is escaped, a run of backticks, or a line's beginning: line ends, indentation, the
# mark of a list, the fence of a block of code.
_TURN = regex.compile(
    r"\\[\\`]|`+|\n[ \t\n]*(?P<mark>(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?P<fence>`{3,}|~{3,})?"
)
# What follows a line's beginning and could still become the mark of a list, or a fence.
_UNDECIDED = regex.compile(r"(?:[-*+]|\d{1,9}[.)]?|`{1,2}|~{1,2})\Z")
# Inside a span of code: a run that may close it, or the beginning of another block, which ends it.
_IN_SPAN = regex.compile(
    r"`+|(?P<block>\n[ \t]*(?:\n|`{3}|~{3}|#{1,6}[ \t]|(?:[-*+]|\d{1,9}[.)])[ \t]))"
)
# Not after the number of a list item; a quotation mark or bracket after the stop stays with it.
SENTENCE_END = regex.compile(
    r"(?<!^\d\.)(?<!^\d\d\.)(?:(?<=[.!?])|(?<=[.!?][\"')\]]))\s+(?=[^\sa-z])|(?<=[。！？])"  # noqa: RUF001
)
_PARAGRAPH = regex.compile(r"\n[ \t]*(?=\n|[-*+>|#]|\d{1,9}[.)])")
_LONGEST = 2_000
_LONGEST_INFO = 200
_INDENT = 4

TextPart = tuple[str, bool]


class CodeSplitter:
    """Divides text into code and prose, the same however it is cut into pieces.

    As CommonMark has it (https://spec.commonmark.org/0.31.2/): a fence opens at a line's beginning
    and is closed by one that is at least as long; runs of backticks of one length in one block, not
    farther apart than 2,000 characters, stand around a span; after an empty line, four columns of
    indentation, counted from the text of an open list item, make a block. A run without a partner
    is prose: a stray backtick switches no check off.
    """

    def __init__(self) -> None:
        self._held = "\n\n"  # as if an empty line stood before the first one
        self._unreal = len(self._held)
        self._fence = ""
        self._indented = False
        self._item = 0

    def feed(self, text: str, *, last: bool = False) -> Iterator[TextPart]:
        """Parts that are decided, each with whether it is code; `last` decides the rest."""
        text = self._held + text
        done, self._held = 0, ""
        while turn := _TURN.search(text, done, partial=not last):
            before = self._in_code
            taken = (
                None
                if not last and _can_grow(turn, text)
                else self._decide_turn(turn, text, last=last)
            )
            if taken is None:
                self._held, text = text[turn.start() :], text[: turn.start()]
                break
            end, code = taken
            yield from self._emit_part(text[done : turn.start()], code=before)
            yield from self._emit_part(text[turn.start() : end], code=code)
            done = end
        yield from self._emit_part(text[done:], code=self._in_code)

    @property
    def _in_code(self) -> bool:
        return bool(self._fence or self._indented)

    def _emit_part(self, text: str, *, code: bool) -> Iterator[TextPart]:
        text, self._unreal = text[self._unreal :], max(self._unreal - len(text), 0)
        if text:
            yield text, code

    def _decide_turn(
        self, turn: regex.Match[str], text: str, *, last: bool
    ) -> tuple[int, bool] | None:
        """Where the turn ends and whether it is code; None where more text decides."""
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
        if self._fence:
            self._fence = "" if self._is_closing_fence(turn, line) else self._fence
            return turn.end(), True
        code = self._begin_line(turn)
        if not turn["fence"]:
            return turn.end(), code
        if not self._indented and _is_opening_fence(turn["fence"], line):
            self._fence = turn["fence"]
        return turn.start("fence"), code  # the fence itself is the next turn, or the next part

    def _is_closing_fence(self, turn: regex.Match[str], line: str) -> bool:
        fence = turn["fence"]
        long_enough = fence and fence.startswith(self._fence)
        near = _measure_indent(turn) < self._item + _INDENT and not turn["mark"]
        return bool(long_enough and near and not line.strip())

    def _begin_line(self, turn: regex.Match[str]) -> bool:
        """A line begins outside of a fence; whether its beginning is code."""
        empty = turn.group().count("\n") > 1
        deep = _measure_indent(turn) >= self._item + _INDENT
        was, self._indented = self._indented, deep and (empty or self._indented)
        if self._indented:
            return was
        if turn["mark"]:
            self._item = len(_extract_line_start(turn).expandtabs(_INDENT))
        elif empty and _measure_indent(turn) < self._item:
            self._item = 0
        return False


def _extract_line_start(turn: regex.Match[str]) -> str:
    """Indentation and list mark of the line that a turn begins."""
    begin = str(turn.group()).rpartition("\n")[2]
    return begin[: len(begin) - len(turn["fence"] or "")]


def _measure_indent(turn: regex.Match[str]) -> int:
    begin = _extract_line_start(turn)
    return len(begin[: len(begin) - len(begin.lstrip())].expandtabs(_INDENT))


def _is_opening_fence(fence: str, line: str) -> bool:
    """Whether a run at a line's beginning opens a block: three backticks may open a span, too."""
    return len(line) < _LONGEST_INFO and not (fence.startswith("`") and "`" in line)


def _read_line_rest(at: int, text: str, *, last: bool) -> str | None:
    """The rest of a line, cut where it is very long; None where more text decides."""
    end = text.find("\n", at, at + _LONGEST_INFO)
    if end >= 0:
        return text[at:end]
    decided = last or len(text) - at >= _LONGEST_INFO
    return text[at : at + _LONGEST_INFO] if decided else None


def _find_span_end(run: regex.Match[str], text: str, *, last: bool) -> int | None:
    """Where the span ends that a run of backticks opens, or the run; None where undecided."""
    furthest = run.end() + _LONGEST
    for found in _IN_SPAN.finditer(text, run.end()):
        if found.start() > furthest or found["block"]:
            return int(run.end())
        if found.group() == run.group():
            return int(found.end()) if last or found.end() < len(text) else None
    return int(run.end()) if last or len(text) > furthest else None


def _can_grow(turn: regex.Match[str], text: str) -> bool:
    """Whether more text could make another turn of it."""
    begins_line = turn.group().startswith("\n")
    return turn.end() == len(text) or bool(begins_line and _UNDECIDED.match(text, turn.end()))


def find_last_sentence(text: str) -> str:
    """The sentence that a marker behind the text belongs to; empty at a paragraph's beginning."""
    paragraph = _PARAGRAPH.split(text[-_LONGEST:])[-1].strip()
    return str(SENTENCE_END.split(paragraph)[-1]).strip()
