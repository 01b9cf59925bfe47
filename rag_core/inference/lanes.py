"""Lanes to the one worker that owns the models: questions go before indexing, in batches.

Models are neither thread-safe nor faster in two threads, so one thread runs them all. It embeds
waiting questions together, and reranks their passages together. Indexing comes in units so small
that a question hardly waits for one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rag_core.errors import RerankerError
from rag_core.inference.model_errors import translate_model_errors
from rag_core.inference.timing import UnitSize
from rag_core.inference.worker import Worker, WorkQueue
from rag_core.protocols import (
    BatchEmbedder,
    BatchReranker,
    ConcurrentModel,
    Embedder,
    LoadableModel,
    ParallelEmbedder,
    Reranker,
    TruncatingEmbedder,
)
from rag_core.types import Vector, Vectors

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Scores = NDArray[np.float32]

QUESTION_SLOTS = 32
"""Questions at a time that are searched or wait for their search."""

_QUERIES_TOGETHER = 32
# In a larger batch the first question waits for the last, for hardly more throughput.
_RERANKED_TOGETHER = 8
# Bytes. With the starter's model, units of 3,000 bytes take a tenth longer than large batches, and
# units of half that size a quarter longer (docs/performance.md).
_SMALLEST_EMBEDDED = 3_000
_SMALLEST_COUNTED = 16_000


@dataclass(frozen=True, slots=True)
class _Models:
    embedder: Embedder
    reranker: Reranker

    @property
    def query_batch_limit(self) -> int:
        """Questions in a batch; 1 if the model has no method for batches."""
        return _QUERIES_TOGETHER if isinstance(self.embedder, BatchEmbedder) else 1

    @property
    def rerank_batch_limit(self) -> int:
        """Questions whose passages are reranked in a batch."""
        return _RERANKED_TOGETHER if isinstance(self.reranker, BatchReranker) else 1

    def embed_queries(self, texts: Sequence[str]) -> Sequence[Vector]:
        if isinstance(self.embedder, BatchEmbedder) and len(texts) > 1:
            return list(self.embedder.embed_queries(texts))
        return [self.embedder.embed_query(text) for text in texts]

    def rerank_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> Sequence[Scores]:
        if isinstance(self.reranker, BatchReranker) and len(pairs) > 1:
            return self.reranker.rerank_many(pairs)
        return [self.reranker.rerank(query, passages) for query, passages in pairs]


@dataclass(frozen=True, slots=True)
class _Queues:
    """The queues, in the order in which they are served.

    Queries come first: they are short, and the search can begin after them.
    """

    queries: WorkQueue
    ranking: WorkQueue
    others: WorkQueue
    indexing: WorkQueue


class InferenceWorker(Worker):
    """The worker that owns an embedder and a reranker.

    Attributes:
        questions: the lane of questions.
        indexing: the lane of indexing.
    """

    def __init__(
        self, embedder: Embedder, reranker: Reranker, *, slots: int = QUESTION_SLOTS
    ) -> None:
        models = _Models(embedder, reranker)
        queues = _Queues(
            queries=WorkQueue(models.embed_queries, batch_limit=models.query_batch_limit),
            ranking=WorkQueue(models.rerank_many, batch_limit=models.rerank_batch_limit),
            others=WorkQueue(_run_each),
            indexing=WorkQueue(_run_each, gives_way=True),
        )
        self.questions = QuestionLane(self, models, queues)
        self.indexing = IndexingLane(self, models, queues.indexing)
        super().__init__(
            (queues.queries, queues.ranking, queues.others, queues.indexing), slots=slots
        )

    def warm_up(self) -> None:
        """Load every model now, on the worker's thread.

        Raises:
            ModelUnavailableError: the weights are not on this machine and can't be downloaded, or
                the model's server is down.
            ModelError: the model can't be used.
        """
        self.questions.warm_up()


class Lane:
    """Implements `Embedder` and `Reranker` on the worker; each call is a unit of a queue."""

    def __init__(self, worker: Worker, models: _Models, queue: WorkQueue) -> None:
        self._worker = worker
        self._embedder = models.embedder
        self._reranker = models.reranker
        self._queue = queue
        self._cached_limits: tuple[int, int] | None = None

    @property
    def model(self) -> str:
        """Name of the embedding model."""
        return self._embedder.model

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._model_limits[0]

    @property
    def max_tokens(self) -> int:
        """Longest input of the embedder, in tokens."""
        return self._model_limits[1]

    @property
    def _model_limits(self) -> tuple[int, int]:
        # Read once and on the worker, because the first reading may load the model.
        if self._cached_limits is None:
            model = self._embedder
            self._cached_limits = self._run(model, lambda: (model.dimension, model.max_tokens))
        return self._cached_limits

    def warm_up(self) -> None:
        """Load the models; one that has both parts is loaded once.

        A reranker that orders passages wrongly is only logged: answers keep the search's order.
        """
        for model in dict.fromkeys((self._embedder, self._reranker)):
            if isinstance(model, LoadableModel):
                try:
                    self._run(model, model.warm_up)
                except RerankerError as error:
                    logger.error("%s", error)  # noqa: TRY400 - the sentence says it all

    def embed_query(self, text: str) -> Vector:
        """Embed a question. Shape (dimension,), float32, length 1."""
        return self._run(self._embedder, lambda: self._embedder.embed_query(text))

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages. Shape (n, dimension), float32, rows of length 1."""
        return self._run(self._embedder, lambda: self._embedder.embed_passages(texts))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special tokens."""
        return self._run(self._embedder, lambda: self._embedder.count_tokens(texts))

    def rerank(self, query: str, passages: Sequence[str]) -> Scores:
        """Score passages. Shape (len(passages),), float32, in [0, 1]."""
        return self._run(self._reranker, lambda: self._reranker.rerank(query, passages))

    def _run(self, model: object, work: Callable[[], Result]) -> Result:
        if isinstance(model, ConcurrentModel):  # the worker would only delay its requests
            with translate_model_errors():
                return work()
        result: Result = self._worker.run(self._queue, work)
        return result


class QuestionLane(Lane):
    """The lane that goes first; the worker runs calls that wait together as one batch."""

    def __init__(self, worker: Worker, models: _Models, queues: _Queues) -> None:
        super().__init__(worker, models, queues.others)
        self._queues = queues

    def embed_query(self, text: str) -> Vector:
        """Embed a question, batched with others. Shape (dimension,), float32, length 1."""
        if isinstance(self._embedder, ConcurrentModel):
            return super().embed_query(text)
        vector: Vector = self._worker.run(self._queues.queries, text)
        return vector

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions at once. Shape (n, dimension), float32, length 1."""
        if not isinstance(self._embedder, BatchEmbedder):
            return np.stack([self.embed_query(text) for text in texts])
        batch = self._embedder
        return self._run(batch, lambda: batch.embed_queries(texts))

    def rerank(self, query: str, passages: Sequence[str]) -> Scores:
        """Score passages, batched with others. Shape (len(passages),), float32, in [0, 1]."""
        if isinstance(self._reranker, ConcurrentModel):
            return super().rerank(query, passages)
        scores: Scores = self._worker.run(self._queues.ranking, (query, passages))
        return scores


