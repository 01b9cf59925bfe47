from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.inference.timing import QuestionTimes, UnitSize


def test_before_the_first_question_a_unit_may_be_as_long_as_a_good_batch():
    assert QuestionTimes().allowance == pytest.approx(0.3)


def test_a_unit_may_take_less_than_a_quarter_of_the_usual_question():
    times = QuestionTimes()
    for seconds in (0.2, 9.0, 0.3, 0.2, 0.3, 0.25, 0.2):  # one of them was slow
        times.add(seconds)
    assert 0.15 * 0.25 < times.allowance < 0.25 * 0.25


def test_indexing_gives_way_for_the_time_of_two_questions():
    times = QuestionTimes()
    times.add(0.3)
    assert times.patience == pytest.approx(0.6)


def test_old_questions_are_forgotten():
    times = QuestionTimes()
    for seconds in [60.0] * 100 + [1.0] * 15:
        times.add(seconds)
    assert times.allowance < 0.25


@pytest.mark.parametrize(
    ("sizes", "count"), [([40, 40, 40], 2), ([50, 50, 1], 2), ([500, 1], 1), ([0, 0], 2), ([], 0)]
)
def test_a_unit_holds_what_fits_and_at_least_one_text(sizes, count):
    assert UnitSize(100).count_fitting(sizes) == count


def settled(size: UnitSize, seconds_of, *, allowance: float, units: int = 50) -> int:
    """The size after some units of which each was full."""
    for _ in range(units):
        size.adjust(size.bytes, seconds_of(size.bytes), allowance)
    return size.bytes


def test_the_size_settles_where_a_unit_takes_what_it_may():
    size = settled(UnitSize(100), lambda size: size / 1e5, allowance=0.1)
    assert size == pytest.approx(10_000, rel=0.05)


def test_where_a_unit_costs_the_same_at_any_size_it_grows():
    """As on a GPU, far above what the first small unit's pace would promise."""
    size = settled(UnitSize(100), lambda size: 0.01 + size / 1e7, allowance=0.02)
    assert size == pytest.approx(100_000, rel=0.05)


def test_a_slower_machine_makes_units_smaller_again_but_never_tiny():
    size = UnitSize(100)
    settled(size, lambda size: size / 1e5, allowance=0.1)
    assert settled(size, lambda size: size / 1e4, allowance=0.1) == pytest.approx(1_000, rel=0.05)
    assert settled(size, lambda _: 60.0, allowance=0.1) == 100


def test_one_outlier_does_not_ruin_the_size():
    size = UnitSize(100)
    before = settled(size, lambda size: size / 1e5, allowance=0.1)
    size.adjust(size.bytes, 60.0, 0.1)
    assert size.bytes >= before / 2 - 1


def test_a_quick_remainder_says_nothing():
    size = UnitSize(1_000)
    size.adjust(10, 0.001, 0.1)
    assert size.bytes == 1_000


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.floats(0, 100)), max_size=50),
    st.floats(1e-4, 10),
)
def test_the_size_stays_in_its_bounds_for_all_times(units, allowance):
    size = UnitSize(1_000)
    for weight, seconds in units:
        before = size.bytes
        size.adjust(weight, seconds, allowance)
        assert 1_000 <= size.bytes <= 256 * 1024
        assert before // 2 <= size.bytes <= before * 1.5
