"""Reasoning in an LLM's text, `<think>` and its kin: found in the stream and never shown."""

# ruff: noqa: RUF001  (words and signs of other languages)

from __future__ import annotations

import regex

from rag_core.reasoning_signs import FIRST_CHARACTERS, FIRST_WORD, is_like_reasoning

_NAMES = "think|thinking|thoughts?|reasoning|reflection|scratchpad|inner_monologue|analysis"
_SPECIAL = r"<\|(?:end|start|im_start|im_end|return|eot_id)\|>(?:assistant)?\s{0,20}"
_CHANNEL = rf"(?:{_SPECIAL}){{0,2}}<\|channel\|>"
_FINAL = rf"{_CHANNEL}final[^<>]{{0,60}}<\|message\|>"
_TAG = rf"<(?:[a-z]{{1,20}}:)?(?:{_NAMES})(?:\s[^<>]{{0,100}})?>"
_CLOSING_TAG = rf"</(?:[a-z]{{1,20}}:)?(?:{_NAMES})\s{{0,9}}>"
# What opens and closes each kind of reasoning. Each pattern has an upper length, so that a text is
# read alike as a whole and in pieces.
_KINDS = {
    "tag": (_TAG, _CLOSING_TAG),
    "capitals": (r"\[THINK\]", r"\[/THINK\]"),
    "signs": ("◁think▷", "◁/think▷"),
    "token": (
        r"<\|(?:begin_of_thought|START_THINKING|thinking)\|>",
        r"<\|(?:end_of_thought|END_THINKING|/thinking)\|>",
    ),
    "unused": ("<unused94>(?:thought)?", "<unused95>"),
    "half_token": (r"<\|channel>thought", r"<channel\|>"),
    "details": (r"<details\stype=\"reasoning\"[^<>]{0,100}>", "</details>"),
    "channel": (rf"{_CHANNEL}(?:analysis|commentary)[^<>]{{0,60}}<\|message\|>", _FINAL),
    # The same without its special tokens: "analysisWe need to ...assistantfinalMilvus ..."
    "stripped": (
        r"(?-i:analysis(?=(?:We|User|The|I|Need|Question|Let|They|Okay|So|Looking|Hmm)\W))",
        "assistantfinal",
    ),
}
_OPENING = regex.compile(
    "|".join(f"(?P<{kind}>{opening})" for kind, (opening, _) in _KINDS.items()), regex.IGNORECASE
)
# A tag that the reasoning itself quotes as code does not close it.
_CLOSING = {
    kind: regex.compile(f"`?{closing}", regex.IGNORECASE) for kind, (_, closing) in _KINDS.items()
}
_STRAY = "|".join(_KINDS[kind][1] for kind in ("tag", "capitals", "signs", "token", "channel"))
_ANY_TAG = regex.compile(f"(?P<opening>{_TAG})|{_STRAY}", regex.IGNORECASE)
# What stands around an answer that follows its reasoning.
_WRAPPER = regex.compile(
    r"(?:<(?:answer|output|response|final_answer)>"
    rf"|<\|(?:begin_of_solution|START_RESPONSE)\|>|{_FINAL}|{_SPECIAL})\s{{0,20}}",
    regex.IGNORECASE,
)
_WRAPPER_END = regex.compile(
    r"\s{0,20}(?:</(?:answer|output|response|final_answer)>"
    r"|<\|(?:end_of_solution|END_RESPONSE|end|return|im_end|eot_id)\|>)\s{0,20}\Z",
    regex.IGNORECASE,
)

_FENCE = regex.compile(
    r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)\Z"
)
_CODE_INDENT = regex.compile(r"(?: {4}|[ ]{0,3}\t)")
_LIST_MARK = regex.compile(r"[ \t>]*(?:[-*+•]|\d{1,9}[.)])[ \t]*")
_BLOCK_ENDS = ".!?…。！？)]}\"'”’*"


def strip_reasoning(text: str) -> str:
    """Return a text without its reasoning; '' if nothing else is there."""
    reasoning = ReasoningFilter()
    shown = reasoning.feed(text)
    restarts, rest = reasoning.restarts, reasoning.flush()
    return rest if reasoning.restarts > restarts else shown + rest


