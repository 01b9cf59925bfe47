"""The plan of a search: the parts of a question, and the forms in which each is searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag_core.query.follow_up import LeaningSigns, add_topic_words, find_signs, strip_opener
from rag_core.query.material import find_topic
from rag_core.query.segments import Segment, split_message
from rag_core.types import Question, Turn

MOST_PARTS = 3
"""Parts of one message, at most."""

_FEW_WORDS = 2  # content words up to which a second part may lean on the first without a sign


@dataclass(frozen=True, slots=True)
class Division:
    """Two parts that a message may consist of, and what speaks for it in its words.

    Attributes:
        first: the part before the boundary.
        second: the part after it, which may be divided again.
        both_ask: True if both parts seem to ask something.
        first_asks: True if the sentence just before the boundary does.
        listed: True if the parts are items of a list.
        lined: True if the second part begins a line, and the parts are items or both ask.
        by_llm: True if the LLM divided the message.
    """

    first: PlannedPart
    second: PlannedPart
    both_ask: bool = True
    first_asks: bool = True
    listed: bool = False
    lined: bool = False
    by_llm: bool = False

    @property
    def is_marked(self) -> bool:
        """True if both parts look like questions."""
        return self.both_ask or self.listed

    @property
    def values(self) -> tuple[float, ...]:
        """The signs as numbers, in the order of the weights.

        The last is a pronoun in the second part.
        """
        leans = self.second.signs.pronoun
        signs = (self.both_ask, self.first_asks, self.listed, self.lined, leans)
        return tuple(map(float, signs))


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """A part of a question, in the forms to search.

    Attributes:
        asked: the part as it was asked.
        other: the part with what it may lean on; empty if there is nothing.
        material: the part with what the question's material is about; empty if there is none.
        signs: what speaks for leaning in its words.
        by_llm: True if `other` is the LLM's rewriting, and not the part with topic words.
        division: how it may be divided; None if it can't be.
    """

    asked: str
    other: str
    signs: LeaningSigns
    by_llm: bool = False
    division: Division | None = None
    material: str = ""

    @property
    def forms(self) -> tuple[str, ...]:
        """The texts to search for, the part as it was asked first."""
        return (self.asked, *(form for form in (self.other, self.material) if form))

    def list_forms(self) -> Iterator[str]:
        """Yield the forms of the part and of all its divisions."""
        yield from self.forms
        if self.division:
            yield from self.division.first.list_forms()
            yield from self.division.second.list_forms()


def plan_by_words(question: Question, segments: Sequence[Segment]) -> PlannedPart:
    """Plan a search without an LLM, by topic words and punctuation.

    Args:
        question: with the thread before it, and its material.
        segments: those of its text, in their order.

    Returns:
        The whole question, with the parts that it may consist of.
    """
    whole = _plan_part(question.text, question.history, always=True)
    if topic := find_topic(question.material):
        whole = replace(whole, material=f"{question.text} {topic}")
    return replace(whole, division=_split_part(segments, question.history, MOST_PARTS))


def plan_rewriting(question: Question, rewritten: Sequence[str]) -> PlannedPart:
    """Plan a search for what the LLM made of a question.

    Args:
        question: as it was asked.
        rewritten: one to three questions that stand alone.

    Returns:
        The whole question, with the LLM's parts if it wrote several questions. What it only
        repeated is planned by words, as without it.
    """
    if len(rewritten) == 1 and _is_same(rewritten[0], question.text):
        return plan_by_words(question, split_message(question.text))
    signs = find_signs(question.text)
    if len(rewritten) == 1:
        return PlannedPart(question.text, rewritten[0], signs, by_llm=True)
    return replace(_join_rewritten(rewritten, question), asked=question.text, signs=signs)


def _join_rewritten(rewritten: Sequence[str], question: Question) -> PlannedPart:
    if len(rewritten) == 1:
        return _plan_rewritten(rewritten[0], question)
    text = " ".join(rewritten)
    first = _plan_rewritten(rewritten[0], question)
    # What the LLM repeats leans on the thread and on the parts before it.
    thread = (*question.history, Turn("user", rewritten[0]))
    second = _join_rewritten(rewritten[1:], replace(question, history=thread))
    division = Division(first, second, by_llm=True)
    return PlannedPart(text, "", find_signs(text), by_llm=True, division=division)


def _plan_rewritten(text: str, question: Question) -> PlannedPart:
    if _keep_characters(text) in _keep_characters(question.text):
        return _plan_part(text, question.history, always=False)
    return PlannedPart(text, "", find_signs(text), by_llm=True)


def _is_same(first: str, second: str) -> bool:
    return _keep_characters(first) == _keep_characters(second)


def _keep_characters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _plan_part(text: str, history: Sequence[Turn], *, always: bool) -> PlannedPart:
    """Plan a part.

    Without `always`, add topic words only where its words may need some.
    """
    signs = find_signs(text)
    leans = always or signs.pronoun or signs.words <= _FEW_WORDS
    other = add_topic_words(text, history) if leans else text
    return PlannedPart(text, "" if other == text else other, signs)


def _split_part(
    segments: Sequence[Segment], history: Sequence[Turn], parts: int
) -> Division | None:
    """Divide segments in two at their best boundary; return None for one."""
    if len(segments) < 2 or parts < 2:
        return None
    place = max(range(1, len(segments)), key=lambda place: _score_boundary(segments, place))
    before, after = segments[:place], segments[place:]
    # At most one of the two is divided again: the one with the better boundary.
    again = max((before, after), key=_score_best)
    first = _plan_segments(before, history, parts - 1 if again is before else 1)
    # A first part that stands alone is all that the second leans on.
    asked = Turn("user", first.asked)
    opener = find_signs(before[0].text).opener  # the part itself has lost it
    thread = (*history, asked) if first.signs.pronoun or opener else (asked,)
    second = _plan_segments(after, thread, parts - 1 if again is after else 1)
    both_ask = _is_asking(before) and _is_asking(after)
    listed = before[0].is_item and after[0].is_item
    return Division(
        first,
        second,
        both_ask=both_ask,
        first_asks=before[-1].asks,
        listed=listed,
        lined=after[0].opens_line and (both_ask or listed),
    )


def _plan_segments(segments: Sequence[Segment], history: Sequence[Turn], parts: int) -> PlannedPart:
    text = strip_opener(" ".join(segment.text for segment in segments))
    part = _plan_part(text, history, always=False)
    return replace(part, division=_split_part(segments, history, parts))


def _score_boundary(segments: Sequence[Segment], place: int) -> int:
    """Count what speaks for a boundary before the segment at `place`."""
    before, after = segments[:place], segments[place:]
    both_ask = _is_asking(before) and _is_asking(after)
    return 2 * after[0].is_item + after[0].opens_line + before[-1].asks + both_ask


def _score_best(segments: Sequence[Segment]) -> int:
    weights = (_score_boundary(segments, place) for place in range(1, len(segments)))
    return max(weights, default=-1)


def _is_asking(segments: Sequence[Segment]) -> bool:
    return any(segment.asks for segment in segments)
