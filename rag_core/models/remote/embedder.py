"""The embedder on servers with OpenAI's `/v1/embeddings`, such as vLLM, TEI and Infinity."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from rag_core.models.probe import QUESTIONS
from rag_core.models.remote.http_client import (
    BACKGROUND_RETRIES,
    INTERACTIVE_RETRIES,
    ModelServer,
    RetryPolicy,
)
from rag_core.models.remote.request_batches import TOO_LARGE, Floats, ask_in_batches
from rag_core.models.remote.server_pool import ServerPool
from rag_core.models.token_estimate import estimate_tokens, truncate_text
from rag_core.types import Vector, Vectors

logger = logging.getLogger(__name__)


QUERY_INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"
"""Default task of Qwen3-Embedding. Source: its model card."""

QUERY_PREFIX = "Instruct: {instruction}\nQuery:"
"""The prefix of a question for Qwen3-Embedding; passages have none. Source: its model card."""

MAX_TOKENS = 8192
"""Longest input by default: the length that Qwen3's own examples use."""

_SAME_MODEL = 0.99  # cosine; number types of 16 bits differ by less, another model by far more


class RemoteEmbedder:
    """Implements `rag_core.protocols.Embedder`; may be used from several threads.

    docent itself cuts and normalises vectors and adds instructions, so that servers don't differ.

    Attributes:
        truncated: how many inputs were cut at `max_tokens` so far.
    """

    concurrent = True

    def __init__(
        self,
        servers: Sequence[ModelServer],
        model: str,
        *,
        dimension: int | None = None,
        instruction: str | None = None,
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        """Prepare an embedder; `warm_up` or the first use asks the servers.

        Args:
            servers: the endpoints `/v1/embeddings` of servers that serve the same model.
            model: name of the model at the servers; the index stores it.
            dimension: shorter vectors by Matryoshka: cut, then normalised. None keeps them whole.
            instruction: the task in front of a question; None means Qwen3's own. For a model other
                than Qwen3 it is the whole prompt in front of the question, by default none.
            max_tokens: longest input that the servers take, in tokens.
        """
        self.truncated = 0
        self._pool = ServerPool(servers, self._check_server)
        self._model = model
        self._dimension = dimension
        self._prefix = _build_query_prefix(model, instruction)
        self._max_tokens = max_tokens
        self._width: int | None = None
        self._lock = threading.Lock()
        self._known: tuple[ModelServer, Floats] | None = None

    @property
    def model(self) -> str:
        """Name of the model, as the index stores it."""
        return self._model

    @property
    def dimension(self) -> int:
        """Length of a vector; asks a server if no dimension was set."""
        if self._dimension is None:
            self.warm_up()
        return self._dimension or self._width or 0

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens; a longer text is cut from the right."""
        return self._max_tokens

    @property
    def parallel(self) -> int:
        """Calls of `embed_passages` at a time that keep the servers busy."""
        return self._pool.parallel

    def warm_up(self) -> None:
        """Embed a known text once, to check each server.

        This checks address, key, model and dimension.

        Raises:
            ModelUnavailableError: the servers are down, busy, failing or too slow.
            ModelError: a server refuses, its vectors can't be used, or they are not those of the
                other servers.
        """
        if self._width is None:
            self._pool.warm_up()

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
        with self._lock:
            self.truncated += sum(cut != text for cut, text in zip(cut_texts, texts, strict=True))

        def request(batch: Sequence[str]) -> Floats | None:
            return self._pool.ask(lambda *server: self._request_vectors(batch, *server), retries)

        return ask_in_batches(request, cut_texts).astype(np.float32)

    def _request_vectors(
        self, texts: Sequence[str], server: ModelServer, retries: RetryPolicy
    ) -> Floats | None:
        """Return vectors; None if the batch is too large.

        Their shape is (n, dimension), their length 1.
        """
        raw, _ = self._post(texts, server, retries)
        if raw is None:
            return None
        self._check_width(server, raw.shape[1])
        return _normalise(server, raw[:, : self._dimension])

    def _post(
        self, texts: Sequence[str], server: ModelServer, retries: RetryPolicy
    ) -> tuple[Floats | None, str | None]:
        """Return vectors as the server gives them, and its model's name.

        The vectors have the shape (n, width); they are None if the batch is too large.
        """
        reply = server.post({"model": self._model, "input": list(texts)}, retries=retries)
        if reply.status in TOO_LARGE and len(texts) > 1:
            return None, None
        if not reply.ok:
            raise server.build_refusal_error(reply)
        raw = _parse_vectors(reply.body, len(texts))
        if raw is None:
            raise server.build_error(
                "does not answer with embeddings in OpenAI's form", "check the address"
            )
        served = reply.body.get("model")
        return raw, served if isinstance(served, str) else None

    def _check_server(self, server: ModelServer, retries: RetryPolicy) -> None:
        """Check a server by a known text.

        Its vector must be that of the other servers.
        """
        raw, served = self._post(QUESTIONS[:1], server, retries)
        if raw is None:  # of one text that is never said
            return
        with self._lock:
            first, vector = self._known or (server, raw)
            if vector.shape != raw.shape or _compute_cosine(vector, raw) < _SAME_MODEL:
                raise server.build_error(
                    f"gives other vectors than the one at {first.address.display_url}",
                    f"serve the same model at both, {self._model}, or name only one of them",
                )
            self._check_width(server, raw.shape[1])
            _normalise(server, raw[:, : self._dimension])
            self._known = first, vector
        if served not in {None, self._model}:
            logger.warning(
                "DOCENT_EMBEDDING_MODEL is %s, and %s says that it serves %s: if these are two "
                "models, set the variable and run `docent index`.",
                self._model,
                server.address.display_url,
                served,
            )

    def _check_width(self, server: ModelServer, width: int) -> None:
        if self._dimension is not None and width < self._dimension:
            raise server.build_error(
                f"gives vectors of {width} numbers and DOCENT_EMBEDDING_DIM is {self._dimension}",
                f"set it to at most {width}, or serve the model that it was meant for",
            )
        if self._width not in {None, width}:
            raise server.build_error(
                f"gave vectors of {width} numbers after some of {self._width}",
                "its model was changed, so restart docent",
            )
        self._width = width


def _normalise(server: ModelServer, rows: Floats) -> Floats:
    """Return rows of length 1, or raise if one has no direction."""
    with np.errstate(over="ignore"):  # an overflow becomes infinite, which is refused below
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or not norms.all():
        raise server.build_error(
            "gave vectors without a direction (NaN, null or all zero)",
            "start it with another number type, for instance float32 in place of float16",
        )
    vectors: Floats = rows / norms
    return vectors


def _compute_cosine(one: Floats, other: Floats) -> float:
    with np.errstate(all="ignore"):  # what is not a number is refused by its own sentence
        lengths = np.linalg.norm(one) * np.linalg.norm(other)
        cosine = float((one * other).sum() / lengths)
    return cosine if np.isfinite(cosine) else 1.0


def _build_query_prefix(model: str, instruction: str | None) -> str:
    if "qwen3" in model.lower():
        return QUERY_PREFIX.format(instruction=instruction or QUERY_INSTRUCTION)
    return instruction or ""


def _parse_vectors(body: Any, count: int) -> Floats | None:
    """Return vectors in the texts' order; None if some are missing."""
    try:
        rows = {row["index"]: row["embedding"] for row in body["data"]}
        vectors = np.array([rows[index] for index in range(count)], dtype=np.float64)
    except (KeyError, OverflowError, TypeError, ValueError):
        return None
    is_complete = len(rows) == count and vectors.ndim == 2 and vectors.shape[1] > 0
    return vectors if is_complete else None
