from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.retrieval.diversify import compute_similarity, select_diverse, split_shingles
from rag_core.types import Passage
from tests.rag_core.fakes import make_passage

STEPS = (
    "To check the status of the installation, list all pods of the namespace and wait until each "
    "of them is ready; then forward the port of the proxy to your machine and connect to it."
)


def passage(text: str, page: str = "a.md", **place) -> Passage:
    return make_passage(text, path=page, **place)


def numbered(page: str, *numbers: int) -> list[Passage]:
    return [passage(f"About the number {n} on {page} alone.", page) for n in numbers]


def test_the_first_of_two_pages_that_say_the_same():
    passages = [
        passage(STEPS, "cluster.md", headings=("Cluster",)),
        passage(STEPS, "standalone.md", headings=("Standalone",)),
        passage(STEPS.replace("to it.", "to that."), "gpu.md"),
        passage("Something else.", "other.md"),
    ]
    assert select_diverse(passages, limit=5) == (passages[0], passages[3])


def test_pages_that_differ_in_more_than_a_word_stay():
    passages = [passage(STEPS, "a.md"), passage(f"{STEPS} With a token. {STEPS[:60]}", "b.md")]
    assert select_diverse(passages, limit=5) == tuple(passages)


def test_the_same_page_in_two_sources():
    passages = [passage(STEPS, source="docs"), passage(STEPS, source="mirror")]
    assert select_diverse(passages, limit=5) == (passages[0],)


def test_on_one_page_only_the_same_text_under_the_same_heading_goes():
    passages = [
        passage("The default is 1024.", headings=("IVF_FLAT",)),
        passage("The default is 1024.", headings=("IVF_PQ",)),
        passage("The default is 2048.", headings=("IVF_PQ",)),
        passage("The default is 1024.", headings=("IVF_PQ",), position=7),
    ]
    assert select_diverse(passages, limit=5) == tuple(passages[:3])


def test_pages_take_turns_once_one_has_enough():
    passages = [*numbered("a.md", 1, 2, 3, 4), *numbered("b.md", 5), *numbered("a.md", 6)]
    chosen = select_diverse(passages, limit=5, per_page=2)
    assert chosen == (*passages[:2], passages[4], *passages[2:4])


def test_a_question_about_one_page_loses_nothing():
    passages = numbered("a.md", *range(10))
    assert select_diverse(passages, limit=5) == tuple(passages[:5])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["x y z", "x y w", "", "中文文字"]) | st.text(), st.sampled_from("ab")
        )
    ),
    st.integers(0, 6),
    st.integers(1, 4),
)
def test_any_passages(texts, limit, per_page):
    passages = [passage(text, page, position=n) for n, (text, page) in enumerate(texts)]
    chosen = select_diverse(passages, limit=limit, per_page=per_page)
    assert len(chosen) <= limit
    assert len({id(one) for one in chosen}) == len(chosen)
    assert set(chosen) <= set(passages)
    assert chosen[:1] == tuple(passages[:1])[:limit]
    for page in "ab":
        mine = [one for one in chosen if one.chunk.path == page]
        assert mine == sorted(mine, key=passages.index)
    # Room is left only when nothing new is left.
    if len(chosen) < limit:
        texts_of = {(one.chunk.path, one.chunk.text) for one in chosen}
        for one in passages:
            same_page = (one.chunk.path, one.chunk.text) in texts_of
            assert same_page or any(
                compute_similarity(split_shingles(one.chunk.text), split_shingles(other.chunk.text))
                >= 0.9
                for other in chosen
            )


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a b c d", "a b c d", 1),
        ("A, b: c d!", "a b c d", 1),
        ("a b c d", "b c d e", 1 / 3),
        ("a b c", "d e f", 0),
        ("", "", 1),
        ("...", "", 0),
        ("向量数据库", "向量数据", 2 / 3),
    ],
)
def test_similarity(one, other, expected):
    assert compute_similarity(split_shingles(one), split_shingles(other)) == pytest.approx(expected)
