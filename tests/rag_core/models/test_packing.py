from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag_core.models.packing import count_shared_tokens, split_token_batches


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
