"""Runs many token sequences through a Qwen3 decoder at once: no padding, a shared start once.

The sequences lie behind one another as a single row, each token with its own position, and
attention is confined to a sequence and to the tokens that all of them begin with. Ten passages of
the 0.6B shape behind a start of 100 tokens are then 2,395 tokens of work, against 3,295 one by one
and 4,870 padded. `benchmarks/rerank.py` times it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel

from rag_core.device import Placement
from rag_core.errors import ModelError

_ATTENTION = "docent_packed"

TOKEN_BUDGET = 4096
"""Tokens in a pass: below 1,000 matrix products slow down, above only memory grows."""

_WORTH_SHARING = 16
"""A shared start shorter than this costs more copying than it saves."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How sequences lie in a row: `shared` tokens of all, then [start, stop) of each one's own."""

    shared: int
    bounds: tuple[tuple[int, int], ...]

    def last(self) -> list[int]:
        """Row of the last token of each sequence."""
        return [stop - 1 for _, stop in self.bounds]

    def positions(self) -> Tensor:
        """Place of each token in its own sequence, shape (tokens,)."""
        own = [torch.arange(stop - start) + self.shared for start, stop in self.bounds]
        return torch.cat([torch.arange(self.shared), *own])


def load_for_packing(
    kind: type[PreTrainedModel], folder: Path, placement: Placement
) -> PreTrainedModel:
    """Load a Qwen3 model of this class so that its decoder can be run by `PackedDecoder`."""
    AttentionInterface.register(_ATTENTION, packed_attention)
    model: PreTrainedModel = kind.from_pretrained(
        folder, dtype=placement.dtype, attn_implementation=_ATTENTION
    )
    if set(model.config.layer_types) != {"full_attention"}:
        raise ModelError(f"The model in {folder} uses sliding windows, which docent can't run.")
    # The library's decorators hide the signature of `to` from type checkers.
    torch.nn.Module.to(model, placement.device)
    return model


class PackedDecoder:
    """A Qwen3 decoder that gives the hidden state at the end of each sequence."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Take a model that `load_for_packing` loaded; of one with a head, only the decoder."""
        self._model: PreTrainedModel = getattr(model, model.base_model_prefix, model)

    def last_hidden(self, sequences: Sequence[list[int]]) -> Tensor:
        """Hidden states after the last token, shape (n, hidden size), float32, on the CPU.

        Sequences of any length but 0; the result does not depend on how they are batched.
        """
        shared = shared_length(sequences)
        own = [sequence[shared:] for sequence in sequences]
        result = torch.empty(len(sequences), self._model.config.hidden_size)
        for batch in token_batches([len(tokens) for tokens in own], TOKEN_BUDGET):
            tokens = [own[i] for i in batch]
            result[batch] = self._run(sequences[0][:shared], tokens).float().cpu()
        return result

    @torch.inference_mode()
    def _run(self, shared: list[int], own: Sequence[list[int]]) -> Tensor:
        layout = _lay_out(len(shared), own)
        device = self._model.device
        ids = torch.tensor([[*shared, *(token for tokens in own for token in tokens)]])
        output = self._model(
            input_ids=ids.to(device),
            position_ids=layout.positions()[None].to(device),
            attention_mask={"full_attention": None},  # the layout says all; build no mask
            use_cache=False,
            layout=layout,
        )
        rows: Tensor = output.last_hidden_state[0, layout.last()]
        return rows


def shared_length(sequences: Sequence[list[int]]) -> int:
    """Tokens that all sequences begin with, leaving each at least one of its own."""
    if len(sequences) < 2:
        return 0
    # All sequences agree as far as the first and the last in order do.
    first, last = min(sequences), max(sequences)
    shortest = min(map(len, sequences))
    common = next((i for i in range(shortest) if first[i] != last[i]), shortest - 1)
    return common if common >= _WORTH_SHARING else 0


def token_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Indices in batches, longest first; longest x count stays within the budget if it can.

    Neighbours in length go together, for callers that pad; the product bounds the sum for others.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and lengths[batch[0]] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def packed_attention(
    _module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    _attention_mask: Tensor | None,
    *,
    scaling: float,
    layout: Layout,
    **_: Any,
) -> tuple[Tensor, None]:
    """Causal attention of each sequence over the shared start and itself.

    The shared queries are repeated for every sequence: that keeps the attention square and causal,
    which is the fast path of every device and needs no mask, for a few rows of extra work.

    Args:
        query: shape (1, heads, tokens, head size).
        key: like `query`, with as many heads or a fraction of them.
        value: like `key`.
        scaling: factor of the scores.
        layout: which tokens belong together.

    Returns:
        Shape (1, tokens, heads, head size), and no weights.
    """
    output = torch.empty_like(query)
    for start, stop in layout.bounds:
        own_query, own_key, own_value = (
            _rows(states, layout.shared, start, stop) for states in (query, key, value)
        )
        attended = scaled_dot_product_attention(
            own_query,
            own_key,
            own_value,
            is_causal=True,
            scale=scaling,
            enable_gqa=True,
        )
        output[:, :, start:stop] = attended[:, :, layout.shared :]
        output[:, :, : layout.shared] = attended[:, :, : layout.shared]
    return output.transpose(1, 2), None


def _rows(states: Tensor, shared: int, start: int, stop: int) -> Tensor:
    own = states[:, :, start:stop]
    return torch.cat([states[:, :, :shared], own], dim=2) if shared else own


def _lay_out(shared: int, own: Sequence[list[int]]) -> Layout:
    bounds: list[tuple[int, int]] = []
    start = shared
    for tokens in own:
        bounds.append((start, start + len(tokens)))
        start += len(tokens)
    return Layout(shared, tuple(bounds))
