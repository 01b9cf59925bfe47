"""Runs many token sequences through a Qwen3 decoder at once: no padding, a shared start once.

The sequences lie behind one another as a single row, each token with its own position, and
attention is confined to a sequence and to the tokens that all of them begin with. Ten passages of
the 0.6B shape behind a start of 100 tokens are then 2,395 tokens of work, against 3,295 one by one
and 4,870 padded. `benchmarks/rerank.py` times it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedModel

from rag_core.errors import ModelError
from rag_core.models.device import Placement
from rag_core.models.qwen3_decoder import Layout, Qwen3Decoder

TOKEN_BUDGET = 4096
"""Tokens in a pass: below 1,000 matrix products slow down, above only memory grows."""

_WORTH_SHARING = 16
"""A shared start shorter than this costs more copying than it saves."""


def load_for_packing(
    kind: type[PreTrainedModel], folder: Path, placement: Placement
) -> PreTrainedModel:
    """Load a Qwen3 model of this class, for its decoder to be run by `PackedDecoder`."""
    model: PreTrainedModel = kind.from_pretrained(folder, dtype=placement.dtype)
    config = model.config
    as_published = config.hidden_act == "silu" and not config.attention_bias
    if set(config.layer_types) != {"full_attention"} or not as_published:
        raise ModelError(
            f"The model in {folder} is not built like the published Qwen3 models (windows, biases "
            "or another activation), so docent can't run it: choose one of those."
        )
    # The library's decorators hide the signature of `to` from type checkers.
    torch.nn.Module.to(model, placement.device)
    return model


class PackedDecoder:
    """A Qwen3 decoder that gives the hidden state at the end of each sequence."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Take a model that `load_for_packing` loaded; of one with a head, only the decoder."""
        self._decoder = Qwen3Decoder(getattr(model, model.base_model_prefix, model))

    def compute_last_hidden(self, sequences: Sequence[list[int]]) -> Tensor:
        """Hidden states after the last token, shape (n, hidden size), float32, on the CPU.

        Sequences of any length but 0; the result does not depend on how they are batched.
        """
        shared = count_shared_tokens(sequences)
        own = [sequence[shared:] for sequence in sequences]
        result = torch.empty(len(sequences), self._decoder.width)
        for batch in split_token_batches([len(tokens) for tokens in own], TOKEN_BUDGET):
            tokens = [own[i] for i in batch]
            result[batch] = self._run_batch(sequences[0][:shared], tokens).float().cpu()
        return result

    def _run_batch(self, shared: list[int], own: Sequence[list[int]]) -> Tensor:
        ids = torch.tensor([*shared, *(token for tokens in own for token in tokens)])
        layout = _build_layout(len(shared), own)
        return self._decoder.compute_last_hidden(ids.to(self._decoder.device), layout)


def count_shared_tokens(sequences: Sequence[list[int]]) -> int:
    """Tokens that all sequences begin with, leaving each at least one of its own."""
    if len(sequences) < 2:
        return 0
    # All sequences agree as far as the first and the last in order do.
    first, last = min(sequences), max(sequences)
    shortest = min(map(len, sequences))
    common = next((i for i in range(shortest) if first[i] != last[i]), shortest - 1)
    return common if common >= _WORTH_SHARING else 0


def split_token_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
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


def _build_layout(shared: int, own: Sequence[list[int]]) -> Layout:
    bounds: list[tuple[int, int]] = []
    start = shared
    for tokens in own:
        bounds.append((start, start + len(tokens)))
        start += len(tokens)
    return Layout(shared, tuple(bounds))
