from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from rag_core.errors import ModelError
from rag_core.inference import Inference
from tests.rag_core.fakes import HashEmbedder, ScriptedReranker

UNIT = 16
WAIT = 10


class GatedEmbedder(HashEmbedder):
    """Writes down what runs and on which thread; each unit of passages waits for its gate."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []
        self.threads: set[str] = set()
        self.started = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)

    def embed_query(self, text):
        self.log.append(f"question {text}")
        self.threads.add(threading.current_thread().name)
        return super().embed_query(text)

    def embed_passages(self, texts):
        self.log.append(f"unit of {len(texts)}")
        self.threads.add(threading.current_thread().name)
        self.started.release()
        assert self.gate.acquire(timeout=WAIT)
        return super().embed_passages(texts)


@pytest.fixture
def embedder() -> GatedEmbedder:
    return GatedEmbedder()


@pytest.fixture
def inference(embedder) -> Iterator[Inference]:
    worker = Inference(embedder, ScriptedReranker(lambda _query, passage: len(passage) / 100))
    yield worker
    for _ in range(100):
        embedder.gate.release()
    worker.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def wait_until_queued(inference: Inference, count: int) -> None:
    """Until so many units wait; the worker is held at a gate meanwhile."""
    queued = threading.Event()
    while inference._queue.qsize() < count:
        queued.wait(0.001)


def test_a_question_runs_before_the_rest_of_the_indexing(inference, embedder, pool):
    indexing = pool.submit(inference.indexing.embed_passages, ["text"] * (3 * UNIT))
    assert embedder.started.acquire(timeout=WAIT)  # the first unit runs
    question = pool.submit(inference.questions.embed_query, "one")
    wait_until_queued(inference, 1)
    embedder.gate.release()
    question.result(WAIT)
    assert not indexing.done()
    embedder.gate.release(2)
    assert indexing.result(WAIT).shape == (3 * UNIT, embedder.dimension)
    assert embedder.log == ["unit of 16", "question one", "unit of 16", "unit of 16"]


def test_a_question_runs_before_units_that_waited_longer(inference, embedder, pool):
    running = pool.submit(inference.indexing.embed_passages, ["first"])
    assert embedder.started.acquire(timeout=WAIT)
    waiting = pool.submit(inference.indexing.embed_passages, ["second", "third"])
    wait_until_queued(inference, 1)
    questions: list[Future] = []
    for number in range(3):
        questions.append(pool.submit(inference.questions.embed_query, str(number)))
        wait_until_queued(inference, 2 + number)
    embedder.gate.release(2)
    for future in (running, waiting, *questions):
        future.result(WAIT)
    assert embedder.log == ["unit of 1", "question 0", "question 1", "question 2", "unit of 2"]


def test_everything_runs_on_one_thread(inference, embedder, pool):
    embedder.gate.release(8)
    list(pool.map(inference.indexing.embed_passages, [["a"], ["b"]]))
    list(pool.map(inference.questions.embed_query, "abc"))
    assert embedder.threads == {"inference"}


def test_vectors_come_back_in_the_order_of_the_texts(inference, embedder):
    embedder.gate.release(3)
    texts = [f"{'word ' * (number * 7 % 5)}{number}" for number in range(40)]
    vectors = inference.indexing.embed_passages(texts)
    assert vectors.dtype == np.float32
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_array_equal(vector, HashEmbedder().embed_query(text))
    assert [len(batch) for batch in embedder.batches] == [16, 16, 8]


def test_a_lane_does_what_its_models_do(inference):
    lane = inference.questions
    assert (lane.model, lane.dimension, lane.max_tokens) == ("hash", 32, 100)
    counts = [number % 7 for number in range(600)]
    assert lane.count_tokens(["word " * count for count in counts]) == counts
    np.testing.assert_allclose(lane.rerank("why", ["four", "sixsix"]), [0.04, 0.06], atol=1e-6)
    assert lane.embed_passages([]).shape == (0, 32)
    assert lane.count_tokens([]) == []


def test_an_error_is_raised_where_the_result_is_awaited():
    worker = Inference(HashEmbedder(), ScriptedReranker(error=ModelError("out of memory")))
    try:
        with pytest.raises(ModelError, match="out of memory"):
            worker.questions.rerank("why", ["passage"])
        assert worker.questions.embed_query("still alive").shape == (32,)
    finally:
        worker.close()


def test_close_finishes_what_is_queued_and_ends_the_thread(inference, embedder, pool):
    first = pool.submit(inference.indexing.embed_passages, ["first"])
    assert embedder.started.acquire(timeout=WAIT)
    second = pool.submit(inference.indexing.embed_passages, ["second"])
    wait_until_queued(inference, 1)
    closing = pool.submit(inference.close)
    wait_until_queued(inference, 2)
    embedder.gate.release(2)
    closing.result(WAIT)
    assert first.result(WAIT).shape == second.result(WAIT).shape == (1, 32)
    assert not inference._thread.is_alive()


def test_after_close_work_is_refused_instead_of_waiting_for_ever(inference):
    inference.close()
    with pytest.raises(ModelError, match="closed"):
        inference.questions.embed_query("anyone there?")
    inference.close()  # twice is fine
