"""Remote models: OpenAI-compatible embeddings, and `/rerank` of vLLM, TEI and Infinity."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_core.errors import ModelUnavailableError
from rag_core.models.http_client import (
    BACKGROUND_RETRIES,
    INTERACTIVE_RETRIES,
    ModelServer,
    RetryPolicy,
)
from rag_core.models.probe import QUESTIONS, probe_reranker
from rag_core.models.token_estimate import estimate_tokens, truncate_text
from rag_core.types import Vector, Vectors

logger = logging.getLogger(__name__)

Scores = NDArray[np.float32]
Floats = NDArray[np.float64]

QUERY_INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"
"""Default task of Qwen3-Embedding. Source: its model card."""

QUERY_PREFIX = "Instruct: {instruction}\nQuery:"
"""The prefix of a question for Qwen3-Embedding; passages have none. Source: its model card."""

MAX_TOKENS = 8192
"""Longest input by default: the length that Qwen3's own examples use."""

_TOO_LARGE = (413, 422)
_BATCH_TEXTS = 32  # TEI's default limit
_BATCH_CHARACTERS = 60_000  # about TEI's tokens in a batch; far below its 2 MB a request
_PARALLEL_REQUESTS = 8
_ROUNDING_ERROR = 1e-3
_REMEDY = "a Qwen3-Reranker needs its chat template at the server, so start it with that"


