"""The decoder against the library's, and the two paths of its attention against each other."""

from __future__ import annotations

import pytest
import torch
from transformers import Qwen3Model

from rag_core.models import qwen3_decoder
from rag_core.models.qwen3_decoder import Layout, Qwen3Decoder, attend, attend_last
from tests.rag_core.checkpoints import tiny_config

LAYOUT = Layout(3, ((3, 8), (8, 9), (9, 20)))


def states(heads: int) -> torch.Tensor:
    return torch.randn(20, heads, 8, generator=torch.Generator().manual_seed(heads))


def by_hand(queries, keys, values, rows):
    """Row i sees the shared start and what lies before it in its own sequence."""
    found = torch.empty(len(rows), *queries.shape[1:])
    for place, row in enumerate(rows):
        start = next(start for start, stop in LAYOUT.bounds if row < stop)
        seen = sorted({*range(min(row + 1, LAYOUT.shared)), *range(start, row + 1)})
        for head in range(queries.shape[1]):
            group = head * keys.shape[1] // queries.shape[1]
            weights = (keys[seen, group] @ queries[row, head] / 8**0.5).softmax(0)
            found[place, head] = weights @ values[seen, group]
    return found


@pytest.mark.parametrize("grouped", [True, False])
def test_attention_sees_the_shared_start_and_its_own(grouped, monkeypatch):
    queries, keys, values = states(4), states(2), states(2) * 2
    if not grouped:  # as on a GPU
        monkeypatch.setattr(
            qwen3_decoder, "_expand_for_device", lambda found, _: found.repeat_interleave(2, dim=1)
        )
    every, last = list(range(20)), LAYOUT.list_last_rows()
    torch.testing.assert_close(
        attend(queries, keys, values, LAYOUT), by_hand(queries, keys, values, every)
    )
    torch.testing.assert_close(
        attend_last(queries[last], keys, values, LAYOUT), by_hand(queries, keys, values, last)
    )


def test_elsewhere_than_on_a_cpu_each_head_has_its_own_keys():
    queries, keys = states(4).to("meta"), states(2).to("meta")
    assert qwen3_decoder._expand_for_device(keys, queries).shape == queries.shape
    assert qwen3_decoder._expand_for_device(states(2), states(4)).shape == (20, 2, 8)


@pytest.mark.parametrize(("rows", "dtype", "near"), [(1024, "float32", 1e-5), (7, "float32", 1e-5)])
def test_the_numbers_are_the_librarys(rows, dtype, near, monkeypatch):
    monkeypatch.setattr(qwen3_decoder, "_ROWS", rows)
    torch.manual_seed(0)
    model = Qwen3Model(tiny_config()).to(getattr(torch, dtype)).eval()
    ids = torch.randint(0, 200, (30,))
    with torch.inference_mode():
        expected = model(input_ids=ids[None]).last_hidden_state[0, -1]
    found = Qwen3Decoder(model).compute_last_hidden(ids, Layout(0, ((0, 30),)))
    torch.testing.assert_close(found[0], expected, atol=near, rtol=0)


def test_the_weights_are_taken_over_and_not_held_twice():
    model = Qwen3Model(tiny_config())
    Qwen3Decoder(model)
    assert not list(model.get_submodule("layers").parameters())
