"""Segments of a message: the sentences, lines and joined questions that may be parts of it."""

# ruff: noqa: RUF001  (marks and words of other languages)

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from rag_core.query.follow_up import find_signs
from rag_core.query.verbatim import mark_verbatim

MOST_SEGMENTS = 4
"""A longer message is divided into no more: sentences that ask nothing join the next one."""

_FEW_WORDS = 3  # content words without which a sentence that asks nothing belongs to the next
_ASKING = r"""(?:when(?=\s+(?:do|does|did|is|are|was|were|will|would|should|can|could|must|to)\b)
    |how|what|what's|why|where|which|who|whose|is|are|isn't|aren't|can|could
    |(?:does|do|did)(?!\s+not\b)|doesn't|should|shall|will|would|may|must|explain|show|tell|describe|list|compare
    |wie|was|warum|wieso|weshalb|wo|wann|welche[rnsm]?|wer|wem|wofür|womit|gibt|kann|können|ist
    |sind|muss|müssen|soll|sollte|darf
    |как|что|почему|зачем|где|когда|кака?я|каки[ехм]|како[йвме]\w*|сколько|кто|можно|есть|нужно|чем
    |comment|que|qu'est-ce|quoi|pourquoi|où|quand|quelles?|quels?|qui|combien|est-ce|peut-on
    |faut-il|existe-t-il|y\s+a-t-il
    |c[oó]mo|qué|por\s+qu[eé]|d[oó]nde|cu[aá]ndo|cu[aá]l(?:es)?|quién|puedo|hay)(?![\w'-])"""
_CONJUNCTION = r"""(?:and\s+(?:also|then)|and|also|plus|or|as\s+well\s+as|but
    |und\s+auch|und|sowie|außerdem|oder|и\s+(?:ещё|еще|также)|и|а\s+также|а|также|или
    |et\s+aussi|et|ainsi\s+que|ou|y\s+también|y|e)"""
