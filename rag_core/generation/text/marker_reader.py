"""The reading of markers and links in the prose of an answer, as it streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import regex

from rag_core.generation.text.brackets import (
    FOLLOWING,
    BracketJudge,
    Surroundings,
    Verdict,
    is_decided,
)
from rag_core.generation.text.code_splitter import CodeSplitter
from rag_core.generation.text.markers import (
    BEGINNING,
    CONTINUATION,
    MARKERS,
    PARENTHESES,
    SHOWN_FORM,
    Marker,
    list_markers,
)
from rag_core.generation.text.prose import ProseTail

# Each part has an upper length, so that a text is read alike as a whole and in pieces.
_TARGET = r"<?(?P<target>[^()\s<>]{0,1000}(?:\([^()\s<>]{0,200}\)[^()\s<>]{0,200})?)>?"
_LINK = regex.compile(
    rf"!?\[(?P<label>[^\[\]\n]{{0,300}})\]\({_TARGET}(?:[ ]\"[^\"\n]{{0,200}}\")?\)"
)
_REFERENCE_LINK = regex.compile(r"!?\[(?P<label>[^\[\]\n]{1,300})\]\[(?P<name>[^\[\]\n]{0,100})\]")
_CALLED = regex.compile(r"[\w\]`--\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}]", regex.V1)
_ADDRESS_SIGN = regex.compile(r"[:/#]|\.(?:mdx?|html?|rst|txt|ipynb|pdf)\Z")
_SPACES = " \u00a0"
_MOST_SPACES = 8  # that are held back, since a marker that is left out takes them with it


@dataclass(frozen=True, slots=True)
class ReferenceLink:
    """A link such as `[label][name]`, whose target stands elsewhere in the answer."""

    text: str
    label: str
    name: str


ProsePart = str | ReferenceLink


class MarkerReader:
    """Passes prose through as it streams, with each marker as readers see it.

    Text that could still become a marker or a link is held back until more text decides it.

    Args:
        passages: how many can be cited.
        cite: takes a sentence and a number; True if the number is to be shown.
    """

    def __init__(self, passages: int, cite: Callable[[str, int], bool]) -> None:
        self._passages = passages
        self._cite = cite
        self._judge = BracketJudge(passages)
        self._prose = ProseTail()
        self._held = ""
        self._last, self._behind = False, ""
        self._follows_marker = False

    def add_code(self, code: str, *, is_span: bool) -> None:
        """Add code that stands in the prose."""
        self._follows_marker = False
        if is_span:
            self._prose.add(code, is_code=True)
        else:
            self._prose.end_block()

    def feed(self, text: str, *, last: bool = False, behind: str = "") -> Iterator[ProsePart]:
        """Yield the prose that more text can't change.

        Args:
            text: that follows.
            last: True if nothing of the same kind follows.
            behind: the beginning of what follows then; '' at the answer's end.

        Yields:
            Text as it is shown, and links whose target is not known yet.
        """
        text, self._held = self._held + text, ""
        self._last, self._behind = last, behind
        at = 0
        while match := BEGINNING.search(text, at, partial=not last):
            start = match.start()
            lead = text[at:start].rstrip(_SPACES)
            yield from self._emit(lead)
            at += len(lead)
            decision = None if match.partial else self._decide(text, start, start - at)
            if decision is None:
                self._held = text[at:]
                return
            end, parts = decision
            yield from parts
            at = end
        yield from self._emit_rest(text, at)

    def _emit(self, text: str) -> Iterator[str]:
        if text:
            self._prose.add(text)
            self._follows_marker = False
            yield text

    def _emit_rest(self, text: str, at: int) -> Iterator[str]:
        rest = text[at:]
        spaces = min(len(rest) - len(rest.rstrip(_SPACES)), _MOST_SPACES) if not self._last else 0
        self._held = rest[len(rest) - spaces :]
        yield from self._emit(rest[: len(rest) - spaces])

    def _decide(self, text: str, start: int, spaces: int) -> tuple[int, list[ProsePart]] | None:
        """Return end and parts of one link or group; None while undecided."""
        partial, gap = not self._last, text[start - spaces : start]
        link = _LINK.match(text, start, partial=partial)
        group = MARKERS.match(text, start, partial=partial)
        reference = _REFERENCE_LINK.match(text, start, partial=partial)
        if any(match and match.partial for match in (link, group, reference)):
            return None
        if group and partial and not self._is_complete(text, group.end()):
            return None
        is_call = link is not None and not spaces and self._is_call(link)
        group = _select_form(group, text) if group and not is_call else None
        if group and (shown := self._replace_markers(group, spaces, text)) is not None:
            return group.end(), [shown]
        if link:
            return link.end(), list(self._emit(gap + link[0]))
        if reference and not group:
            self._prose.add(gap + reference["label"])
            parts: list[ProsePart] = [
                gap,
                ReferenceLink(reference[0], reference["label"], reference["name"]),
            ]
            return reference.end(), parts
        end = group.end() if group else start + 1
        return end, list(self._emit(gap + text[start:end]))

    def _is_call(self, link: regex.Match[str]) -> bool:
        """Return True for code such as `args[0](x)`, written without backticks."""
        before = self._prose.line[-1:]
        is_attached = _CALLED.match(before) is not None and not self._follows_marker
        return is_attached and not _ADDRESS_SIGN.search(link["target"])

    def _is_complete(self, text: str, end: int) -> bool:
        """Return True if neither the group nor its judgement can change."""
        more = CONTINUATION.match(text, end, partial=True)
        return not (more and more.partial) and is_decided(text[end : end + FOLLOWING])

    def _replace_markers(self, group: regex.Match[str], spaces: int, text: str) -> str | None:
        """Return spaces and group for the reader; None if it is text."""
        following = text[group.end() : group.end() + FOLLOWING]
        markers, gap = list_markers(group), text[group.start() - spaces : group.start()]
        around = Surroundings(
            self._prose,
            not (spaces or self._follows_marker),
            bool(group["paren"] or group[0][0] in PARENTHESES),
            following or self._behind,
        )
        verdict = self._judge.judge(markers, around)
        if verdict == "text":
            return None
        sentence = self._prose.find_sentence()
        shown = [self._list_shown(marker, sentence, verdict) for marker in markers]
        if verdict == "reference" and not any(shown):
            return None
        self._prose.add(gap)
        self._follows_marker = True
        if not any(marker.numbers for marker in markers):
            return gap
        replaced = _render_group(group, markers, shown)
        # A bracket behind the marker would make a link of it.
        between = " " if following[:1] in {"(", "["} else ""
        return gap + replaced + between if replaced else ""

    def _list_shown(self, marker: Marker, sentence: str, verdict: Verdict) -> list[int]:
        """List the numbers of a marker that readers see."""
        return [
            number
            for number in dict.fromkeys(marker.numbers)
            if 1 <= number <= self._passages
            and (self._cite(sentence, number) or verdict == "reference")
        ]


def _select_form(group: regex.Match[str], text: str) -> regex.Match[str] | None:
    """Return the first markers of one form.

    An answer's own bracket may stand beside a citation, as in "The port is [19530] 【1】." Return
    None for several forms in a parenthesis or between stars: what these hold is judged alone.
    """
    markers, start = list_markers(group), group.start("marks")
    alike = list(takewhile(lambda marker: marker.form == markers[0].form, markers))
    if len(alike) == len(markers):
        return group
    is_bare = start == group.start()
    return MARKERS.match(text, start, start + alike[-1].end) if is_bare else None


def _render_group(
    group: regex.Match[str], markers: Sequence[Marker], shown: Sequence[Sequence[int]]
) -> str:
    """Render a group with the numbers that are shown; '' without any."""
    kept = dict.fromkeys(number for numbers in shown for number in numbers)
    wanted = {number for marker in markers for number in marker.numbers}
    if len(kept) < len(wanted):
        return _format_numbers(kept)
    text, at = "", 0
    for marker, numbers in zip(markers, shown, strict=True):
        text += group["marks"][at : marker.start] + _format_numbers(numbers)
        at = marker.end
    start, end = (place - group.start() for place in group.span("marks"))
    return str(group[0][:start] + text + group[0][end:])


def _format_numbers(numbers: Iterable[int]) -> str:
    return "".join(map(SHOWN_FORM.format, numbers))


def strip_markers(text: str, *, passages: int) -> str:
    """Return a whole answer without its markers; its own brackets stay.

    Args:
        text: as it was shown.
        passages: how many an answer cites at most.
    """
    reader = MarkerReader(passages, lambda _sentence, _number: False)
    shown: list[str] = []
    for part, is_code in (*CodeSplitter().feed(text, last=True), ("", True)):
        if is_code:
            is_span = is_code_span(part)
            rest = reader.feed("", last=True, behind="`" if is_span else "\n" if part else "")
            shown += [*map(_get_text, rest), part]
            reader.add_code(part, is_span=is_span)
        else:
            shown += map(_get_text, reader.feed(part))
    return "".join(shown)


def _get_text(part: ProsePart) -> str:
    return part if isinstance(part, str) else part.text


def is_code_span(code: str) -> bool:
    """Return True for a span; in a block, backticks are separate parts."""
    return code.startswith("`") and code.strip("`") != ""
