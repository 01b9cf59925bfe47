from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from rag_core.errors import ModelError, ModelUnavailableError, RerankerError
from rag_core.inference.lanes import InferenceWorker
from tests.rag_core.fakes import HashEmbedder, ScriptedReranker
from tests.rag_core.waiting import wait_until

UNIT = 3
TEXT = "x" * 500
WAIT = 10


@pytest.fixture(autouse=True)
def _units_of_one_size(monkeypatch):
    """Three texts, however long a unit takes."""
    monkeypatch.setattr("rag_core.inference.timing._LARGEST", UNIT * len(TEXT))


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
def inference(embedder) -> Iterator[InferenceWorker]:
    worker = InferenceWorker(embedder, ScriptedReranker(lambda _query, passage: len(passage) / 100))
    yield worker
    for _ in range(100):
        embedder.gate.release()
    worker.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


def wait_until_queued(inference: InferenceWorker, count: int) -> None:
    """Until so many units wait; the worker is held at a gate meanwhile."""
    wait_until(lambda: inference.waiting >= count)


def test_a_question_runs_before_the_rest_of_the_indexing(inference, embedder, pool):
    indexing = pool.submit(inference.indexing.embed_passages, [TEXT] * (3 * UNIT))
    assert embedder.started.acquire(timeout=WAIT)  # the first unit runs
    question = pool.submit(inference.questions.embed_query, "one")
    wait_until_queued(inference, 1)
    embedder.gate.release()
    question.result(WAIT)
    assert not indexing.done()
    embedder.gate.release(2)
    assert indexing.result(WAIT).shape == (3 * UNIT, embedder.dimension)
    assert embedder.log == ["unit of 3", "question one", "unit of 3", "unit of 3"]


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
    embedder.gate.release(40)
    texts = [f"{'word ' * (number * 7 % 5 * 40)}{number}" for number in range(40)]
    vectors = inference.indexing.embed_passages(texts)
    assert vectors.dtype == np.float32
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_array_equal(vector, HashEmbedder().embed_query(text))
    sizes = [sum(map(len, batch)) for batch in embedder.batches]
    assert max(sizes) <= UNIT * len(TEXT)
    lengths = [len(text) for batch in embedder.batches for text in batch]
    assert lengths == sorted(lengths)  # those of a unit are of like length


def test_a_lane_does_what_its_models_do(inference, embedder):
    lane = inference.questions
    assert (lane.model, lane.dimension, lane.max_tokens) == ("hash", 32, 100)
    counts = [number % 7 for number in range(600)]
    assert lane.count_tokens(["word " * count for count in counts]) == counts
    np.testing.assert_allclose(lane.rerank("why", ["four", "sixsix"]), [0.04, 0.06], atol=1e-6)
    embedder.gate.release()
    assert lane.embed_passages([]).shape == (0, 32)
    assert lane.count_tokens([]) == []


def test_an_error_is_raised_where_the_result_is_awaited():
    worker = InferenceWorker(HashEmbedder(), ScriptedReranker(error=ModelError("out of memory")))
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
    embedder.gate.release(2)
    closing.result(WAIT)
    assert first.result(WAIT).shape == second.result(WAIT).shape == (1, 32)
    assert not inference._thread.is_alive()


def test_after_close_work_is_refused_instead_of_waiting_for_ever(inference):
    inference.close()
    with pytest.raises(ModelError, match="closed"):
        inference.questions.embed_query("anyone there?")
    inference.close()  # twice is fine


class LateEmbedder(HashEmbedder):
    """Knows its dimension once it is loaded, and notes on which thread that happened."""

    max_tokens = 3

    def __init__(self) -> None:
        self.loaded_on: list[str] = []
        self.truncated = 0
        super().__init__()

    @property
    def dimension(self):
        self.warm_up()
        return 32

    @dimension.setter
    def dimension(self, _):
        pass

    def warm_up(self):
        if not self.loaded_on:
            self.loaded_on.append(threading.current_thread().name)

    def embed_passages(self, texts):
        self.truncated += sum(count > self.max_tokens for count in self.count_tokens(texts))
        return super().embed_passages(texts)


@pytest.fixture
def late() -> Iterator[tuple[InferenceWorker, LateEmbedder]]:
    embedder = LateEmbedder()
    worker = InferenceWorker(embedder, ScriptedReranker())
    yield worker, embedder
    worker.close()


@pytest.mark.parametrize(
    "ask",
    [
        lambda worker: worker.warm_up(),
        lambda worker: worker.questions.dimension,
        lambda worker: worker.indexing.max_tokens,
        lambda worker: worker.indexing.embed_passages([]),
    ],
)
def test_a_model_is_loaded_on_the_worker_by_the_first_call(late, ask):
    worker, embedder = late
    ask(worker)
    assert embedder.loaded_on == ["inference"]


def test_a_model_that_cannot_be_loaded_is_said_where_it_is_warmed_up():
    class Missing(HashEmbedder):
        def warm_up(self):
            raise ModelUnavailableError("not here")

    worker = InferenceWorker(Missing(), ScriptedReranker())
    try:
        with pytest.raises(ModelUnavailableError, match="not here"):
            worker.warm_up()
    finally:
        worker.close()


def test_a_reranker_that_cannot_be_trusted_stops_nothing(caplog):
    class Wrong(ScriptedReranker):
        def warm_up(self):
            raise RerankerError("it scores at random")

    worker = InferenceWorker(HashEmbedder(), Wrong())
    try:
        worker.warm_up()
    finally:
        worker.close()
    assert [record.message for record in caplog.records] == ["it scores at random"]


