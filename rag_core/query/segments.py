"""Segments of a message: the sentences, lines and joined questions that may be parts of it."""

# ruff: noqa: RUF001  (marks and words of other languages)

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag_core.query.follow_up import find_signs

MOST_SEGMENTS = 4
"""A longer message is divided into no more: sentences that ask nothing join the next one."""

_FEW_WORDS = 3  # content words without which a sentence that asks nothing belongs to the next
_ASKING = r"""(?:how|what|what's|why|where|when|which|who|whose|is|are|isn't|aren't|can|could
    |(?:does|do|did)(?!\s+not\b)|doesn't|should|shall|will|would|may|must|explain|show|tell|describe|list|compare
    |wie|was|warum|wieso|weshalb|wo|wann|welche[rnsm]?|wer|wem|wofür|womit|gibt|kann|können|ist
    |sind|muss|müssen|soll|sollte|darf
    |как|что|почему|зачем|где|когда|кака?я|каки[ехм]|како[йвме]\w*|сколько|кто|можно|есть|нужно|чем
    |comment|que|qu'est-ce|quoi|pourquoi|où|quand|quelles?|quels?|qui|combien|est-ce|peut-on
    |faut-il|existe-t-il|y\s+a-t-il
    |cómo|qué|por\s+qué|dónde|cuándo|cuál(?:es)?|quién|puedo|hay)(?![\w'-])"""
_CONJUNCTION = r"""(?:and\s+(?:also|then)|and|also|plus|or|as\s+well\s+as|but
    |und\s+auch|und|sowie|außerdem|oder|и\s+(?:ещё|еще|также)|и|а\s+также|а|также|или
    |et\s+aussi|et|ainsi\s+que|ou|y\s+también|y|e)"""
_ASKS = re.compile(
    rf"""\s*(?:(?:{_CONJUNCTION}|please|bitte)\s+)?{_ASKING}|.*[?？]["')\]»”]*\s*$
        |.*,\s*(?:how|what|why|where|which|can|is|wie|was|warum|как|почему|comment)\b
        |.*(?:如何|怎么|怎样|什么|为什么|哪|是否|能否|吗|呢|ですか|ますか|でしょうか)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_ITEM = re.compile(r"^(?:[-*•–]|\(?\d{1,2}[.):、]|\(?[a-d][.)]) ", re.MULTILINE)
_NUMBER = re.compile(r"(?:^|(?<=[\s:;,.?!：；，。？！]))\(?[1-4][.)）、] ?(?=[^\W\d])")
_LINE_END = re.compile("\n")
_SENTENCE_END = re.compile(
    rf"""(?<=[?!])["')\]»”]*\ (?=\S)|(?<=[。？！；])(?=\S)|;[ ]
        |(?<=[^\W_][^\W_][.])(?<!\bvs\.)(?<!\betc\.)\ (?=(?-i:[^\W\d_a-zà-ÿа-я])|{_ASKING})""",
    re.IGNORECASE | re.VERBOSE,
)
_JOINT = re.compile(
    rf"""(?:\ ?[,;]\ ?|\ ){_CONJUNCTION}\ (?={_ASKING})
        |[,，;；]\s*(?:以及|还有|另外|并且|而且|同时|また|あと|それと)[、,，]?
        |(?<=[\u3040-\u9fff])(?:以及|还有|和)(?=如何|怎么|怎样|什么|为什么|哪|是否|能否)""",
    re.IGNORECASE | re.VERBOSE,
)
# Code, quotations and addresses are never divided.
_WHOLE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]{1,200}`|\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”|«[^»\n]{1,200}»|「[^」\n]{1,200}」|https?://\S+",
    re.DOTALL,
)
_FILLER = "\ue000"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a message that may be a question of its own.

    Attributes:
        text: the piece, without the mark of a list.
        asks: True if it seems to ask something.
        opens_line: True if it begins a line of the message.
        is_item: True if it is an item of a list.
    """

    text: str
    asks: bool
    opens_line: bool = False
    is_item: bool = False

    def join(self, following: Segment) -> Segment:
        """Return both as one segment."""
        text = f"{self.text} {following.text}"
        return replace(self, text=text, asks=self.asks or following.asks)


def split_message(text: str) -> tuple[Segment, ...]:
    """Split a message; a plain question is one segment.

    There are at most `MOST_SEGMENTS`.
    """
    # Runs of spaces first become one, which also keeps the patterns quick.
    lines = (" ".join(line.split()) for line in text.splitlines())
    segments = _join_short(list(_list_segments("\n".join(filter(None, lines)))))
    while len(segments) > MOST_SEGMENTS:
        # A sentence that asks nothing says what the next question is about.
        silent = (place for place, each in enumerate(segments[:-1]) if not each.asks)
        place = next(silent, len(segments) - 2)
        segments[place : place + 2] = [segments[place].join(segments[place + 1])]
    return tuple(segments)


def count_questions(segments: Sequence[Segment]) -> int:
    """Count the segments that seem to ask something."""
    return sum(each.asks or each.is_item for each in segments)


def _list_segments(text: str) -> Iterator[Segment]:
    masked = _WHOLE.sub(lambda match: _FILLER * len(match[0]), text)
    cuts = sorted(
        (match.start(), match.end(), kind)
        for kind, pattern in (
            ("item", _ITEM),
            ("item", _NUMBER),
            ("line", _LINE_END),
            ("", _SENTENCE_END),
            ("", _JOINT),
        )
        for match in pattern.finditer(masked)
    )
    if sum(kind == "item" for *_, kind in cuts) < 2:  # a number in a sentence is no list
        cuts = [cut for cut in cuts if cut[2] != "item" or _ITEM.match(masked, cut[0])]
    start, marks = 0, {"line"}
    for begin, end, kind in [*cuts, (len(text), len(text), "")]:
        if begin < start:
            start, marks = max(start, end), marks | {kind}
            continue
        if piece := text[start:begin].strip(" ,;，；\t\n"):
            yield Segment(piece, bool(_ASKS.match(piece)), "line" in marks, "item" in marks)
            marks = set()
        start, marks = end, marks | {kind}


def _join_short(segments: Sequence[Segment]) -> list[Segment]:
    """Join greetings, headings and fragments with the segment after or before them."""
    joined: list[Segment] = []
    for segment in segments:
        previous = joined[-1] if joined else None
        if previous and (_is_heading(previous) or _is_short(segment) or _is_short(previous)):
            joined[-1] = segment if previous and _is_heading(previous) else previous.join(segment)
        else:
            joined.append(segment)
    return joined


def _is_short(segment: Segment) -> bool:
    if segment.is_item:
        return False
    words = find_signs(segment.text).words
    return not words or (not segment.asks and words < _FEW_WORDS)


def _is_heading(segment: Segment) -> bool:
    """Return True for a line such as "Two questions:"."""
    return segment.text.endswith((":", "：")) and len(segment.text.split()) <= 8
