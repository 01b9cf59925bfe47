"""Nothing is written where the searches say that there is no answer, or no source for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag_core.pipeline import Pipeline
from rag_core.retrieval.abstention import Abstention
from rag_core.retrieval.calibration import Calibration
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.rerank import RerankConfig
from rag_core.tuning import Tuning
from rag_core.types import Question
from tests.rag_core.fakes import (
    HashEmbedder,
    MemoryStore,
    ScriptedGenerator,
    ScriptedReranker,
    make_chunk,
    publish,
)

CHUNKS = [
    make_chunk("Segments are written to object storage for good.", path="storage.md"),
    make_chunk("Users are managed with roles and privileges.", path="users.md"),
]
ALWAYS = Abstention((0.0, 0.0, 0.0, 0.0), bias=0.0, threshold=0.9)
NEVER = replace(ALWAYS, threshold=0.1)
QUESTION = Question("Where are segments written?")


def build(*pieces, abstention=None, support=None, reranker="scripted", error=None):
    embedder, store = HashEmbedder(), MemoryStore()
    publish(store, embedder, CHUNKS)
    fitted = Calibration("hash", "scripted", "chunker", abstention, support)
    generator = ScriptedGenerator(*pieces)
    pipeline = Pipeline(
        embedder=embedder,
        reranker=ScriptedReranker(error=error),
        store=store,
        generator=generator,
        tuning=Tuning(
            FusionConfig(depth=10),
            RerankConfig(depth=4, weight=0.5),
            reranker=reranker,
            fitted=fitted,
        ),
    )
    return pipeline, generator


def test_a_refused_question_names_the_nearest_and_asks_no_llm():
    pipeline, generator = build("Never said.", abstention=ALWAYS)
    answer = pipeline.answer(QUESTION)
    assert (answer.status, answer.text, answer.degraded) == ("not_found", "", ())
    assert [passage.chunk.path for passage in answer.nearest_passages] == ["storage.md", "users.md"]
    assert generator.asked == []


@pytest.mark.parametrize(
    "changed",
    [
        {"abstention": NEVER},
        {"abstention": replace(ALWAYS, fewest=100)},
        {"abstention": ALWAYS, "reranker": "another"},
        {"abstention": ALWAYS, "reranker": ""},
    ],
)
def test_in_doubt_it_is_answered(changed):
    pipeline, _ = build("In storage [1].", **changed)
    assert pipeline.answer(QUESTION).status == "answered"


def test_without_the_reranker_nothing_is_refused():
    from rag_core.errors import ModelError

    pipeline, _ = build("In storage [1].", abstention=ALWAYS, error=ModelError("It broke."))
    answer = pipeline.answer(QUESTION)
    assert (answer.status, answer.degraded) == ("answered", ("rerank_failed",))


def test_a_citation_without_support_is_dropped_and_an_answer_without_any_says_so():
    text = "Segments are written to object storage [1]. Cats are fond of warm milk [1]."
    pipeline, _ = build(*text, support=0.5)
    answer = pipeline.answer(QUESTION)
    assert answer.text == text.replace("milk [1]", "milk")
    assert [citation.number for citation in answer.citations] == [1]
    assert answer.degraded == ()
    pipeline, _ = build("Cats are fond of warm milk [1].", support=0.5)
    answer = pipeline.answer(QUESTION)
    assert (answer.status, answer.degraded) == ("answered", ("unsupported",))
    assert answer.citations == ()