class ReasoningFilter:
    """Passes text through as it streams, without the LLM's reasoning.

    Reasoning stands at the beginning of the text or of a paragraph, and goes on to its closing tag
    or to the end. A closing tag without an opening one makes reasoning of all text before it, if it
    stands where a block ends and text follows it. Tags in code, within a sentence and as an example
    are the answer's own.

    Attributes:
        restarts: how often a closing tag has made reasoning of text that was returned already. The
            text before the call that counts it is then no part of the answer.
    """

    def __init__(self) -> None:
        self.restarts = 0
        self._state = self._read_start
        self._held = ""
        self._blank: list[str] = []
        self._kept: list[str] | None = []  # the beginning, until it is judged; then None
        self._closing = _CLOSING["tag"]
        self._is_last = self._is_kept_back = self._has_returned = self._has_reasoning = False
        self._may_be_wrapped = False  # in tags that stand around an answer behind its reasoning
        self._mentions = 0
        self._place = _Place()
        self._shown: list[str] = []
        self._end = ""  # of the shown text, which may turn out to be the wrapper's end

    def feed(self, text: str) -> str:
        """Return the text that can be shown."""
        return self._read(text, last=False)

    def flush(self, *, is_cut: bool = False) -> str:
        """Return the text that was held back, unless it is reasoning.

        If the LLM was cut off, a beginning that may be reasoning is not shown.
        """
        if is_cut and self._is_kept_back and self._kept is not None:
            self._kept.clear()
        return self._read("", last=True)

    def _read(self, text: str, *, last: bool) -> str:
        rest: str | None = self._held + text
        self._held, self._is_last = "", last
        while rest is not None:
            rest = self._state(rest)
        self._judge_beginning()
        shown = "".join(self._shown)
        self._shown.clear()
        if self._may_be_wrapped:
            shown = self._hold_wrapper_end(shown)
        self._has_returned |= bool(shown)
        return shown

    def _read_start(self, text: str) -> str | None:
        """Read an answer's beginning; return the rest, None while undecided."""
        start = text.lstrip()
        self._blank.append(text[: len(text) - len(start)])
        if not start and not self._is_last:
            return None
        for pattern in (_OPENING, _WRAPPER):
            match = pattern.match(start, partial=not self._is_last)
            if match and not self._is_last and match.end() == len(start):
                self._held = start
                return None
            if match and (pattern is _OPENING or self._has_reasoning or "final" in match[0]):
                return self._leave_start(match, start)
        if not self._has_reasoning:
            self._shown += self._blank
        self._blank.clear()
        self._state = self._read_answer
        return start

    def _leave_start(self, match: regex.Match[str], text: str) -> str:
        self._blank.clear()
        self._may_be_wrapped |= not self._has_shown
        self._has_reasoning = True
        self._shown += self._kept or ()
        self._kept = None
        if match.re is _OPENING:
            self._open_reasoning(str(match.lastgroup))
        return text[match.end() :]

    def _open_reasoning(self, kind: str) -> None:
        self._closing = _CLOSING[kind]
        self._has_reasoning = True
        self._state = self._read_reasoning

    def _read_reasoning(self, text: str) -> str | None:
        match = self._closing.search(text, partial=not self._is_last)
        if match is None:
            return None
        if match.partial:
            self._held = text[match.start() :]
            return None
        if not match[0].startswith("`"):
            self._begin_answer()
        return text[match.end() :]

    def _begin_answer(self) -> None:
        """Forget what was read of the answer: it was reasoning."""
        self._state, self._place, self._mentions = self._read_start, _Place(), 0
        self._blank.clear()
        self._has_reasoning = True

    def _read_answer(self, text: str) -> str | None:
        match = _ANY_TAG.search(text, partial=not self._is_last)
        end = match.start() if match else len(text)
        self._show(text[:end])
        if match is None:
            return None
        following = text[match.end() :]
        # The text behind a closing tag tells whether it ends reasoning.
        if not self._is_last and not following.strip():
            self._held = text[end:]
            return None
        if match["opening"] and self._place.is_paragraph_start and self._has_shown:
            self._open_reasoning("tag")
        elif not match["opening"] and self._is_stray(following[:1]):
            if not following.strip() and self._place.is_in_sentence:
                self._show(match[0])
            elif following.strip() or is_like_reasoning("".join(self._kept or ())):
                self._drop_shown()
        else:
            self._mentions += 1 if match["opening"] and not self._place.is_code else 0
            self._show(match[0])
        return text[match.end() :]

    def _is_stray(self, following: str) -> bool:
        """Return True if a closing tag before this character ends reasoning."""
        if self._place.is_code or (self._place.is_example and not self._is_kept_back):
            return False
        if self._mentions:
            self._mentions -= 1
            return False
        ends_block = self._place.is_line_start or self._place.last in _BLOCK_ENDS
        begins_block = following in {"", "\n"} or following.isalnum()
        return self._is_kept_back or ends_block or begins_block

    @property
    def _has_shown(self) -> bool:
        return bool(self._shown or self._kept or self._has_returned)

    def _show(self, text: str) -> None:
        if text:
            self._place.feed(text)
            (self._shown if self._kept is None else self._kept).append(text)

    def _drop_shown(self) -> None:
        """Take the text so far for reasoning."""
        self.restarts += self._has_returned
        self._has_returned, self._end = False, ""
        self._kept = None
        self._shown.clear()
        self._may_be_wrapped = True
        self._begin_answer()

    def _judge_beginning(self) -> None:
        """Show the beginning as soon as it can't be reasoning."""
        if self._kept is None or (self._is_kept_back and not self._is_last):
            return
        beginning = "".join(self._kept)
        if not self._is_last and FIRST_WORD.match(beginning, partial=True):
            is_short = len(beginning) < FIRST_CHARACTERS
            self._is_kept_back = not is_short and is_like_reasoning(beginning)
            if is_short or self._is_kept_back:
                return
        if beginning or self._is_last:
            self._shown.append(beginning)
            self._kept, self._is_kept_back = None, False

    def _hold_wrapper_end(self, text: str) -> str:
        text = self._end + text
        match = _WRAPPER_END.search(text, partial=not self._is_last)
        self._end = text[match.start() :] if match and not self._is_last else ""
        return text[: match.start()] if match else text


