"""The reranker on a server with `/rerank`, as vLLM, TEI and Infinity have it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_core.errors import ModelUnavailableError
from rag_core.models.probe import probe_reranker
from rag_core.models.remote.http_client import ModelServer
from rag_core.models.remote.request_batches import TOO_LARGE, Floats, ask_in_batches

logger = logging.getLogger(__name__)

Scores = NDArray[np.float32]

_PARALLEL_REQUESTS = 8
_ROUNDING_ERROR = 1e-3
_REMEDY = "a Qwen3-Reranker needs its chat template at the server, so start it with that"


class RemoteReranker:
    """Implements `rag_core.protocols.Reranker`; may be used from several threads.

    The server adds the template that a Qwen3-Reranker needs. Scores outside [0, 1] are logits and
    get a sigmoid. After one such score all scores of the server count as logits, since a few logits
    may lie in [0, 1] by chance.

    Nothing is reranked before the server has passed a probe; after a failure, the next question
    probes again, because a server can be mended while docent runs.
    """

    concurrent = True

    def __init__(self, server: ModelServer, model: str) -> None:
        """Prepare a reranker over the endpoint `/rerank` of a server."""
        self._server = server
        self._model = model
        self._speaks_tei = self._gives_logits = self._is_trusted = False

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._model

    def warm_up(self) -> None:
        """Rerank passages of a known order, to check address, key and model.

        A server that is down is only logged, because questions are answered without it.

        Raises:
            RerankerError: the server orders passages wrongly.
            ModelError: the server refuses, or its scores can't be used.
        """
        try:
            self._probe()
        except ModelUnavailableError as error:
            logger.warning("%s", error)

    def rerank(self, query: str, passages: Sequence[str]) -> Scores:
        """Score how well each passage answers a question.

        Returns:
            Scores of shape (len(passages),), float32, in [0, 1], in the order of the passages.
        """
        if not passages:
            return np.empty(0, dtype=np.float32)
        self._probe()
        return self._score(query, passages)

    def _probe(self) -> None:
        """Probe the server, which may be another one, until it passes."""
        if self._is_trusted:
            return
        # A probe learns the form for itself: others may probe or score at the same time.
        probed = RemoteReranker(self._server, self._model)
        probe_reranker(self._model, probed._score, _REMEDY)
        self._speaks_tei = probed._speaks_tei
        if probed._gives_logits:  # never unset, since others may have seen logits by now
            self._gives_logits = True
        self._is_trusted = True

    def _score(self, query: str, passages: Sequence[str]) -> Scores:
        scores = ask_in_batches(lambda batch: self._request_scores(query, batch), passages)
        if scores.min() < -_ROUNDING_ERROR or scores.max() > 1 + _ROUNDING_ERROR:
            self._gives_logits = True
        if self._gives_logits:
            scores = 1 / (1 + np.exp(-np.clip(scores, -50, 50)))
        return np.clip(scores, 0, 1).astype(np.float32)

    def rerank_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> Sequence[Scores]:
        """Score several questions in parallel; shape and range as in `rerank`."""
        with ThreadPoolExecutor(max_workers=_PARALLEL_REQUESTS) as pool:
            return list(pool.map(lambda pair: self.rerank(*pair), pairs))

    def _request_scores(self, query: str, passages: Sequence[str]) -> Floats | None:
        """Return scores, shape (n,); None if the batch is too large."""
        tei = self._speaks_tei
        body: dict[str, Any] = {"model": self._model, "query": query, "documents": list(passages)}
        if tei:
            body = {"query": query, "texts": list(passages), "truncate": True}
        reply = self._server.post(body)
        if "`texts`" in reply.error_message and not tei:
            self._speaks_tei = True  # the server misses a field that only TEI has
            return self._request_scores(query, passages)
        if reply.status in TOO_LARGE and len(passages) > 1:
            return None
        if not reply.ok:
            raise self._server.build_refusal_error(reply)
        scores = _parse_scores(reply.body, len(passages))
        if scores is None:
            raise self._server.build_error(
                "does not answer with a score for each passage", "check the address and the model"
            )
        return scores


def _parse_scores(body: Any, count: int) -> Floats | None:
    """Return scores in the passages' order; None if some are missing.

    The body has Cohere's form or is TEI's bare list.
    """
    try:
        ranked = body["results"] if isinstance(body, dict) else body
        rows = {row["index"]: row.get("relevance_score", row.get("score")) for row in ranked}
        scores = np.array([rows[index] for index in range(count)], dtype=np.float64)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    is_complete = len(rows) == count and scores.ndim == 1 and np.isfinite(scores).all()
    return scores if is_complete else None
