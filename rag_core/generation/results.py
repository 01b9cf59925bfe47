"""Results of retrieval: the parts of a question with their passages, from which it is answered."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag_core.retrieval.calibration import Verdict
from rag_core.retrieval.diversify import select_diverse
from rag_core.retrieval.forms import SearchedPart
from rag_core.retrieval.fusion import REACH
from rag_core.retrieval.parts import PASSAGES, join_parts
from rag_core.retrieval.rerank import RankedPassages, RerankConfig
from rag_core.types import Degradation, LiveIndex, Passage, Usage, Vector

_SHARED = 1.6  # times as many candidates as for one question are reranked for several


@dataclass(frozen=True, slots=True)
class RankedPart:
    """A part of the question after reranking.

    Attributes:
        searched: the part, as it was searched.
        ranked: its passages.
        verdict: whether the documentation has an answer to it.
        required: ids of the chunks that are read in any case.
    """

    searched: SearchedPart
    ranked: RankedPassages
    verdict: Verdict
    required: frozenset[str] = frozenset()

    @property
    def refused(self) -> bool:
        """True if the documentation has no answer to it."""
        return self.verdict == "refused"


@dataclass(frozen=True, slots=True)
class RetrievedPart:
    """A part of the question, and what was found for it.

    Attributes:
        asked: the part as it was asked.
        vector: the embedding of what was searched for, shape (dimension,), float32, of L2 norm 1;
            None without one.
        query: what was searched for.
        passages: best first; none if the documentation has no answer to this part.
        numbers: of its passages among those that are read, from 1, best first.
        required: ids of the chunks that are read in any case.
    """

    asked: str
    vector: Vector | None
    query: str
    passages: tuple[Passage, ...]
    numbers: tuple[int, ...] = ()
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """The result of retrieval and reranking, from which the answer is written.

    Attributes:
        live: the version that was searched.
        query: the question as it was searched, a line for each form of each part.
        parts: the parts of the question, one at least.
        passages: best first; with several parts, in turn one of each.
        degraded: stages that failed or were skipped.
        usage: tokens that the LLM used to rewrite the question.
        refused: True if the documentation has no answer.
        support: cosine from which a passage supports a sentence; None checks no citation.
    """

    live: LiveIndex
    query: str
    parts: tuple[RetrievedPart, ...]
    passages: tuple[Passage, ...]
    degraded: tuple[Degradation, ...]
    usage: Usage | None = None
    refused: bool = False
    support: float | None = None


def share_ranker(ranker: RerankConfig, parts: int) -> RerankConfig:
    """Return the settings of reranking for each of several parts.

    They share time and depth.
    """
    if parts < 2:
        return ranker
    depth = max(math.ceil(_SHARED * ranker.depth / parts), min(ranker.depth, REACH))
    return replace(ranker, depth=depth, budget_ms=math.ceil(ranker.budget_ms / parts))


def build_result(
    live: LiveIndex,
    parts: Sequence[SearchedPart],
    ranked: Sequence[RankedPart],
    degraded: tuple[Degradation, ...],
) -> RetrievalResult:
    """Build the result of a search.

    Parts without an answer keep no passages.

    Args:
        live: the version that was searched.
        parts: all parts, in the order of the message.
        ranked: those of them that could be read, in the same order.
        degraded: stages that failed or were skipped.

    Returns:
        The result. If the documentation answers no part, it is refused and has all passages.
    """
    answered = {id(each.searched): each for each in ranked if not each.refused}
    refused = bool(ranked) and not answered
    passages = {
        id(each.searched): each.ranked.passages for each in ranked if refused or not each.refused
    }
    required = {id(each.searched): each.required for each in ranked}
    retrieved = tuple(
        RetrievedPart(
            part.asked,
            part.lead.vector,
            part.lead.text,
            passages.get(id(part), ()),
            required=required.get(id(part), frozenset()),
        )
        for part in parts
    )
    return RetrievalResult(
        live,
        "\n".join(dict.fromkeys(query for part in parts for query in part.queries)),
        retrieved,
        _take_turns([part.passages for part in retrieved]),
        degraded,
        refused=refused,
    )


def choose_passages(
    result: RetrievalResult, *, limit: int, of_parts: int = PASSAGES, require: bool = True
) -> RetrievalResult:
    """Choose the passages that are read.

    Args:
        result: with all ranked passages.
        limit: passages of a question in one part.
        of_parts: passages of a question in several parts.
        require: whether what a search has first is among them in any case.

    Returns:
        The result with these passages, and with their numbers in each part.
    """
    if len(result.parts) == 1:
        required = result.parts[0].required if require else frozenset()
        passages = select_diverse(result.passages, limit=limit, required=required)
        numbers: tuple[tuple[int, ...], ...] = (tuple(range(1, len(passages) + 1)),)
    else:
        joined = join_parts(
            [part.passages for part in result.parts],
            limit=of_parts,
            required=[part.required for part in result.parts] if require else (),
        )
        passages, numbers = joined.passages, joined.numbers
    parts = tuple(
        replace(part, numbers=own) for part, own in zip(result.parts, numbers, strict=True)
    )
    return replace(result, passages=passages, parts=parts)


def list_degradations(
    parts: Sequence[SearchedPart], ranked: Sequence[RankedPart]
) -> tuple[Degradation, ...]:
    """List the stages that failed, and a ranking that was cut."""
    degraded: list[Degradation] = []
    if not all(part.complete and part.lead.found.has_pages for part in parts):
        degraded.append("search_incomplete")
    if not all(part.lead.found.has_dense for part in parts):
        degraded.append("embed_failed")
    if not all(part.lead.found.has_lexical for part in parts):
        degraded.append("lexical_failed")
    if not all(each.ranked.reranked for each in ranked):
        degraded.append("rerank_failed")
    if any(each.ranked.cut for each in ranked):
        degraded.append("rerank_cut")
    if any(each.verdict == "unsure" for each in ranked):
        degraded.append("unsure")
    return tuple(degraded)


def _take_turns(parts: Sequence[Sequence[Passage]]) -> tuple[Passage, ...]:
    """Return each passage once, in turn one of each part."""
    turns: dict[str, Passage] = {}
    for turn in itertools.zip_longest(*parts):
        for passage in filter(None, turn):
            turns.setdefault(passage.chunk.id, passage)
    return tuple(turns.values())
