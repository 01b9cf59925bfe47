"""Follow-ups and messages with several questions, from the plan to the answer."""

from __future__ import annotations

import re

import pytest

from rag_core.errors import LLMUnavailableError, StoreError, StoreUnavailableError
from rag_core.generation.prompt import build_prompt
from rag_core.pipeline import Pipeline
from rag_core.retrieval.abstention import Abstention
from rag_core.retrieval.calibration import Calibration
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.parts import PASSAGES
from rag_core.retrieval.rerank import RerankConfig
from rag_core.tuning import Tuning
from rag_core.types import Question, Turn
from tests.rag_core.fakes import (
    HashEmbedder,
    MemoryStore,
    ScriptedGenerator,
    ScriptedReranker,
    make_chunk,
    publish,
)

LOGS = make_chunk("Access logs are written to a file on the disk.", path="logs.md", title="Logs")
ROLES = make_chunk("Grant a role to a user with grant_role.", path="roles.md", title="Roles")
ZEBRAS = [
    make_chunk(f"Zebra herd {n} crosses the river {n}.", path=f"{n}.md", title=f"Zebra {n}")
    for n in range(12)
]
TWO = Question("Where are access logs written? How do I grant a role to a user?")
LOG_THREAD = (Turn("user", "Where are access logs written?"), Turn("assistant", "A file [1]."))


class Counting(MemoryStore):
    """Counts the searches, and fails at those for a term."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = 0
        self.words: list[str] = []
        self.broken: set[int] = set()
        """Numbers, from 1, of the dense searches that fail."""

    def search_dense(self, *place, **limits):
        self.dense += 1
        if self.dense in self.broken:
            raise StoreUnavailableError("Milvus is away.")
        return super().search_dense(*place, **limits)

    def search_lexical(self, collection, terms, **limits):
        self.words.append(terms)
        return super().search_lexical(collection, terms, **limits)


class Batching(HashEmbedder):
    """Remembers what was embedded together."""

    def __init__(self) -> None:
        super().__init__(dimension=64)
        self.asked: list[tuple[str, ...]] = []

    def embed_query(self, text):
        self.asked.append((text,))
        return super().embed_query(text)

    def embed_queries(self, texts):
        self.asked.append(tuple(texts))
        return [self._vector(text) for text in texts]


def build(*pieces, abstention=None, reranker=None) -> Pipeline:
    embedder, store = Batching(), Counting()
    publish(store, embedder, [LOGS, ROLES, *ZEBRAS])
    return Pipeline(
        embedder=embedder,
        reranker=reranker or ScriptedReranker(),
        store=store,
        generator=ScriptedGenerator(*pieces) if pieces else None,
        tuning=Tuning(
            FusionConfig(depth=20),
            RerankConfig(depth=6, weight=0.5),
            reranker="scripted" if abstention else "",
            fitted=Calibration("hash", "scripted", "chunker", abstention, None),
        ),
    )


def test_a_plain_question_costs_one_embedding_and_one_pair_of_searches():
    pipeline = build()
    pipeline.answer(Question("Where are access logs written?"))
    assert pipeline._embedder.asked == [("Where are access logs written?",)]
    assert (pipeline._store.dense, len(pipeline._store.words)) == (1, 1)


def test_both_forms_of_a_follow_up_are_embedded_together():
    pipeline = build()
    answer = pipeline.answer(Question("How do I grant a role to a user?", LOG_THREAD))
    (texts,) = pipeline._embedder.asked
    assert len(texts) == pipeline._store.dense == 2
    assert answer.query == "How do I grant a role to a user?"
    assert answer.passages[0].chunk == ROLES


def test_a_question_that_leans_is_searched_with_its_topic():
    answer = build().answer(Question("And where are they kept?", LOG_THREAD))
    assert answer.query == "And where are they kept? access logs written"
    assert answer.passages[0].chunk == LOGS


def test_a_form_that_can_not_be_searched_leaves_the_other():
    pipeline = build()
    pipeline._store.broken = {1}
    answer = pipeline.answer(Question("And where are they kept?", LOG_THREAD))
    assert answer.passages[0].chunk == LOGS
    assert answer.degraded == ("search_incomplete", "no_llm")


def test_without_any_form_the_error_is_raised():
    pipeline = build()
    pipeline._store.broken = {1, 2}
    with pytest.raises(StoreError, match="away"):
        pipeline.answer(Question("And where are they kept?", LOG_THREAD))


def test_two_questions_are_both_quoted_under_their_headings():
    answer = build().answer(TWO)
    first, second = "Where are access logs written?", "How do I grant a role to a user?"
    assert answer.query.splitlines() == [first, second]
    assert [passage.chunk for passage in answer.passages[:2]] == [LOGS, ROLES]
    assert 5 < len(answer.passages) <= PASSAGES
    before, after = answer.text.split(f"**{second}**")
    assert before.startswith(f"**{first}**")
    assert LOGS.text in before
    assert ROLES.text in after
    assert {citation.passage.chunk for citation in answer.citations} >= {LOGS, ROLES}
    quotations = re.split(r"(?=\n> \*\*)", answer.text)[1:]
    assert len(quotations) == len(answer.citations) >= 2
    for number, (citation, quotation) in enumerate(
        zip(answer.citations, quotations, strict=True), start=1
    ):
        assert citation.number == number
        assert f"** [{number}]" in quotation
        assert citation.passage.chunk.text in quotation
    assert answer.unanswered == ()


def test_the_llm_reads_the_whole_question_and_the_passages_of_both_parts():
    pipeline = build("Where are access logs written?\nHow do I grant a role to a user?")
    answer = pipeline.answer(TWO)
    splitting, writing = pipeline._writer._generator.asked
    assert "Last message: " + TWO.text in splitting[1][0].text
    assert writing == build_prompt(TWO, answer.passages)
    assert [passage.chunk for passage in answer.passages[:2]] == [LOGS, ROLES]
    assert answer.timings.rewrite_ms > 0


def test_search_gives_the_same_passages_as_the_answer():
    pipeline = build()
    assert pipeline.search(TWO, limit=PASSAGES) == pipeline.answer(TWO).passages
    ranked = pipeline.rank_all(TWO)
    assert len({passage.chunk.id for passage in ranked}) == len(ranked) == 14


def test_parts_that_find_the_same_pages_are_one_question():
    question = Question("Where are access logs written? What are access logs?")
    assert build().answer(question).query == question.text


def test_parts_that_can_not_be_searched_leave_the_whole():
    pipeline = build()
    pipeline._store.broken = {2}
    answer = pipeline.answer(TWO)
    assert answer.query == TWO.text
    assert "search_incomplete" in answer.degraded


# A part without an answer

NEAR = Abstention((0.0, 1.0, 0.0, 0.0), bias=0.0, threshold=0.6)
"""Refuses where the reranker's score is low."""


