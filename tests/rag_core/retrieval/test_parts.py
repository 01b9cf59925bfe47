from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag_core.retrieval.parts import PASSAGES, join_parts
from tests.rag_core.fakes import make_passage


def rank(page: str, *numbers: int):
    """Passages of a page, each with words of its own."""
    return [make_passage(f"{page} {n} {page}{n}", path=f"{page}.md", position=n) for n in numbers]


def list_pages(passages):
    return [passage.chunk.path.removesuffix(".md") for passage in passages]


def test_the_parts_take_turns_and_their_first_pages_differ():
    first = [*rank("a", 1, 2, 3), *rank("b", 1), *rank("c", 1)]
    second = [*rank("x", 1, 2), *rank("y", 1), *rank("z", 1)]
    joined = join_parts([first, second], limit=PASSAGES)
    assert list_pages(joined.passages[:5]) == ["a", "x", "b", "y", "c"]
    assert len(joined.passages) == PASSAGES
    # The places after the first pages go to the further passages of the best.
    assert list_pages(joined.passages[5:]) == ["z", "a", "x"]


def test_each_part_knows_its_passages_best_first():
    joined = join_parts([rank("a", 1, 2), [*rank("x", 1), *rank("y", 1)]], limit=4)
    assert list_pages(joined.passages) == ["a", "x", "a", "y"]
    assert joined.numbers == ((1, 3), (2, 4))


def test_a_passage_of_both_parts_stands_once_and_counts_for_both():
    common = rank("a", 1)
    joined = join_parts([[*common, *rank("b", 1)], [*rank("x", 1), *common]], limit=PASSAGES)
    assert list_pages(joined.passages) == ["a", "x", "b"]
    assert joined.numbers == ((1, 3), (2, 1))


def test_a_part_without_an_answer_leaves_its_share():
    joined = join_parts([[], rank("x", *range(9))], limit=PASSAGES)
    assert len(joined.passages) == PASSAGES
    assert joined.numbers[0] == ()


def test_three_parts_have_two_pages_each_before_the_rest():
    parts = [[*rank(page, 1, 2), *rank(page * 2, 1), *rank(page * 3, 1)] for page in "abc"]
    joined = join_parts(parts, limit=PASSAGES)
    assert list_pages(joined.passages[:6]) == ["a", "b", "c", "aa", "bb", "cc"]


@given(st.lists(st.lists(st.integers(0, 20), unique=True, max_size=12), min_size=1, max_size=3))
def test_no_passage_is_lost_or_doubled_while_there_is_room(parts):
    passages = [[rank(f"p{n}", n)[0] for n in numbers] for numbers in parts]
    joined = join_parts(passages, limit=PASSAGES)
    ids = [passage.chunk.id for passage in joined.passages]
    assert len(set(ids)) == len(ids) == min(PASSAGES, len({n for part in parts for n in part}))
    for part, numbers in zip(passages, joined.numbers, strict=True):
        own = {passage.chunk.id for passage in part}
        assert {ids[number - 1] for number in numbers} <= own
