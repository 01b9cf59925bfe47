"""The one worker that owns the models: questions go before indexing.

Models are neither thread-safe nor faster in two threads, so one thread runs them all. Work comes in
units; between two units of indexing every waiting question has its turn.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import PriorityQueue
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rag_core.errors import ModelError
from rag_core.protocols import Embedder, Reranker
from rag_core.types import Vector, Vectors

Result = TypeVar("Result")

_QUESTION, _INDEXING, _STOP = 0, 1, 2
_UNIT_PASSAGES = 16
_UNIT_COUNTED = 256


class Inference:
    """Owns an embedder and a reranker. `questions` and `indexing` are its two lanes."""

    def __init__(self, embedder: Embedder, reranker: Reranker) -> None:
        self._queue: PriorityQueue[tuple[int, int, Callable[[], None]]] = PriorityQueue()
        self._order = itertools.count()
        self._closed = False
        self._submit = threading.Lock()
        self.questions = Lane(self, embedder, reranker, _QUESTION)
        self.indexing = Lane(self, embedder, reranker, _INDEXING)
        # A daemon, so that a process that only forgot to close can still end.
        self._thread = threading.Thread(target=self._work, name="inference", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        with self._submit:
            self._closed = True
            self._queue.put((_STOP, next(self._order), lambda: None))
        self._thread.join()

    def run(self, priority: int, work: Callable[[], Result]) -> Result:
        """Run one unit on the worker and wait for it; its error is raised here.

        Raises:
            ModelError: the worker is closed.
        """
        future: Future[Result] = Future()

        def unit() -> None:
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
                future.set_exception(error)

        with self._submit:
            if self._closed:
                raise ModelError("The models are closed: docent is shutting down.")
            self._queue.put((priority, next(self._order), unit))
        return future.result()

    def _work(self) -> None:
        while True:
            priority, _, unit = self._queue.get()
            if priority == _STOP:
                return
            unit()


class Lane:
    """Implements `Embedder` and `Reranker` on the worker, with one priority."""

    def __init__(
        self, inference: Inference, embedder: Embedder, reranker: Reranker, priority: int
    ) -> None:
        self._inference = inference
        self._embedder = embedder
        self._reranker = reranker
        self._priority = priority

    @property
    def model(self) -> str:
        """Name of the embedding model."""
        return self._embedder.model

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._embedder.dimension

    @property
    def max_tokens(self) -> int:
        """Longest input of the embedder."""
        return self._embedder.max_tokens

    def embed_query(self, text: str) -> Vector:
        """Embed a question. Shape (dimension,), L2 norm 1."""
        return self._run(lambda: self._embedder.embed_query(text))

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages in units of like length. Shape (n, dimension), rows of L2 norm 1."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for start in range(0, len(order), _UNIT_PASSAGES):
            unit = order[start : start + _UNIT_PASSAGES]
            vectors[unit] = self._embed([texts[index] for index in unit])
        return vectors

    def _embed(self, unit: Sequence[str]) -> Vectors:
        return self._run(lambda: self._embedder.embed_passages(unit))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens."""
        counts: list[int] = []
        for start in range(0, len(texts), _UNIT_COUNTED):
            unit = texts[start : start + _UNIT_COUNTED]
            counts.extend(self._count(unit))
        return counts

    def _count(self, unit: Sequence[str]) -> list[int]:
        return self._run(lambda: self._embedder.count_tokens(unit))

    def rerank(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Scores in [0, 1], shape (len(passages),)."""
        return self._run(lambda: self._reranker.rerank(query, passages))

    def _run(self, work: Callable[[], Result]) -> Result:
        return self._inference.run(self._priority, work)