class IndexingLane(Lane):
    """The lane that gives way to questions: long calls are divided into short units."""

    def __init__(self, worker: Worker, models: _Models, queue: WorkQueue) -> None:
        super().__init__(worker, models, queue)
        self._truncated = 0
        self._embed_size = UnitSize(_SMALLEST_EMBEDDED)
        self._count_size = UnitSize(_SMALLEST_COUNTED)

    @property
    def parallel(self) -> int:
        """Calls of `embed_passages` at a time that keep the model busy."""
        return self._embedder.parallel if isinstance(self._embedder, ParallelEmbedder) else 1

    @property
    def truncated(self) -> int:
        """Number of passages that were cut so far, because the model reads no more."""
        # Calls to a server overlap, so what each of them cut can't be told by the sum.
        if isinstance(self._embedder, ConcurrentModel):
            return _count_truncated(self._embedder)
        return self._truncated

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages in units of similar length.

        Returns:
            Array of shape (n, dimension), float32, rows of length 1; row i belongs to text i.
        """
        if isinstance(self._embedder, ConcurrentModel):
            return super().embed_passages(texts)
        vectors = np.empty((len(texts), self.dimension), np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        by_length = [texts[index] for index in order]
        done = 0
        for rows in self._run_units(by_length, self._embed_size, self._embed):
            vectors[order[done : done + len(rows)]] = rows
            done += len(rows)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special tokens."""
        if isinstance(self._embedder, ConcurrentModel):
            return self._embedder.count_tokens(texts)
        units = self._run_units(texts, self._count_size, self._embedder.count_tokens)
        return [count for counts in units for count in counts]

    def _embed(self, texts: Sequence[str]) -> Vectors:
        before = _count_truncated(self._embedder)
        vectors = self._embedder.embed_passages(texts)
        self._truncated += _count_truncated(self._embedder) - before
        return vectors

    def _run_units(
        self, texts: Sequence[str], size: UnitSize, run: Callable[[Sequence[str]], Any]
    ) -> Iterator[Any]:
        """Yield the result of each unit; adapt the size to its time."""
        sizes = [len(text.encode(errors="replace")) for text in texts]
        start = 0
        while start < len(texts):
            stop = start + size.count_fitting(islice(sizes, start, None))
            result, seconds = self._run(None, partial(_run_timed, run, texts[start:stop]))
            size.adjust(sum(sizes[start:stop]), seconds, self._worker.question_times.allowance)
            yield result
            start = stop


def _count_truncated(embedder: Embedder) -> int:
    return embedder.truncated if isinstance(embedder, TruncatingEmbedder) else 0


def _run_timed(run: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> tuple[Any, float]:
    started = time.perf_counter()
    return run(texts), time.perf_counter() - started


def _run_each(works: Sequence[Callable[[], Any]]) -> list[Any]:
    return [work() for work in works]
