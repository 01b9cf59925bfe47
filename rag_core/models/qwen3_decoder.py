"""The Qwen3 decoder written out, over sequences that lie behind one another in a row.

The layers are those of `transformers`, with fewer passes over memory: queries, keys and values are
one product, and so are gate and up; sums and products work in place; and the last layer
is computed only for the tokens that are read. The parity tests compare it with the library.

Source: `transformers.models.qwen3.modeling_qwen3`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import embedding, linear, rms_norm, scaled_dot_product_attention, silu
from transformers import PreTrainedModel

_ROWS = 1024
"""Rows of the wide feed-forward states at a time: fast products, in a fixed amount of memory."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The arrangement of sequences in a row.

    Attributes:
        shared: tokens at the start of the row that all sequences begin with.
        bounds: start and stop (excluded) of each sequence's own tokens in the row.
    """

    shared: int
    bounds: tuple[tuple[int, int], ...]

    def list_last_rows(self) -> list[int]:
        """Return the row of the last token of each sequence."""
        return [stop - 1 for _, stop in self.bounds]

    def compute_positions(self) -> Tensor:
        """Compute each token's position in its sequence, shape (tokens,), int64."""
        own = [torch.arange(stop - start) + self.shared for start, stop in self.bounds]
        return torch.cat([torch.arange(self.shared), *own])


@dataclass(frozen=True, slots=True)
class _Layer:
    """Weights of a layer; `qkv` and `gate_up` are stacked by rows."""

    before_attention: Tensor
    qkv: Tensor
    query_norm: Tensor
    key_norm: Tensor
    out: Tensor
    before_mlp: Tensor
    gate_up: Tensor
    down: Tensor


@dataclass(frozen=True, slots=True)
class _Rotation:
    """Cosines and sines of the positions, shape (tokens, 1, half a head)."""

    cos: Tensor
    sin: Tensor

    def select_rows(self, rows: Tensor) -> _Rotation:
        return _Rotation(self.cos[rows], self.sin[rows])

    def rotate(self, heads: Tensor) -> Tensor:
        """Rotate heads by their positions; shape (tokens, heads, head size)."""
        left, right = heads.chunk(2, dim=-1)
        rotated = torch.empty_like(heads)
        new_left, new_right = rotated.chunk(2, dim=-1)
        torch.mul(left, self.cos, out=new_left).addcmul_(right, self.sin, value=-1)
        torch.mul(right, self.cos, out=new_right).addcmul_(left, self.sin)
        return rotated


class Qwen3Decoder:
    """A decoder over the weights of a loaded `Qwen3Model`, which is of no use afterwards."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Take over the weights; only one layer is ever in memory twice."""
        config = model.config
        self.width = int(config.hidden_size)
        self._queries = int(config.num_attention_heads)
        self._keys = int(config.num_key_value_heads)
        self._head_size = int(config.head_dim)
        self._epsilon = float(config.rms_norm_eps)
        self._embeddings = model.get_parameter("embed_tokens.weight").detach()
        self._norm = model.get_parameter("norm.weight").detach()
        self._angles: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = model.get_submodule(
            "rotary_emb"
        )
        blocks = model.get_submodule("layers")
        self._layers: list[_Layer] = []
        for number in range(int(config.num_hidden_layers)):
            self._layers.append(_take_weights(blocks.get_submodule(str(number))))
            setattr(blocks, str(number), torch.nn.Identity())

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return self._embeddings.device

    @torch.inference_mode()
    def compute_last_hidden(self, ids: Tensor, layout: Layout) -> Tensor:
        """Compute the hidden state after the last token of each sequence.

        Args:
            ids: token ids of the row, shape (tokens,), int64, on the device of the weights.
            layout: how the sequences lie in the row.

        Returns:
            Tensor of shape (sequences, width), in the number type of the weights.
        """
        hidden = embedding(ids, self._embeddings)
        rotation = self._compute_rotation(hidden, layout.compute_positions().to(ids.device))
        for layer in self._layers[:-1]:
            hidden = self._run_layer(hidden, layer, rotation, layout)
        return self._normalise(self._run_last_layer(hidden, rotation, layout), self._norm)

    def _compute_rotation(self, hidden: Tensor, positions: Tensor) -> _Rotation:
        half = self._head_size // 2
        cos, sin = self._angles(hidden, positions[None])
        return _Rotation(cos[0, :, None, :half].contiguous(), sin[0, :, None, :half].contiguous())

    def _run_layer(
        self, hidden: Tensor, layer: _Layer, rotation: _Rotation, layout: Layout
    ) -> Tensor:
        normal = self._normalise(hidden, layer.before_attention)
        heads = self._project_heads(normal, layer.qkv)
        queries, keys, values = torch.split(heads, [self._queries, self._keys, self._keys], dim=1)
        attended = attend(
            rotation.rotate(self._normalise(queries, layer.query_norm)),
            rotation.rotate(self._normalise(keys, layer.key_norm)),
            values,
            layout,
        )
        return self._finish_layer(hidden, attended, layer)

    def _run_last_layer(self, hidden: Tensor, rotation: _Rotation, layout: Layout) -> Tensor:
        """Run the last layer, only for the last token of each sequence."""
        layer = self._layers[-1]
        rows = torch.tensor(layout.list_last_rows(), device=hidden.device)
        normal = self._normalise(hidden, layer.before_attention)
        split = self._queries * self._head_size
        queries = self._project_heads(normal[rows], layer.qkv[:split])
        heads = self._project_heads(normal, layer.qkv[split:])
        keys, values = torch.split(heads, [self._keys, self._keys], dim=1)
        attended = attend_last(
            rotation.select_rows(rows).rotate(self._normalise(queries, layer.query_norm)),
            rotation.rotate(self._normalise(keys, layer.key_norm)),
            values,
            layout,
        )
        return self._finish_layer(hidden[rows], attended, layer)

    def _finish_layer(self, hidden: Tensor, attended: Tensor, layer: _Layer) -> Tensor:
        """Run the rest of a layer; change `hidden` in place."""
        hidden.addmm_(attended.flatten(1), layer.out.T)
        for rows in torch.split(hidden, _ROWS):
            wide = linear(self._normalise(rows, layer.before_mlp), layer.gate_up)
            gate, up = wide.chunk(2, dim=-1)
            rows.addmm_(silu(gate).mul_(up), layer.down.T)
        return hidden

    def _project_heads(self, normal: Tensor, weight: Tensor) -> Tensor:
        return linear(normal, weight).view(len(normal), -1, self._head_size)

    def _normalise(self, states: Tensor, weight: Tensor) -> Tensor:
        return rms_norm(states, weight.shape, weight, self._epsilon)


