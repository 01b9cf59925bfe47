"""BERT's encoder in numpy: token ids become contextual token vectors. Inference only.

Source: https://arxiv.org/abs/1810.04805
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

Floats = NDArray[np.float32]

_GELU = tuple(
    map(
        np.float32,
        (
            3.61123533e-09,
            -2.66892931e-07,
            7.93822074e-06,
            -1.1048033e-04,
            -6.62599427e-05,
            0.072668567,
            1.59576843,
        ),
    )
)
"""Polynomial of x² that gives, times x, the logit of the normal distribution up to `_GELU_RANGE`,
highest power first. The product of x and its sigmoid, GELU, is then off by 1e-7 of its value."""

_GELU_RANGE = np.float32(6.0)
_GELU_ROWS = 32
"""Rows at a time: more of them don't fit into a core's cache."""


class Bert:
    """The encoder, with its weights."""

    def __init__(self, settings: bytes, weights: bytes) -> None:
        """Take the contents of the model's `config.json` and `model.safetensors`."""
        config = json.loads(settings)
        self._weights = {
            name.removeprefix("bert."): weight.astype(np.float32)
            for name, weight in load(weights).items()
        }
        self._heads: int = config["num_attention_heads"]
        self._epsilon = np.float32(config["layer_norm_eps"])
        self.dimension: int = config["hidden_size"]
        self._layers = [f"encoder.layer.{layer}" for layer in range(config["num_hidden_layers"])]
        for name in self._layers:
            self._join_projections(f"{name}.attention.self")

    def _join_projections(self, name: str) -> None:
        """Join the projections to queries, keys and values.

        One product is quicker than three.
        """
        for kind in ("weight", "bias"):
            queries, keys, values = (
                self._weights.pop(f"{name}.{part}.{kind}") for part in ("query", "key", "value")
            )
            scaled = queries * np.float32((self.dimension / self._heads) ** -0.5)
            self._weights[f"{name}.{kind}"] = np.concatenate([scaled, keys, values])

    def forward(self, sequences: Sequence[list[int]]) -> list[Floats]:
        """Compute the token vectors of sequences of token ids.

        The sequences lie behind one another without padding; only attention keeps them apart.

        Returns:
            For each sequence an array of shape (tokens, dimension), float32, not normalised.
        """
        weights = self._weights
        ends = np.cumsum([len(sequence) for sequence in sequences])
        positions = np.concatenate([np.arange(len(sequence)) for sequence in sequences])
        hidden = weights["embeddings.word_embeddings.weight"][np.concatenate(sequences)]
        hidden += weights["embeddings.position_embeddings.weight"][positions]
        hidden += weights["embeddings.token_type_embeddings.weight"][0]
        self._normalise(hidden, "embeddings.LayerNorm")
        for name in self._layers:
            hidden = self._run_layer(hidden, ends, name)
        return np.split(hidden, ends[:-1])

    def _run_layer(self, hidden: Floats, ends: NDArray[np.int64], name: str) -> Floats:
        projected = self._apply_linear(hidden, f"{name}.attention.self")
        context = np.empty_like(hidden)
        for start, end in pairwise((0, *ends)):
            context[start:end] = self._attend(projected[start:end])
        attended = self._apply_linear(context, f"{name}.attention.output.dense")
        attended += hidden
        self._normalise(attended, f"{name}.attention.output.LayerNorm")
        inner = self._apply_linear(attended, f"{name}.intermediate.dense")
        _apply_gelu(inner)
        outer = self._apply_linear(inner, f"{name}.output.dense")
        outer += attended
        self._normalise(outer, f"{name}.output.LayerNorm")
        return outer

    def _attend(self, projected: Floats) -> Floats:
        """Mix the values of one sequence; shapes (tokens, 3 dimension), (tokens, dimension)."""
        tokens = len(projected)
        queries, keys, values = projected.reshape(tokens, 3, self._heads, -1).transpose(1, 2, 0, 3)
        scores = queries @ keys.transpose(0, 2, 1)
        scores -= scores.max(-1, keepdims=True)
        np.exp(scores, out=scores)
        mixed = scores @ values
        mixed /= scores.sum(-1, keepdims=True)
        joined = mixed.transpose(1, 0, 2).reshape(tokens, self.dimension)
        return joined.astype(np.float32, copy=False)

    def _apply_linear(self, rows: Floats, name: str) -> Floats:
        product: Floats = rows @ self._weights[f"{name}.weight"].T
        product += self._weights[f"{name}.bias"]
        return product

    def _normalise(self, rows: Floats, name: str) -> None:
        """Normalise each row in place.

        Its mean becomes 0 and its variance 1; then it is scaled and shifted.
        """
        rows -= rows.mean(1, keepdims=True)
        variances = np.einsum("ij,ij->i", rows, rows) / np.float32(self.dimension)
        rows /= np.sqrt(variances + self._epsilon)[:, None]
        rows *= self._weights[f"{name}.weight"]
        rows += self._weights[f"{name}.bias"]


def _apply_gelu(rows: Floats) -> None:
    """Apply the Gaussian error linear unit in place."""
    for start in range(0, len(rows), _GELU_ROWS):
        block = rows[start : start + _GELU_ROWS]
        clipped = np.clip(block, -_GELU_RANGE, _GELU_RANGE)
        squares = clipped * clipped
        logits = np.full_like(squares, _GELU[0])
        for coefficient in _GELU[1:]:
            logits *= squares
            logits += coefficient
        logits *= clipped
        np.negative(logits, out=logits)
        np.exp(logits, out=logits)
        logits += np.float32(1)
        block /= logits
