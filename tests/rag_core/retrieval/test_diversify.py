from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.retrieval.diversify import is_copy, select_diverse
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


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("all pods", "no pods"),
        ("connect to", "disconnect from"),
        ("is ready", "is not ready"),
        ("the port", "the port 19530"),
        ("proxy", "gateway"),
        ("then", "with a token, then"),
    ],
)
def test_pages_that_differ_in_a_word_that_matters_stay(old, new):
    passages = [passage(STEPS, "a.md"), passage(STEPS.replace(old, new), "b.md")]
    assert passages[0].chunk.text != passages[1].chunk.text
    assert select_diverse(passages, limit=5) == tuple(passages)


def test_a_short_text_is_about_what_its_heading_says():
    short = "The default is 1024 rows."
    ours = passage(short, "a.md", headings=("IVF_FLAT",))
    assert not is_copy(ours.chunk, passage(short, "b.md", headings=("IVF_PQ",)).chunk)
    assert is_copy(ours.chunk, passage(short, "b.md", headings=("`IVF_FLAT`",)).chunk)
    assert is_copy(passage("---", "a.md").chunk, passage("---", "b.md", title="Else").chunk)


def test_a_version_in_the_heading_counts():
    texts = [passage(STEPS, f"{n}.md", headings=(f"Upgrade to 2.{n}",)) for n in (4, 5)]
    assert select_diverse(texts, limit=5) == tuple(texts)


def test_of_copies_the_newest_version_is_read_in_the_place_of_the_best():
    old, other, new, unlabelled = (
        passage(STEPS, source="docs-2.9", version="2.9"),
        passage("Something else.", "other.md"),
        passage(STEPS, source="docs-2.10", version="2.10"),
        passage(STEPS, source="mirror"),
    )
    assert select_diverse([old, other, new, unlabelled], limit=5) == (new, other)
    assert select_diverse([unlabelled, other, new, old], limit=5) == (unlabelled, other)
    assert select_diverse([old, other, unlabelled], limit=1) == (old,)
    assert select_diverse([old, other, new], limit=1) == (new,)


def test_two_sections_of_a_page_have_two_newer_versions():
    old, new = (
        [passage(STEPS, source=v, version=v, headings=(name,)) for name in "XY"] for v in ("1", "2")
    )
    assert select_diverse([*old, *new], limit=5) == tuple(new)


def test_versions_that_differ_are_all_read():
    passages = [
        passage(STEPS, source="docs-2.4", version="2.4"),
        passage(STEPS.replace("port", "port 80"), source="docs-2.5", version="2.5"),
    ]
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
        assert all(any(is_copy(one.chunk, other.chunk) for other in chosen) for one in passages)
