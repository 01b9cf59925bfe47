"""Packing: many token sequences in one pass of a Qwen3 decoder, without padding.

The sequences lie behind one another in a single row, each token with its own position. Attention
stays within a sequence and the tokens that all of them begin with, which are computed once. Ten
passages of the 0.6B shape behind a start of 100 tokens are then 2,395 tokens of work, against 3,295
one by one and 4,870 padded. `benchmarks/rerank.py` times it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from rag_core.errors import ModelError
from rag_core.models.admission import LOCAL
from rag_core.models.device import Placement
from rag_core.models.quantisation import find_quantisation
from rag_core.models.qwen3_decoder import Layout, Qwen3Decoder

TOKEN_BUDGET = 4096
"""Tokens in a pass: below 1,000 matrix products slow down, above this only memory grows."""

_WORTH_SHARING = 16
"""Tokens of the shortest shared start that saves more work than its copies cost."""


def load_for_packing(
    kind: type[PreTrainedModel], folder: Path, placement: Placement
) -> PreTrainedModel:
    """Load a Qwen3 model whose decoder `build_decoder` can run.

    Args:
        kind: the class of the model in `transformers`.
        folder: the folder of its files.
        placement: device and number type.

    Returns:
        The model, on the device.

    Raises:
        ModelError: the model is not built like the published Qwen3 models, or lacks weights.
    """
    loaded: Any = kind.from_pretrained(
        folder, dtype=placement.dtype, output_loading_info=True, use_safetensors=True, **LOCAL
    )
    model: PreTrainedModel = loaded[0]
    config = model.config
    as_published = config.hidden_act == "silu" and not config.attention_bias
    is_quantised = find_quantisation(folder) is not None
    if not is_quantised and (set(config.layer_types) != {"full_attention"} or not as_published):
        raise ModelError(
            f"The model in {folder} is not built like the published Qwen3 models (windows, biases "
            "or another activation), so docent can't run it: choose one of those."
        )
    if lacking := sorted(loaded[1]["missing_keys"]):
        # The library would fill them with random numbers.
        raise ModelError(
            f"The model in {folder} lacks {len(lacking)} weights, the first of them {lacking[0]}: "
            "download it again, or choose another model."
        )
    # The library's decorators hide the signature of `to` from type checkers.
    torch.nn.Module.to(model, placement.device)
    return model


def build_decoder(model: PreTrainedModel) -> PackedDecoder | PaddedDecoder:
    """Build the decoder of a model that `load_for_packing` loaded.

    Quantised weights are only known to their package, so the library's layers run them.
    """
    is_quantised = getattr(model.config, "quantization_config", None) is not None
    return PaddedDecoder(model) if is_quantised else PackedDecoder(model)


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


class PaddedDecoder:
    """A decoder that the library runs, with padding behind the sequences."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Take the decoder of a model."""
        self._decoder = getattr(model, model.base_model_prefix, model)

    @torch.inference_mode()
    def compute_last_hidden(self, sequences: Sequence[list[int]]) -> Tensor:
        """Compute the hidden state after the last token of each sequence.

        Returns:
            Tensor of shape (n, hidden size), float32, on the CPU.
        """
        lengths = [len(sequence) for sequence in sequences]
        result = torch.empty(len(sequences), int(self._decoder.config.hidden_size))
        for batch in split_token_batches(lengths, TOKEN_BUDGET):
            longest = lengths[batch[0]]
            ids = [sequences[i] + [0] * (longest - lengths[i]) for i in batch]
            mask = [[1] * lengths[i] + [0] * (longest - lengths[i]) for i in batch]
            hidden = self._decoder(
                input_ids=torch.tensor(ids, device=self._decoder.device),
                attention_mask=torch.tensor(mask, device=self._decoder.device),
                use_cache=False,
            ).last_hidden_state
            ends = [lengths[i] - 1 for i in batch]
            result[batch] = hidden[range(len(batch)), ends].float().cpu()
        return result


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
