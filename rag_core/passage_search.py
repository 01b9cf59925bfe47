"""The search of a planned question: embedded, searched, reranked and judged."""

from __future__ import annotations

import logging
import math
from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar

from rag_core.deadline import find_seconds_left, limit_time
from rag_core.errors import ModelError
from rag_core.generation.results import (
    RankedPart,
    RetrievalResult,
    build_result,
    list_degradations,
    share_ranker,
)
from rag_core.generation.writer import StageTimer
from rag_core.protocols import Embedder, Reranker, VectorStore
from rag_core.query.rewrite import SearchPlan
from rag_core.query.script import is_latin
from rag_core.retrieval.abstention import Signals, compute_signals
from rag_core.retrieval.calibration import Calibration
from rag_core.retrieval.forms import SearchedForm, SearchedPart
from rag_core.retrieval.hybrid_search import FusedCandidates
from rag_core.retrieval.planned_search import PlannedSearch, embed_forms, is_readable
from rag_core.retrieval.rerank import RankedPassages, RerankConfig, rerank_candidates
from rag_core.tuning import Tuning
from rag_core.types import AnswerEvent, LiveIndex, Question, RerankStarted, SearchStarted, Vector

logger = logging.getLogger(__name__)

Outcome = TypeVar("Outcome")
Steps = Generator[AnswerEvent, None, Outcome]
"""Events on the way to an outcome."""

_EMBED_SHARE = 0.5  # of the question's time


class PassageSearch:
    """Finds the passages of planned questions.

    Args:
        embedder: the one the index was built with; if it fails, words alone are searched for.
        reranker: scores passages; if it fails, the order of the search stands.
        store: holds the index.
        tuning: settings of retrieval, reranking and refusing.
    """

    def __init__(
        self, embedder: Embedder, reranker: Reranker, store: VectorStore, tuning: Tuning
    ) -> None:
        self._embedder = embedder
        self._reranker = reranker
        self._store = store
        self._tuning = tuning

    def run(
        self, live: LiveIndex, question: Question, plan: SearchPlan, timer: StageTimer
    ) -> Steps[RetrievalResult]:
        """Search for the passages of a question, event by event.

        Args:
            live: the version to search.
            question: its scope is used.
            plan: what to search for.
            timer: started with the question.

        Yields:
            What begins.

        Returns:
            All ranked passages, and what was done without.

        Raises:
            StoreError: Milvus can't be reached or searched.
            ModelError: the embedder failed, and words alone found nothing.
        """
        yield SearchStarted()
        tuning = self._tuning
        expand = tuning.glossary.expand
        vectors, failure = self._embed_forms(plan)
        timer.record_lap("embed_ms")
        search = PlannedSearch(
            self._store,
            live,
            question,
            tuning.choose_fusion(live.spec),
            vectors,
            expand=expand,
            english_only=tuning.latin_only,
        )
        parts = search.search(plan.part)
        if failure and not any(part.lead.found.candidates for part in parts):
            raise failure  # words alone found nothing, which says nothing
        timer.record_lap("search_ms")
        readable = tuple(part for part in parts if not self._is_unreadable(part.lead))
        if not readable:
            return build_result(live, parts, (), ("script_unread",))
        ranker = share_ranker(tuning.ranker, len(readable))
        depth = sum(min(len(part.lead.found.candidates), ranker.depth) for part in readable)
        yield RerankStarted(depth)
        calibration = tuning.find_calibration(live.spec)
        has_material = bool(question.material)
        ranked = [
            self._rank_part(part, ranker, calibration, has_material=has_material)
            for part in readable
        ]
        timer.record_lap("rerank_ms")
        result = build_result(live, parts, ranked, list_degradations(parts, ranked))
        return replace(result, support=calibration.support if calibration else None)

    def _embed_forms(self, plan: SearchPlan) -> tuple[dict[str, Vector], ModelError | None]:
        """Embed the forms of a plan; return an error, not raise it."""
        forms = tuple(plan.part.list_forms())
        try:
            with limit_time(_EMBED_SHARE * (find_seconds_left() or math.inf)):
                return embed_forms(self._embedder, forms, self._tuning.glossary.expand), None
        except ModelError as error:
            logger.warning("The question is searched by words alone: %s", error)
            return {}, error

    def _rank_part(
        self,
        part: SearchedPart,
        ranker: RerankConfig,
        calibration: Calibration | None,
        *,
        has_material: bool,
    ) -> RankedPart:
        found = part.lead.found
        ranked = rerank_candidates(self._reranker, part.lead.text, found.candidates, ranker)
        known_words = self._tuning.glossary.translate(part.lead.text)
        signals = _compute_signals(known_words, found, ranked)
        verdict = calibration.judge(signals) if calibration else "answerable"
        if verdict == "refused" and not self._is_comparable(part, has_material=has_material):
            verdict = "unsure"
        # What a search has first is read, unless a reranker that can judge thinks otherwise.
        first = (*found.dense_hits[:1], *found.lexical_hits[:1]) if not ranker.weight else ()
        return RankedPart(
            part,
            ranked,
            verdict,
            required=frozenset(hit.chunk.id for hit in first),
        )

    def _is_comparable(self, part: SearchedPart, *, has_material: bool) -> bool:
        """Return True if the fit holds for the scores of a part.

        A model says little about a language that it can't read, the team's own words have meanings
        that the question itself lacks, and quoted messages are not questions.
        """
        is_expanded = self._tuning.glossary.expand(part.asked) != part.asked
        is_foreign = self._tuning.latin_only and not is_readable(part.lead.text)
        is_quoted = has_material and part.lead.text != self._tuning.glossary.expand(part.asked)
        return not (is_expanded or is_foreign or is_quoted)

    def _is_unreadable(self, form: SearchedForm) -> bool:
        """Return True if neither the model nor BM25 can read a form."""
        if not self._tuning.latin_only or not form.found.has_lexical or is_latin(form.text):
            return False
        return all(each.lexical_rank is None for each in form.found.candidates)


def _compute_signals(query: str, found: FusedCandidates, ranked: RankedPassages) -> Signals | None:
    """Compute the signals of a question; return None unless every stage worked."""
    if not (found.has_lexical and ranked.reranked):
        return None
    return compute_signals(query, found.dense_hits, found.lexical_hits, ranked.passages)
