"""Packing: many token sequences in one pass of a Qwen3 decoder, without padding.

The sequences lie behind one another in a single row, each token with its own position. Attention
stays within a sequence and the tokens that all of them begin with, which are computed once. Ten
passages of the 0.6B shape behind a start of 100 tokens are then 2,395 tokens of work, against 3,295
one by one and 4,870 padded. `benchmarks/rerank.py` times it.
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
"""Tokens in a pass: below 1,000 matrix products slow down, above this only memory grows."""

_WORTH_SHARING = 16
"""Tokens of the shortest shared start that saves more work than its copies cost."""


def load_for_packing(
    kind: type[PreTrainedModel], folder: Path, placement: Placement
) -> PreTrainedModel:
    """Load a Qwen3 model whose decoder `PackedDecoder` can run.

    Args:
        kind: the class of the model in `transformers`.
        folder: the folder of its files.
        placement: device and number type.

    Returns:
        The model, on the device.

    Raises:
        ModelError: the model is not built like the published Qwen3 models.
    """
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
    """A Qwen3 decoder that computes the hidden state at the end of each sequence."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Take the decoder of a model that `load_for_packing` loaded; drop its head."""
        self._decoder = Qwen3Decoder(getattr(model, model.base_model_prefix, model))

    def compute_last_hidden(self, sequences: Sequence[list[int]]) -> Tensor:
        """Compute the hidden state after the last token of each sequence.

        Sequences may have any length but 0; the result does not depend on the batches.

        Returns:
            Tensor of shape (n, hidden size), float32, on the CPU.
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
    """Count the tokens that all sequences share at the start.

    Each sequence keeps at least one token of its own; 0 if sharing is not worth it.
    """
    if len(sequences) < 2:
        return 0
    # All sequences agree as far as the first and the last in sorted order do.
    first, last = min(sequences), max(sequences)
    shortest = min(map(len, sequences))
    common = next((i for i in range(shortest) if first[i] != last[i]), shortest - 1)
    return common if common >= _WORTH_SHARING else 0


def split_token_batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Yield batches of indices, longest first, within a budget of tokens.

    The budget limits the longest length times the number of sequences, so it also holds for callers
    that pad; neighbours in length go together. A sequence above the budget goes alone.
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