def test_what_is_both_embedder_and_reranker_is_warmed_up_once():
    class Both(HashEmbedder):
        warm = 0

        def warm_up(self):
            self.warm += 1

        def rerank(self, _query, passages):
            return np.zeros(len(passages), np.float32)

    both = Both()
    worker = InferenceWorker(both, both)
    try:
        worker.warm_up()
        assert both.warm == 1
    finally:
        worker.close()


def test_passages_that_were_cut_are_counted_and_questions_are_not(late):
    worker, _ = late
    worker.questions.embed_passages(["one two three four"])
    worker.indexing.embed_passages(["one two three four", "one", "one two three", "a b c d e"])
    assert worker.indexing.truncated == 2


# Together


class BatchEmbedder(GatedEmbedder):
    """Embeds several questions in one pass."""

    def embed_queries(self, texts):
        self.log.append(f"questions {' '.join(texts)}")
        return np.array([HashEmbedder().embed_query(text) for text in texts])


class BatchReranker(ScriptedReranker):
    """Reranks for several questions in one pass."""

    def __init__(self) -> None:
        super().__init__(lambda query, passage: len(query + passage) / 100)
        self.passes: list[list[str]] = []

    def rerank_many(self, pairs):
        self.passes.append([query for query, _ in pairs])
        return [self.rerank(query, passages) for query, passages in pairs]


@pytest.fixture
def batching() -> Iterator[tuple[InferenceWorker, BatchEmbedder, BatchReranker]]:
    embedder, reranker = BatchEmbedder(), BatchReranker()
    worker = InferenceWorker(embedder, reranker)
    yield worker, embedder, reranker
    embedder.gate.release(100)
    worker.close()


def hold(worker: InferenceWorker, embedder: GatedEmbedder, pool: ThreadPoolExecutor) -> None:
    """Keep the worker at a gate, so that what comes now waits."""
    pool.submit(worker.indexing.embed_passages, ["held"])
    assert embedder.started.acquire(timeout=WAIT)


def test_the_forms_of_one_question_are_embedded_together(batching):
    worker, embedder, _ = batching
    vectors = worker.questions.embed_queries(["one", "two"])
    np.testing.assert_array_equal(vectors[1], HashEmbedder().embed_query("two"))
    assert embedder.log == ["questions one two"]


def test_an_embedder_of_single_questions_embeds_the_forms_in_turn():
    worker = InferenceWorker(HashEmbedder(), ScriptedReranker())
    vectors = worker.questions.embed_queries(["one", "two"])
    np.testing.assert_array_equal(vectors[0], HashEmbedder().embed_query("one"))
    assert vectors.shape == (2, 32)
    worker.close()


def test_questions_that_wait_are_embedded_together(batching, pool):
    worker, embedder, _ = batching
    hold(worker, embedder, pool)
    futures = {}
    for number, text in enumerate(("one", "two", "three"), 1):
        futures[text] = pool.submit(worker.questions.embed_query, text)
        wait_until_queued(worker, number)
    embedder.gate.release()
    for text, future in futures.items():
        np.testing.assert_array_equal(future.result(WAIT), HashEmbedder().embed_query(text))
    assert embedder.log == ["unit of 1", "questions one two three"]


def test_passages_of_questions_that_wait_are_reranked_together(batching, pool):
    worker, embedder, reranker = batching
    hold(worker, embedder, pool)
    futures = []
    for number in range(10):
        passages = ["passage"] * (number % 3 + 1)
        futures.append(pool.submit(worker.questions.rerank, "q" * (number + 1), passages))
        wait_until_queued(worker, number + 1)
    embedder.gate.release()
    for number, future in enumerate(futures):
        expected = [(number + 8) / 100] * (number % 3 + 1)
        np.testing.assert_allclose(future.result(WAIT), expected, atol=1e-6)
    assert [len(batch) for batch in reranker.passes] == [8, 2]


def test_a_question_is_embedded_before_passages_are_reranked(batching, pool):
    """Its search then runs beside the reranking."""
    worker, embedder, reranker = batching
    reranker.rerank = lambda query, _passages: embedder.log.append(f"rank {query}")
    hold(worker, embedder, pool)
    ranking = pool.submit(worker.questions.rerank, "first", ["passage"])
    wait_until_queued(worker, 1)
    embedding = pool.submit(worker.questions.embed_query, "second")
    wait_until_queued(worker, 2)
    embedder.gate.release()
    ranking.result(WAIT)
    embedding.result(WAIT)
    assert embedder.log == ["unit of 1", "question second", "rank first"]


def test_models_without_batches_are_asked_one_by_one(inference, embedder, pool):
    hold(inference, embedder, pool)
    embedded = [pool.submit(inference.questions.embed_query, text) for text in ("one", "two")]
    ranked = [pool.submit(inference.questions.rerank, "why", ["x" * n]) for n in (1, 2)]
    wait_until_queued(inference, 4)
    embedder.gate.release()
    assert [future.result(WAIT).shape for future in embedded] == [(32,)] * 2
    assert [round(float(future.result(WAIT)[0]), 2) for future in ranked] == [0.01, 0.02]


def test_a_model_without_batches_gives_each_result_as_soon_as_it_is_there(embedder, pool):
    second = threading.Event()

    def score(query: str, _passage: str) -> float:
        assert query == "first" or second.wait(WAIT)
        return 0.5

    worker = InferenceWorker(embedder, ScriptedReranker(score))
    hold(worker, embedder, pool)
    ranked = []
    for number, name in enumerate(("first", "second"), 1):
        ranked.append(pool.submit(worker.questions.rerank, name, ["x"]))
        wait_until_queued(worker, number)
    embedder.gate.release()
    ranked[0].result(WAIT)  # while the second is still at work
    second.set()
    ranked[1].result(WAIT)
    worker.close()
