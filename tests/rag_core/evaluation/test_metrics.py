from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.evaluation.metrics import (
    compute_auroc,
    compute_measures,
    compute_percentiles,
    compute_refusals,
    estimate_mean,
    find_refusal_threshold,
)

scores = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_measures_of_a_ranking():
    found = compute_measures(
        {"q": ["x", "a", "b"], "r": []}, {"q": {"a": 2, "b": 1}, "r": {"a": 1}}
    )
    ideal = 2 + 1 / math.log2(3)
    assert found["nDCG@10"]["q"] == pytest.approx((2 / math.log2(3) + 0.5) / ideal)
    assert found["RR"] == {"q": 0.5, "r": 0.0}
    assert found["Success@3"] == {"q": 1.0, "r": 0.0}
    assert found["R@5"]["q"] == 1.0


def test_ties_do_not_change_the_order():
    names = [f"d{number}" for number in range(100)]
    assert compute_measures({"q": names}, {"q": {"d99": 1}})["RR"]["q"] == pytest.approx(0.01)


@given(scores)
def test_an_interval_holds_its_mean_and_is_the_same_each_time(values):
    found = estimate_mean(values)
    assert found == estimate_mean(values)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


def test_auroc_counts_pairs_and_halves_ties():
    assert compute_auroc([0.9, 0.8], [0.1, 0.2]).value == 1.0
    assert compute_auroc([0.1], [0.9]).value == 0.0
    assert compute_auroc([0.5], [0.5, 0.1]).value == 0.75


@given(scores, st.sampled_from([0.0, 0.02, 0.05, 0.1]))
def test_no_more_are_refused_wrongly_than_may_be(answerable, false):
    limit = find_refusal_threshold(answerable, false)
    assert sum(score < limit for score in answerable) <= false * len(answerable)


def test_the_table_of_refusals():
    table = compute_refusals([0.5] * 19 + [0.1], [0.05, 0.2, 0.3, 0.6])
    assert [(row.false, row.refused.value) for row in table] == [
        (0.0, 0.25),
        (0.01, 0.25),
        (0.02, 0.25),
        (0.05, 0.75),
        (0.1, 0.75),
    ]


def test_median_and_95th_percentile():
    assert compute_percentiles([float(number) for number in range(1, 101)]) == (50.5, 95.05)
