from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import Qwen3Model

from rag_core.models import packing
from rag_core.models.packing import (
    PackedDecoder,
    PaddedDecoder,
    build_decoder,
    count_shared_tokens,
    split_token_batches,
)
from tests.rag_core.checkpoints import tiny_config


def tiny_model() -> Qwen3Model:
    torch.manual_seed(0)
    return Qwen3Model(tiny_config()).eval()


@pytest.mark.parametrize("budget", [1, 60, 100_000])
def test_padded_and_packed_are_the_same(budget, monkeypatch):
    monkeypatch.setattr(packing, "TOKEN_BUDGET", budget)
    sequences = [[7, *range(length)] for length in (1, 30, 2, 11, 30)]
    padded = PaddedDecoder(tiny_model()).compute_last_hidden(sequences)
    packed = PackedDecoder(tiny_model()).compute_last_hidden(sequences)
    torch.testing.assert_close(padded, packed, atol=1e-5, rtol=0)
    assert padded.shape == (5, 32)


def test_only_quantised_weights_are_padded():
    model = tiny_model()
    model.config.quantization_config = {"quant_method": "gptq"}
    assert isinstance(build_decoder(model), PaddedDecoder)
    assert isinstance(build_decoder(tiny_model()), PackedDecoder)


@given(st.lists(st.integers(1, 500), max_size=60), st.integers(1, 2000))
def test_every_index_once_within_the_budget(lengths, budget):
    batches = list(split_token_batches(lengths, budget))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or max(lengths[i] for i in batch) * len(batch) <= budget


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=40), max_size=5))
def test_what_is_shared_is_shared_and_leaves_something(sequences):
    start = list(range(20))
    sequences = [start + sequence for sequence in sequences]
    shared = count_shared_tokens(sequences)
    assert all(sequence[:shared] == sequences[0][:shared] for sequence in sequences)
    assert all(len(sequence) > shared for sequence in sequences)
