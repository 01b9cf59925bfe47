from __future__ import annotations

import math

import numpy as np
import pytest

from rag_core.models.bert import Bert, _apply_gelu
from rag_core.models.starter_files import read_starter_file

SHORT, LONG = [101, 6548, 102], [101, *range(2000, 2100), 102]


@pytest.fixture(scope="module")
def bert() -> Bert:
    return Bert(read_starter_file("config.json"), read_starter_file("model.safetensors"))


def test_gelu_is_exact_to_seven_digits():
    values = np.linspace(-20, 20, 40_001, dtype=np.float32)
    expected = np.array([x * math.erfc(-x / math.sqrt(2)) / 2 for x in values.tolist()])
    rows = values.reshape(-1, 1).copy()
    _apply_gelu(rows)
    np.testing.assert_allclose(rows[:, 0], expected, rtol=2e-7, atol=2e-7)


def test_sequences_of_a_pass_do_not_see_each_other(bert):
    together = bert.forward([SHORT, LONG, SHORT])
    assert [each.shape for each in together] == [(3, 384), (102, 384), (3, 384)]
    for tokens, sequence in zip(together, (SHORT, LONG, SHORT), strict=True):
        np.testing.assert_allclose(tokens, bert.forward([sequence])[0], atol=1e-5)


def test_the_order_of_the_tokens_counts(bert):
    (forwards, backwards) = bert.forward([LONG, LONG[::-1]])
    assert not np.allclose(forwards, backwards[::-1], atol=1e-2)
