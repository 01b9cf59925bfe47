"""A sum stays within float32 of the vectors that are left, or says that it does not."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag_core.index.page_sums import PageChanges, PageSum

VECTORS = np.random.default_rng(7).standard_normal((300, 4)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)


@given(st.lists(st.integers(0, len(VECTORS)), max_size=60))
def test_a_page_that_grows_and_shrinks_keeps_its_mean(sizes: list[int]):
    """Written after each change, as a mean of float32, and read again."""
    page = PageSum()
    for size in sizes:
        for n in range(page.count, size):
            page.add(VECTORS[n])
        for n in range(size, page.count):
            page.add(VECTORS[n], -1)
        assert page.count == size
        if not page.is_exact:
            page = PageSum()
            for vector in VECTORS[:size]:
                page.add(vector)
        if size:
            mean = (page.total / size).astype(np.float32)
            true = VECTORS[:size].astype(np.float64).mean(axis=0)
            assert np.abs(mean - true).max() < 1e-5
            page = PageSum(mean.astype(np.float64) * size, size, page.rounded + size)


def test_nothing_is_left_of_a_page_that_was_emptied():
    page = PageSum(VECTORS[0] * 1.1, 1, rounded=7)
    page.add(VECTORS[0], -1)
    assert (page.total.tolist(), page.count, page.rounded) == (0, 0, 0)
    page.add(VECTORS[1])
    assert (page.total == VECTORS[1]).all()


def test_a_sum_that_was_rounded_often_is_not_exact():
    assert PageSum(count=2, rounded=200).is_exact
    assert not PageSum(count=2, rounded=201).is_exact
    assert not PageSum(count=-1).is_exact  # more is gone than was there


def test_a_page_in_doubt_is_added_up_anew():
    page = ("docs", "a.md")
    changes = PageChanges(is_new=False, is_counted=True, sums={page: PageSum(count=1)})
    changes.forget([page, page])
    assert (changes.sums, changes.unknown) == ({}, {page})
