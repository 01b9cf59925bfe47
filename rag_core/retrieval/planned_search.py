"""Planned search: every form of every part is searched, and the scores decide which count."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rag_core.errors import StoreError
from rag_core.index.stop_words import detect_latin_language
from rag_core.inference.model_errors import translate_model_errors
from rag_core.protocols import BatchEmbedder, Embedder, VectorStore
from rag_core.query.plan import Division, PlannedPart
from rag_core.query.script import is_latin
from rag_core.retrieval.forms import SearchedForm, SearchedPart, choose_form
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.hybrid_search import FusedCandidates, retrieve
from rag_core.retrieval.query_signals import (
    DIVIDED,
    LEANING,
    MARKED,
    UNMARKED,
    collect_division_signals,
    collect_form_signals,
)
from rag_core.types import LiveIndex, Question, Vector

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PlannedSearch:
    """The search for the parts of one question.

    Attributes:
        store: holds the index.
        live: the version to search.
        question: its scope is used.
        fusion: depth of the searches and weights of their scores.
        vectors: the embedding of each form of the plan, shape (dimension,), float32, length 1;
            none where the embedder failed, so that words alone are searched for.
        expand: adds the meanings of the team's words to a text.
        english_only: True if the embedder reads English only.
    """

    store: VectorStore
    live: LiveIndex
    question: Question
    fusion: FusionConfig
    vectors: dict[str, Vector]
    expand: Callable[[str], str] = str
    english_only: bool = False

    def search(self, part: PlannedPart) -> tuple[SearchedPart, ...]:
        """Search for a part, and for its division where that finds more.

        Returns:
            The parts that the scores speak for: one, or up to three in the order of the message.

        Raises:
            StoreError: no form of the part could be searched.
        """
        whole = self.search_forms(part)
        return (whole,) if part.division is None else self._split_part(part.division, whole)

    def _split_part(self, division: Division, whole: SearchedPart) -> tuple[SearchedPart, ...]:
        """Return the two parts, or the whole if the scores prefer it."""
        try:
            halves = [self.search_forms(part) for part in (division.first, division.second)]
        except StoreError as error:
            logger.warning("The parts of a question can't be searched: %s", error)
            return (replace(whole, complete=False),)
        first, second = halves
        if _find_first(first) == _find_first(second):
            return (whole,)  # the parts find the same: nothing is gained
        signals = collect_division_signals(
            division,
            whole.lead.found,
            (first.lead.found, second.lead.found),
            readable=not self.english_only or is_readable(whole.lead.text),
        )
        least = MARKED if division.is_marked else UNMARKED
        if DIVIDED.compute_probability(signals, by_llm=division.by_llm) < least:
            return (whole,)
        parts: list[SearchedPart] = []
        for planned, searched in zip((division.first, division.second), halves, strict=True):
            again = planned.division
            parts.extend((searched,) if again is None else self._split_part(again, searched))
        return tuple(parts)

    def search_forms(self, part: PlannedPart) -> SearchedPart:
        """Search for a part without its division, in each of its forms.

        If one search fails, the other form stands.

        Raises:
            StoreError: no form could be searched.
        """
        searched: list[SearchedForm] = []
        failure: StoreError | None = None
        for text in part.forms:
            try:
                searched.append(self._search_form(text))
            except StoreError as error:
                logger.warning("A form of the question can't be searched: %s", error)
                failure = error
        if failure and not searched:
            raise failure
        asked, *others = searched
        if not others:
            return SearchedPart(part.asked, asked, (asked.text,), complete=failure is None)
        rated = [(self._rate_form(part, asked, other), other) for other in others]
        probability, other = max(rated, key=lambda pair: pair[0])
        chosen = choose_form(asked, other, probability, reach=self.fusion.reach)
        return replace(chosen, asked=part.asked, complete=failure is None)

    def _rate_form(self, part: PlannedPart, asked: SearchedForm, other: SearchedForm) -> float:
        """Return the probability that a form beats the part as asked."""
        signals = collect_form_signals(
            part.signs,
            asked.found,
            other.found,
            readable=not self.english_only or is_readable(part.asked),
        )
        return LEANING.compute_probability(signals, by_llm=part.by_llm)

    def _search_form(self, text: str) -> SearchedForm:
        expanded = self.expand(text)
        vector = self.vectors.get(text)
        question = replace(self.question, text=expanded)
        return SearchedForm(expanded, vector, self._retrieve(question, vector))

    def _retrieve(self, question: Question, vector: Vector | None) -> FusedCandidates:
        return retrieve(self.store, self.live, question, vector, self.fusion)


def _find_first(part: SearchedPart) -> str:
    """Return the id of the best chunk; '' without candidates."""
    candidates = part.lead.found.candidates
    return candidates[0].chunk.id if candidates else ""


def is_readable(text: str) -> bool:
    """Return True if a model that reads English only reads the text."""
    words = re.findall(r"\w+", text.casefold())
    return is_latin(text) and detect_latin_language(words) == "english"


def embed_forms(
    embedder: Embedder, texts: Sequence[str], expand: Callable[[str], str] = str
) -> dict[str, Vector]:
    """Embed the forms of a plan, together if the embedder can.

    Args:
        embedder: the one the index was built with.
        texts: the forms.
        expand: adds the meanings of the team's words to a text.

    Returns:
        The vector of each form, of shape (dimension,), float32, length 1.

    Raises:
        ModelError: the embedder failed.
    """
    distinct = list(dict.fromkeys(texts))
    expanded = [expand(text) for text in distinct]
    with translate_model_errors():
        if len(expanded) > 1 and isinstance(embedder, BatchEmbedder):
            return dict(zip(distinct, embedder.embed_queries(expanded), strict=True))
        pairs = zip(distinct, expanded, strict=True)
        return {text: embedder.embed_query(full) for text, full in pairs}
