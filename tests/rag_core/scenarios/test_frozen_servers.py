"""Servers that are silent: a question degrades within its time, and ends at once when cancelled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from rag_core.breaker import FAILURES
from rag_core.cancellation import Cancellation
from rag_core.deadline import limit_time
from rag_core.errors import LLMUnavailableError, ModelUnavailableError
from rag_core.generation.llm.client import OpenAIGenerator
from rag_core.inference.lanes import InferenceWorker
from rag_core.models.remote.embedder import RemoteEmbedder
from rag_core.models.remote.http_client import ModelServer
from rag_core.models.remote.reranker import RemoteReranker
from rag_core.models.remote.server_address import EMBEDDING, RERANK, Address
from rag_core.outages import Outages
from rag_core.pipeline import AnswerLimits, Pipeline
from rag_core.query.rewrite import Planner
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.rerank import RerankConfig
from rag_core.settings import RagSettings
from rag_core.tuning import Tuning
from rag_core.types import Question, Turn
from tests.rag_core.fakes import (
    HashEmbedder,
    MemoryStore,
    ScriptedGenerator,
    ScriptedReranker,
    publish,
)
from tests.rag_core.test_pipeline import CHUNKS, QUESTION
from tests.servers.frozen import SilentServer

LITTLE = AnswerLimits(seconds=1.0)
AMPLE = AnswerLimits(seconds=1_000)
FOLLOW_UP = Question("And where do they go?", (Turn("user", "What are logs?"),))
QUOTED = "> **Logs** [1]\n>\n> Logs go to a message broker."


@pytest.fixture
def silent() -> Iterator[str]:
    with SilentServer() as server:
        yield server.url


def open_llm(url: str, outages: Outages | None = None) -> OpenAIGenerator:
    return OpenAIGenerator(RagSettings.load(openai_base_url=f"{url}/v1"), outages)


def build(*, embedder=None, reranker=None, llm=None, limits=LITTLE, budget_ms=0) -> Pipeline:
    store = MemoryStore()
    publish(store, HashEmbedder(), CHUNKS)
    return Pipeline(
        embedder=embedder or HashEmbedder(),
        reranker=reranker or ScriptedReranker(),
        store=store,
        generator=llm,
        tuning=Tuning(
            FusionConfig(depth=10),
            RerankConfig(depth=4, weight=0.5, budget_ms=budget_ms),
            passages=3,
        ),
        limits=limits,
    )


def open_embedder(url: str, outages: Outages | None = None) -> RemoteEmbedder:
    address = Address.of(url, "/v1/embeddings", EMBEDDING, None)
    return RemoteEmbedder([ModelServer(address, outages)], "hash", dimension=32)


def open_reranker(url: str, outages: Outages | None = None) -> RemoteReranker:
    address = Address.of(url, "/rerank", RERANK, None)
    return RemoteReranker(ModelServer(address, outages), "reranker")


# The time is over


def test_a_silent_llm_leaves_quotations(silent):
    outages = Outages()
    answer = build(llm=open_llm(silent, outages)).answer(QUESTION)
    assert (answer.text, answer.degraded) == (QUOTED, ("llm_failed",))
    (outage,) = outages.list_current()
    assert (outage.service, "took too long" in outage.sentence) == ("llm", True)


def test_a_silent_llm_is_said_once_for_a_follow_up(silent):
    answer = build(llm=open_llm(silent)).answer(FOLLOW_UP)
    assert (answer.status, answer.degraded) == ("answered", ("llm_failed",))


def test_a_silent_embedding_server_leaves_the_words(silent):
    outages = Outages()
    llm = ScriptedGenerator("To a broker [1].")
    answer = build(embedder=open_embedder(silent, outages), llm=llm).answer(QUESTION)
    assert (answer.text, answer.degraded) == ("To a broker [1].", ("embed_failed",))
    assert [each.service for each in outages.list_current()] == ["embedder"]


def test_a_silent_rerank_server_leaves_the_fused_order(silent):
    outages = Outages()
    pipeline = build(
        reranker=open_reranker(silent, outages),
        llm=ScriptedGenerator("To a broker [1]."),
        limits=AMPLE,
        budget_ms=200,
    )
    answer = pipeline.answer(QUESTION)
    assert (answer.text, answer.degraded) == ("To a broker [1].", ("rerank_failed",))
    assert [each.service for each in outages.list_current()] == ["reranker"]


def test_when_every_server_is_silent_the_documentation_is_quoted(silent):
    pipeline = build(
        embedder=open_embedder(silent),
        reranker=open_reranker(silent),
        llm=open_llm(silent),
        limits=AnswerLimits(seconds=2.0),
    )
    answer = pipeline.answer(QUESTION)
    assert "Logs go to a message broker." in answer.text
    assert answer.degraded == ("embed_failed", "rerank_failed", "llm_failed")


class Hanging(ScriptedReranker):
    """A model in this process that hangs until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def rerank(self, query, passages):
        self.let_go.wait()
        return super().rerank(query, passages)