def read_logs_only(query: str, _passage: str) -> float:
    return 0.9 if "logs" in query else 0.1


def test_the_part_that_is_found_is_answered_and_the_other_named():
    pipeline = build(abstention=NEAR, reranker=ScriptedReranker(read_logs_only))
    answer = pipeline.answer(TWO)
    assert answer.status == "answered"
    assert LOGS.text in answer.text
    assert answer.unanswered == ("How do I grant a role to a user?",)


def test_if_no_part_is_found_nothing_is_answered():
    nothing = ScriptedReranker(lambda _query, _passage: 0.1)
    answer = build(abstention=NEAR, reranker=nothing).answer(TWO)
    assert (answer.status, answer.text, answer.unanswered) == ("not_found", "", ())
    assert {passage.chunk for passage in answer.nearest_passages} >= {LOGS, ROLES}


# An LLM that fails


class FailsOnce(ScriptedGenerator):
    """Fails at the first call, and answers afterwards."""

    def generate(self, *asked, **options):
        if not self.asked:
            self.asked.append(asked)
            raise LLMUnavailableError("down")
        yield from super().generate(*asked, **options)


def test_a_rewriting_that_fails_is_said():
    pipeline = build("unused")
    pipeline._planner._generator = pipeline._writer._generator = FailsOnce("In a file [1].")
    answer = pipeline.answer(Question("And where are they kept?", LOG_THREAD))
    assert (answer.text, answer.degraded) == ("In a file [1].", ("rewrite_unavailable",))
    assert answer.passages[0].chunk == LOGS


def test_an_llm_that_is_down_is_said_once():
    answer = build(LLMUnavailableError("down")).answer(
        Question("And where are they kept?", LOG_THREAD)
    )
    assert answer.degraded == ("llm_failed",)


def test_a_refusal_in_place_of_a_rewriting_is_not_searched():
    pipeline = build("I'm sorry, I can't help with access logs.")
    answer = pipeline.answer(Question("And where are they kept?", LOG_THREAD))
    assert "sorry" not in answer.query
    assert answer.passages[0].chunk == LOGS
    assert "rewrite_failed" in answer.degraded


def test_a_name_in_the_heading_of_a_part_is_no_link():
    text = "How does evil.com read logs, and how do I grant a role to a user?"
    shown = build(reranker=ScriptedReranker(read_logs_only)).answer(Question(text)).text
    assert "evil.\u200bcom" in shown
    assert "evil.com" not in shown