class _Place:
    """The place that a text has reached: in code or not, and what stands before it.

    Attributes:
        last: the character before it.
    """

    def __init__(self) -> None:
        self.last = "\n"
        self._line = ""  # its first characters: more tell nothing about a fence
        self._ticks = 0
        self._fence = ""
        self._is_behind_colon = False

    @property
    def is_code(self) -> bool:
        """True in a block of code or in a code span."""
        is_indented = _CODE_INDENT.match(self._line) is not None
        return bool(self._fence) or self._ticks % 2 == 1 or is_indented

    @property
    def is_line_start(self) -> bool:
        """True if only spaces stand before it on its line."""
        return not self._line.strip()

    @property
    def is_in_sentence(self) -> bool:
        """True behind a space on a line with words."""
        return self.last in " \t" and not self.is_line_start

    @property
    def is_paragraph_start(self) -> bool:
        """True at a line's start, but not in code, nor where a line promises an example."""
        return self.is_line_start and not self.is_code and not self._is_behind_colon

    @property
    def is_example(self) -> bool:
        """True for all of a list item, and for all of a line behind one that promises it."""
        is_promised = self.is_line_start and self._is_behind_colon
        return is_promised or _LIST_MARK.fullmatch(self._line) is not None

    def feed(self, text: str) -> None:
        """Move behind a text that follows."""
        first, *others = text.split("\n")
        self._extend_line(first)
        for line in others:
            self._end_line()
            self._extend_line(line)

    def _extend_line(self, text: str) -> None:
        self._line = (self._line + text)[:40] if len(self._line) < 40 else self._line
        self._ticks += text.count("`")
        self.last = text[-1:] or self.last

    def _end_line(self) -> None:
        match = _FENCE.match(self._line)
        if match and not self._fence:
            self._fence = match["fence"]
        elif match and match["fence"].startswith(self._fence) and not match["info"].strip():
            self._fence = ""
        if self._line.strip():
            self._is_behind_colon = self.last in ":："
        self._line, self._ticks, self.last = "", 0, "\n"