def test_a_local_reranker_that_hangs_leaves_the_fused_order_and_the_worker_lives_on():
    reranker = Hanging()
    worker = InferenceWorker(HashEmbedder(), reranker)
    lane = worker.questions
    llm = ScriptedGenerator("To a broker [1].")
    pipeline = build(embedder=lane, reranker=lane, llm=llm, limits=AMPLE, budget_ms=200)
    try:
        answer = pipeline.answer(QUESTION)
        assert (answer.text, answer.degraded) == ("To a broker [1].", ("rerank_failed",))
        # Behind it, the next question does without the models, and does not wait for long.
        assert pipeline.answer(QUESTION).degraded == ("embed_failed", "rerank_failed")
        reranker.let_go.set()
        lane.embed_query("the worker is free again")
        assert pipeline.answer(QUESTION).degraded == ()
    finally:
        reranker.let_go.set()
        worker.close()


@pytest.mark.parametrize(
    "error", [RuntimeError("CUDA out of memory"), KeyError("a bug"), MemoryError(), OSError("disk")]
)
def test_a_local_reranker_that_raises_leaves_the_fused_order(error):
    worker = InferenceWorker(HashEmbedder(), ScriptedReranker(error=error))
    lane = worker.questions
    pipeline = build(embedder=lane, reranker=lane, llm=ScriptedGenerator("Fine [1]."), limits=AMPLE)
    try:
        for _ in range(2):
            assert pipeline.answer(QUESTION).degraded == ("rerank_failed",)
    finally:
        worker.close()


# Several times in a row


def test_an_llm_that_was_silent_several_times_is_not_waited_for(silent):
    llm = open_llm(silent)
    for _ in range(FAILURES):
        with limit_time(0.1), pytest.raises(LLMUnavailableError, match="it took too long"):
            next(llm.generate("", (Turn("user", "Hi"),)))
    with limit_time(1_000), pytest.raises(LLMUnavailableError, match="several times"):
        next(llm.generate("", (Turn("user", "Hi"),)))
    assert build(llm=llm, limits=AMPLE).answer(FOLLOW_UP).degraded == ("llm_failed",)


def test_a_rewriting_without_an_answer_in_time_does_not_count(silent):
    llm = open_llm(silent)
    for _ in range(FAILURES + 1):
        with pytest.raises(LLMUnavailableError, match="it took too long"):
            next(llm.generate("", (Turn("user", "Hi"),), patience=0.1))


@pytest.mark.parametrize("open_model", [open_embedder, open_reranker])
def test_a_model_server_that_was_silent_several_times_is_not_waited_for(silent, open_model):
    model = open_model(silent)

    def ask():
        if isinstance(model, RemoteEmbedder):
            return model.embed_query("logs")
        return model.rerank("logs", ["Logs go to a broker."])

    for _ in range(FAILURES):
        with limit_time(0.1), pytest.raises(ModelUnavailableError, match="takes too long"):
            ask()
    with limit_time(1_000), pytest.raises(ModelUnavailableError, match="several times"):
        ask()


# Cancelled


def run_until_silent(work) -> tuple[threading.Thread, Cancellation, list[BaseException]]:
    """Run work on a thread that can be cancelled; collect what it raises."""
    cancellation, errors = Cancellation(), list[BaseException]()

    def run() -> None:
        try:
            with cancellation.activate():
                work()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, cancellation, errors


@pytest.mark.parametrize("part", ["llm", "planner", "embedder", "reranker"])
def test_a_cancelled_question_ends_while_a_server_is_silent(part):
    with SilentServer() as server:
        url = server.url
        parts = {
            "llm": lambda: build(llm=open_llm(url), limits=AMPLE).answer(QUESTION),
            "planner": lambda: Planner(open_llm(url), seconds=1_000).plan(FOLLOW_UP),
            "embedder": lambda: build(embedder=open_embedder(url), limits=AMPLE).answer(QUESTION),
            "reranker": lambda: build(reranker=open_reranker(url), limits=AMPLE).answer(QUESTION),
        }
        thread, cancellation, errors = run_until_silent(parts[part])
        assert server.wait_for_request().startswith(b"POST")
        cancellation.cancel()
        thread.join(10)
        assert not thread.is_alive()
        assert [type(error) for error in errors] == [CancelledError]
        for other in threading.enumerate():  # the planner leaves no thread behind either
            if other.name == "rewrite":
                other.join(10)
                assert not other.is_alive()


def test_a_question_that_was_cancelled_before_asks_no_server(silent):
    cancellation = Cancellation()
    cancellation.cancel()
    with cancellation.activate(), pytest.raises(CancelledError):
        build(llm=open_llm(silent), limits=AMPLE).answer(QUESTION)