class RemoteEmbedder:
    """Implements `rag_core.protocols.Embedder`; may be used from several threads.

    docent itself cuts and normalises vectors and adds instructions, so that servers don't differ.

    Attributes:
        truncated: how many inputs were cut at `max_tokens` so far.
    """

    concurrent = True

    def __init__(
        self,
        server: ModelServer,
        model: str,
        *,
        dimension: int | None = None,
        instruction: str | None = None,
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        """Prepare an embedder; `warm_up` or the first use asks the server.

        Args:
            server: the endpoint `/v1/embeddings` of the server.
            model: name of the model at the server; the index stores it.
            dimension: shorter vectors by Matryoshka: cut, then normalised. None keeps them whole.
            instruction: the task in front of a question; None means Qwen3's own. For a model other
                than Qwen3 it is the whole prompt in front of the question, by default none.
            max_tokens: longest input that the server takes, in tokens.
        """
        self.truncated = 0
        self._server = server
        self._model = model
        self._dimension = dimension
        self._prefix = _build_query_prefix(model, instruction)
        self._max_tokens = max_tokens
        self._width: int | None = None
        self._served_model: str | None = None

    @property
    def model(self) -> str:
        """Name of the model, as the index stores it."""
        return self._model

    @property
    def dimension(self) -> int:
        """Length of a vector; asks the server if no dimension was set."""
        if self._dimension is None:
            self.warm_up()
        return self._dimension or self._width or 0

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens; a longer text is cut from the right."""
        return self._max_tokens

    def warm_up(self) -> None:
        """Embed a question once, to check address, key, model and dimension.

        Raises:
            ModelUnavailableError: the server is down, busy, failing or too slow.
            ModelError: the server refuses, or its vectors can't be used.
        """
        if self._width is not None:
            return
        self._embed(QUESTIONS[:1], INTERACTIVE_RETRIES)
        if self._served_model not in {None, self._model}:
            logger.warning(
                "DOCENT_EMBEDDING_MODEL is %s, and %s says that it serves %s: if these are two "
                "models, set the variable and run `docent index`.",
                self._model,
                self._server.address.display_url,
                self._served_model,
            )

    def embed_query(self, text: str) -> Vector:
        """Embed a question as `embed_queries` does: shape (dimension,), float32, length 1."""
        vector: Vector = self.embed_queries([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions, with the model's query instruction if it has one.

        Returns:
            Array of shape (n, dimension), float32, rows of length 1; row i belongs to text i.
        """
        return self._embed([self._prefix + text for text in texts], INTERACTIVE_RETRIES)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages, without an instruction.

        Returns:
            Array of shape (n, dimension), float32, rows of length 1; row i belongs to text i.
        """
        return self._embed(texts, BACKGROUND_RETRIES)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Estimate the tokens of each text: see `rag_core.models.token_estimate`."""
        return [estimate_tokens(text) for text in texts]

    def _embed(self, texts: Sequence[str], retries: RetryPolicy) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        cut_texts = [truncate_text(text, self._max_tokens) for text in texts]
        self.truncated += sum(cut != text for cut, text in zip(cut_texts, texts, strict=True))
        return self._normalise(
            _ask_in_batches(lambda batch: self._request_vectors(batch, retries), cut_texts)
        )

    def _request_vectors(self, texts: Sequence[str], retries: RetryPolicy) -> Floats | None:
        """Return vectors, shape (n, width); None if the batch is too large."""
        body = {"model": self._model, "input": list(texts)}
        reply = self._server.post(body, retries=retries)
        if reply.status in _TOO_LARGE and len(texts) > 1:
            return None
        if not reply.ok:
            raise self._server.build_refusal_error(reply)
        raw = _parse_vectors(reply.body, len(texts))
        if raw is None:
            raise self._server.build_error(
                "does not answer with embeddings in OpenAI's form", "check the address"
            )
        self._check_width(raw.shape[1])
        self._served_model = reply.body.get("model")
        return raw

    def _check_width(self, width: int) -> None:
        if self._dimension is not None and width < self._dimension:
            raise self._server.build_error(
                f"gives vectors of {width} numbers and DOCENT_EMBEDDING_DIM is {self._dimension}",
                f"set it to at most {width}, or serve the model that it was meant for",
            )
        if self._width not in {None, width}:
            raise self._server.build_error(
                f"gave vectors of {width} numbers after some of {self._width}",
                "its model was changed, so restart docent",
            )
        self._width = width

    def _normalise(self, raw: Floats) -> Vectors:
        rows = raw[:, : self.dimension]
        with np.errstate(over="ignore"):  # an overflow becomes infinite, which is refused below
            norms = np.linalg.norm(rows, axis=1, keepdims=True)
        if not np.isfinite(norms).all() or not norms.all():
            raise self._server.build_error(
                "gave vectors without a direction (NaN, null or all zero)",
                "start it with another number type, for instance float32 in place of float16",
            )
        vectors: Vectors = (rows / norms).astype(np.float32)
        return vectors


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
        scores = _ask_in_batches(lambda batch: self._request_scores(query, batch), passages)
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
        if reply.status in _TOO_LARGE and len(passages) > 1:
            return None
        if not reply.ok:
            raise self._server.build_refusal_error(reply)
        scores = _parse_scores(reply.body, len(passages))
        if scores is None:
            raise self._server.build_error(
                "does not answer with a score for each passage", "check the address and the model"
            )
        return scores


def _build_query_prefix(model: str, instruction: str | None) -> str:
    if "qwen3" in model.lower():
        return QUERY_PREFIX.format(instruction=instruction or QUERY_INSTRUCTION)
    return instruction or ""


def _ask_in_batches(ask: Callable[[Sequence[str]], Floats | None], texts: Sequence[str]) -> Floats:
    """Join the answers of all batches; halve one that is too large."""
    answers: list[Floats] = []
    waiting = [*_split_batches(texts)][::-1]  # a stack, so the halves keep the order of the texts
    while waiting:
        batch = waiting.pop()
        answer = ask(batch)
        if answer is not None:
            answers.append(answer)
            continue
        middle = len(batch) // 2
        waiting += [batch[middle:], batch[:middle]]
    return np.concatenate(answers)


def _split_batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield neighbours as batches; a text above the limit goes alone."""
    start = characters = 0
    for end, text in enumerate(texts):
        characters += len(text)
        if end > start and (end - start == _BATCH_TEXTS or characters > _BATCH_CHARACTERS):
            yield texts[start:end]
            start, characters = end, len(text)
    if start < len(texts):
        yield texts[start:]


def _parse_vectors(body: Any, count: int) -> Floats | None:
    """Return vectors in the texts' order; None if some are missing."""
    try:
        rows = {row["index"]: row["embedding"] for row in body["data"]}
        vectors = np.array([rows[index] for index in range(count)], dtype=np.float64)
    except (KeyError, TypeError, ValueError):
        return None
    is_complete = len(rows) == count and vectors.ndim == 2 and vectors.shape[1] > 0
    return vectors if is_complete else None


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