_ASKS = re.compile(
    rf"""[\s¿]*(?:(?:{_CONJUNCTION}|please|bitte)\s+)?[¿]?{_ASKING}|.*[?？]["')\]»”]*\s*$
        |.*[,:：]\s*(?:how|what|why|where|which|can|is|wie|was|warum|как|почему|comment)\b
        |.*(?:如何|怎么|怎样|什么|为什么|哪|是否|能否|吗|呢|ですか|ますか|でしょうか)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_OPENS = re.compile(rf"[\s¿]*{_ASKING}", re.IGNORECASE | re.VERBOSE)
_ITEM = re.compile(r"^(?:[-*•–]|\(?\d{1,2}[.):、]|\(?[a-d][.)]) ", re.MULTILINE)
_NUMBER = re.compile(r"(?:^|(?<=[\s:;,.?!：；，。？！]))\(?[1-4][.)）、] ?(?=[^\W\d])")
_LINE_END = re.compile("\n")
_SENTENCE_END = re.compile(
    rf"""(?<=[?!])["')\]»”]*\ (?=\S)|(?<=[。？！；])(?=\S)|;[ ]
        |(?<=[?!])(?=[\u3040-\u30ff\u3400-\u9fff])
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

# What stands before a list of questions, and not before a list of facts or steps.
_NAMES_QUESTIONS = re.compile(
    r"""\b(?:questions?|topics?|things?|wonder\w*|help|explain|clarify|(?:know|info\w*|learn)\ about
        |how\ to|interested|fragen|themen|dinge|wissen|erkl\w+|hilfe|questions|sujets|choses|savoir
        |preguntas|temas|cosas|saber|dudas)\b|вопрос|помо[гщ]|тем[аы]\b|узнать|问题|疑问|请教|質問|疑問""",
    re.IGNORECASE | re.VERBOSE,
)
_POINTS = re.compile(
    r"""\b(?:following|these|those|each|both|folgende\w*|diese|suivant\w*|siguientes?|estos|estas)\b
        |следующ|эти\b|以下|下列|这些|下記|次の""",
    re.IGNORECASE | re.VERBOSE,
)
_DESCRIBES = re.compile(  # what a question is about, and not what it asks
    r"\b(?:steps|settings?|config|configurations?|setup|environment|versions?|errors?|logs?|output"
    r"|machines?|schritte\w*|umgebung|fehler)\b|шаг|настройк|环境|步骤|错误|エラー|環境|手順",
    re.IGNORECASE,
)
_IN_LINE_HEADING = re.compile(
    r"""(?:[^\W_]+\ ){0,4}(?:questions?|things|topics|fragen|dinge|вопрос\w*|preguntas|cosas)
        \s*:\ (?=\S)
        |[^\s:：]{0,8}(?:问题|疑问|質問)[:：]\s*(?=\S)""",
    re.IGNORECASE | re.VERBOSE,
)
_TOLD = re.compile(r"(?:what|how|where|was|wie)\s+(?:I|we|ich|wir)\b[^?？]*$", re.IGNORECASE)
# A line such as "Milvus version: 2.4.1".
_FACT = re.compile(r"[^\s:：=?？]+(?: [^\s:：=?？]+){0,3}\s?[:：=]\s?[^\s/]")
_FIGURE = re.compile(r"(?<!\w)v?\d[\d.,]*\w{0,3}(?!\w)")  # "3 nodes", "Ray 2.6"
_FIGURE_WORDS = 6  # of an item with a figure, at most, that is not a question without a mark


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a message that may be a question of its own.

    Attributes:
        text: the piece, without the mark of a list.
        asks: True if it seems to ask something.
        opens_line: True if it begins a line of the message.
        is_item: True if it is an item of a list of questions.
        is_context: True if it is code, a log, a fact or a step, which belongs to a question.
    """

    text: str
    asks: bool
    opens_line: bool = False
    is_item: bool = False
    is_context: bool = False

    def join(self, following: Segment) -> Segment:
        """Return both as one segment."""
        return replace(
            self,
            text=f"{self.text} {following.text}",
            asks=self.asks or following.asks,
            is_context=self.is_context or following.is_context,
        )


def split_message(text: str) -> tuple[Segment, ...]:
    """Split a message; a plain question is one segment.

    There are at most `MOST_SEGMENTS`.
    """
    segments = _order_lists(list(_list_segments(text)))
    segments = _join_short(_mark_topics(segments))
    while len(segments) > MOST_SEGMENTS:
        # A sentence that asks nothing says what the next question is about.
        silent = (place for place, each in enumerate(segments[:-1]) if not each.asks)
        place = next(silent, len(segments) - 2)
        segments[place : place + 2] = [segments[place].join(segments[place + 1])]
    return tuple(segments)


def count_questions(segments: Sequence[Segment]) -> int:
    """Count the segments that seem to ask something."""
    return sum(each.asks or each.is_item for each in segments)


def _mask_message(text: str) -> tuple[str, str]:
    """Return a message with single spaces, and the same with fillers.

    They stand for what is never divided.
    """
    lines = text.splitlines()
    # Runs of spaces first become one, which also keeps the patterns quick.
    pairs = zip((" ".join(line.split()) for line in lines), mark_verbatim(lines), strict=True)
    rows = [(row, verbatim and not _ASKS.match(row)) for row, verbatim in pairs if row]
    whole = "\n".join(row for row, _ in rows)
    masked = _WHOLE.sub(lambda match: _FILLER * len(match[0]), whole)
    start = 0
    for row, verbatim in rows:
        end = start + len(row)
        if verbatim:
            masked = f"{masked[:start]}{_FILLER * len(row)}{masked[end:]}"
        start = end + 1
    return whole, masked


def _list_segments(message: str) -> Iterator[Segment]:
    text, masked = _mask_message(message)
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
    if sum(kind == "item" for *_, kind in cuts) < 2:  # a number in a sentence is not a list
        cuts = [cut for cut in cuts if cut[2] != "item" or _ITEM.match(masked, cut[0])]
    start, marks = 0, {"line"}
    for begin, end, kind in [*cuts, (len(text), len(text), "")]:
        if begin < start:
            start, marks = max(start, end), marks | {kind}
            continue
        if piece := text[start:begin].strip(" ,;，；\t\n"):
            yield _read_segment(piece, masked[start:begin], marks)
            marks = set()
        start, marks = end, marks | {kind}


def _read_segment(piece: str, masked: str, marks: set[str]) -> Segment:
    rest = masked.replace(_FILLER, "").strip()
    asks = bool(rest and _ASKS.match(piece) and not _TOLD.match(piece))
    verbatim = not re.search(r"\w", rest) and _FILLER in masked
    fact = marks & {"line", "item"} and not asks and _FACT.match(piece)
    heading = _IN_LINE_HEADING.match(piece) if asks else None
    return Segment(
        piece[heading.end() :] if heading else piece,
        asks,
        "line" in marks,
        "item" in marks,
        bool(verbatim or fact),
    )


def _order_lists(segments: Sequence[Segment]) -> list[Segment]:
    """Sort lists into those of questions and those of context."""
    in_list, found = False, []
    for segment in segments:
        in_list = segment.is_item or (in_list and not segment.opens_line)
        found.append((in_list, segment))
    runs = [(listed, [each for _, each in run]) for listed, run in groupby(found, lambda it: it[0])]
    sorted_: list[Segment] = []
    for number, (listed, run) in enumerate(runs):
        if not listed:
            sorted_ += run
            continue
        others = [each for at, (_, rest) in enumerate(runs) if at != number for each in rest]
        sorted_ += _order_list(run, sorted_, others)
    return sorted_


def _order_list(
    run: list[Segment], before: list[Segment], others: Sequence[Segment]
) -> list[Segment]:
    """Return the segments of a list.

    A sentence that all items complete is taken from `before`.
    """
    lead = before[-1] if before and not before[-1].is_item else None
    places = [place for place, each in enumerate(run) if each.is_item]
    items = [run[a:b] for a, b in zip(places, [*places[1:], len(run)], strict=True)]
    asking = sum(any(each.asks for each in item) for item in items)
    facts = sum(_is_fact(item[0]) for item in items)
    alone = not any(each.asks for each in others if each is not lead)
    opens = lead is None or not find_signs(lead.text).words
    completed = bool(lead and lead.asks and alone and _is_completed(lead))
    named = bool(lead and not lead.is_context and _NAMES_QUESTIONS.search(lead.text))
    asked = 2 * facts < len(items) and (named or completed or (opens and alone))
    if not (asked or 2 * asking >= len(items)):
        return [replace(each, is_item=False, is_context=not each.asks) for each in run]
    if lead and completed and not all(_OPENS.match(item[0].text) for item in items):
        before.pop()
        start = lead.text.rstrip(" :：?？")
        return [_complete(each, start) if each.is_item else each for each in run]
    return [replace(each, is_context=False) if each.is_item else each for each in run]


def _is_completed(lead: Segment) -> bool:
    """Return True for a lead-in such as "How do I enable:"."""
    open_ = not lead.text.endswith(("?", "？", ".")) or _POINTS.search(lead.text)
    return bool(open_) and not _DESCRIBES.search(lead.text)


def _complete(item: Segment, start: str) -> Segment:
    return replace(item, text=f"{start} {item.text}", asks=True, is_context=False)


def _is_fact(segment: Segment) -> bool:
    if segment.asks:
        return False
    few = len(segment.text.split()) <= _FIGURE_WORDS
    return segment.is_context or (few and bool(_FIGURE.search(segment.text)))


def _mark_topics(segments: Sequence[Segment]) -> list[Segment]:
    """Mark the lines of a message as items if all are names."""
    bare = all(
        each.opens_line
        and not (each.asks or each.is_item or _is_fact(each))
        and find_signs(each.text).bare
        for each in segments
    )
    return [replace(each, is_item=len(segments) > 1) for each in segments] if bare else [*segments]


def _join_short(segments: Sequence[Segment]) -> list[Segment]:
    """Join greetings, headings, context and fragments with a segment beside them."""
    joined: list[Segment] = []
    for place, segment in enumerate(segments):
        following = segments[place + 1] if place + 1 < len(segments) else None
        if following and following.is_context and _is_heading(segment) and not segment.asks:
            segment = replace(segment, is_context=True)  # noqa: PLW2901  (the heading of the context)
        previous = joined[-1] if joined else None
        if previous and _is_heading(previous) and not (previous.is_context or segment.is_context):
            joined[-1] = segment
        elif previous and _should_join(previous, segment):
            joined[-1] = previous.join(segment)
        else:
            joined.append(segment)
    return joined


def _should_join(previous: Segment, segment: Segment) -> bool:
    if segment.is_context or (previous.is_context and not previous.asks):
        return True
    return _is_short(segment) or _is_short(previous)


def _is_short(segment: Segment) -> bool:
    if segment.is_item:
        return False
    words = find_signs(segment.text).words
    return not words or (not segment.asks and words < _FEW_WORDS)


def _is_heading(segment: Segment) -> bool:
    """Return True for a line such as "Two questions:"."""
    return segment.text.endswith((":", "：")) and len(segment.text.split()) <= 8