def attend(queries: Tensor, keys: Tensor, values: Tensor, layout: Layout) -> Tensor:
    """Compute causal attention of each sequence over the shared start and itself.

    The shared queries are repeated for every sequence. This costs a few rows of extra work, and
    keeps the attention square and causal, which is the fast path of every device without a mask.

    Args:
        queries: shape (tokens, heads, head size).
        keys: like `queries`, with as many heads or a fraction of them.
        values: like `keys`.
        layout: which tokens belong together.

    Returns:
        Tensor of shape (tokens, heads, head size).
    """
    keys, values = _expand_for_device(keys, queries), _expand_for_device(values, queries)
    output = torch.empty_like(queries)
    for start, stop in layout.bounds:
        own = [_join_rows(states, layout.shared, start, stop) for states in (queries, keys, values)]
        attended = _compute_attention(*own, causal=True)
        output[start:stop] = attended[layout.shared :]
        output[: layout.shared] = attended[: layout.shared]
    return output


def attend_last(queries: Tensor, keys: Tensor, values: Tensor, layout: Layout) -> Tensor:
    """Compute attention as `attend` does, for the last token of each sequence.

    Args:
        queries: of the last tokens, shape (sequences, heads, head size).
        keys: of all tokens, shape (tokens, heads, head size), with as many heads or a fraction.
        values: like `keys`.
        layout: which tokens belong together.

    Returns:
        Tensor of shape (sequences, heads, head size).
    """
    keys, values = _expand_for_device(keys, queries), _expand_for_device(values, queries)
    output = torch.empty_like(queries)
    for number, (start, stop) in enumerate(layout.bounds):
        own = [_join_rows(states, layout.shared, start, stop) for states in (keys, values)]
        output[number] = _compute_attention(queries[number : number + 1], *own, causal=False)[0]
    return output


def _compute_attention(queries: Tensor, keys: Tensor, values: Tensor, *, causal: bool) -> Tensor:
    """Compute attention of one sequence, shape (tokens, heads, head size)."""
    attended = scaled_dot_product_attention(
        queries.transpose(0, 1)[None],
        keys.transpose(0, 1)[None],
        values.transpose(0, 1)[None],
        is_causal=causal,
        enable_gqa=keys.shape[1] != queries.shape[1],
    )
    return attended[0].transpose(0, 1)


def _expand_for_device(states: Tensor, queries: Tensor) -> Tensor:
    # With grouped heads a GPU has only one fast kernel, which needs half precision and a card of
    # 2020 or later; the fallback holds a whole matrix of scores for each head.
    if states.device.type == "cpu":
        return states
    return states.repeat_interleave(queries.shape[1] // states.shape[1], dim=1)


def _join_rows(states: Tensor, shared: int, start: int, stop: int) -> Tensor:
    own = states[start:stop]
    return torch.cat([states[:shared], own]) if shared else own


def _take_weights(block: torch.nn.Module) -> _Layer:
    def read_weight(*names: str) -> Tensor:
        weights = [block.get_parameter(f"{name}.weight").detach() for name in names]
        return torch.cat(weights) if len(weights) > 1 else weights[0]

    parts = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
    return _Layer(
        before_attention=read_weight("input_layernorm"),
        qkv=read_weight(*parts),
        query_norm=read_weight("self_attn.q_norm"),
        key_norm=read_weight("self_attn.k_norm"),
        out=read_weight("self_attn.o_proj"),
        before_mlp=read_weight("post_attention_layernorm"),
        gate_up=read_weight("mlp.gate_proj", "mlp.up_proj"),
        down=read_weight("mlp.down_proj"),
    )
