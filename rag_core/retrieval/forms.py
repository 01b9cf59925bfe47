"""Forms of a part: the better one leads, or both are fused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rag_core.retrieval.fusion import move_within_reach
from rag_core.retrieval.hybrid_search import FusedCandidates
from rag_core.types import Candidate, Vector

UNSURE = 0.15
"""Distance from one half within which a probability chooses no form, so that both are fused."""


@dataclass(frozen=True, slots=True)
class SearchedForm:
    """A text, its embedding, and what the search for it found.

    Attributes:
        text: the text.
        vector: its embedding, shape (dimension,), float32, of L2 norm 1; None without one.
        found: the candidates.
    """

    text: str
    vector: Vector | None
    found: FusedCandidates


@dataclass(frozen=True, slots=True)
class SearchedPart:
    """A part of a question after its search.

    Attributes:
        asked: the part as it was asked.
        lead: the form that is reranked, quoted for and judged; its candidates are the part's.
        queries: the forms that were searched for and count.
        complete: False if a search failed whose result is missing here.
    """

    asked: str
    lead: SearchedForm
    queries: tuple[str, ...]
    complete: bool = True


def choose_form(
    asked: SearchedForm, other: SearchedForm, probability: float, *, reach: int = 0
) -> SearchedPart:
    """Choose the form that leads; fuse both where the evidence is weak.

    Args:
        asked: the part as it was asked.
        other: the part with what it may lean on.
        probability: that the other form is right, in [0, 1].
        reach: candidates among which the first hits of the leading form are.

    Returns:
        The part, with the candidates of one form or of both.
    """
    lead, second = (other, asked) if probability > 0.5 else (asked, other)
    if abs(probability - 0.5) > UNSURE:
        return SearchedPart(asked.text, lead, (lead.text,))
    share = max(probability, 1 - probability)
    ordered = _fuse_candidates(lead.found.candidates, second.found.candidates, share)
    candidates = tuple(move_within_reach(ordered, reach))
    fused = replace(lead, found=replace(lead.found, candidates=candidates))
    return SearchedPart(asked.text, fused, (lead.text, second.text))


def _fuse_candidates(
    first: Sequence[Candidate], second: Sequence[Candidate], share: float
) -> tuple[Candidate, ...]:
    """Fuse two orders of scores, each divided by its best.

    Scores stay in [0, 1].
    """
    scores, others = _normalise_scores(first), _normalise_scores(second)
    candidates = {each.chunk.id: each for each in (*second, *first)}
    fused = [
        replace(
            candidate,
            retrieval_score=share * scores.get(key, 0.0) + (1 - share) * others.get(key, 0.0),
        )
        for key, candidate in candidates.items()
    ]
    return tuple(sorted(fused, key=lambda each: (-each.retrieval_score, each.chunk.id)))


def _normalise_scores(candidates: Sequence[Candidate]) -> Mapping[str, float]:
    best = max((each.retrieval_score for each in candidates), default=0.0)
    if best <= 0:
        return {}
    return {each.chunk.id: max(each.retrieval_score, 0.0) / best for each in candidates}
