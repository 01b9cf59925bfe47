from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.types import Answer, Question, Scope, Timings, hash_content, strip_link_targets
from tests.rag_core.fakes import make_chunk, make_passage

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


def test_content_hash_is_a_known_key_that_milvus_takes():
    assert hash_content("a", "b") == "3c9d591045bc8876f9d0399bbfb05c6a"


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
def test_content_hash_differs_wherever_the_parts_differ(one, other):
    assert (hash_content(*one) == hash_content(*other)) == (one == other)


@given(texts)
def test_content_hash_is_32_hexadecimal_digits(text):
    assert len(hash_content(text)) == 32
    assert set(hash_content(text)) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("title", "headings", "path"),
    [
        ("Storage", (), "Storage"),
        ("Storage", ("Logs", "Broker"), "Storage > Logs > Broker"),
        ("Storage", ("Storage", "Logs"), "Storage > Logs"),
        ("Storage", ("Logs", "Storage"), "Storage > Logs > Storage"),
        ("", ("Logs",), "Logs"),
        ("", (), ""),
    ],
)
def test_heading_path(title, headings, path):
    assert make_chunk(title=title, headings=headings).heading_path == path


def test_embedding_text_has_the_heading_path_in_front():
    chunk = make_chunk("Data.", title="Storage", headings=("Logs",))
    assert chunk.embedding_text == "Storage > Logs\n\nData."
    assert make_chunk("Data.", title="").embedding_text == "Data."


def test_embedding_hash_depends_on_what_is_embedded_and_nothing_else():
    chunk = make_chunk("Data.")
    assert chunk.embedding_hash == replace(chunk, id="x", position=9, url="u").embedding_hash
    assert chunk.embedding_hash != replace(chunk, text="Other.").embedding_hash
    assert chunk.embedding_hash != replace(chunk, title="Other").embedding_hash


def test_what_flows_is_frozen():
    with pytest.raises(FrozenInstanceError):
        make_passage().rerank_score = 1.0
    with pytest.raises(FrozenInstanceError):
        make_chunk().text = ""


def test_a_question_asks_all_of_the_index_by_default():
    assert Question("Why?") == Question("Why?", (), Scope((), ""))


def test_timings_of_stages_that_did_not_run_are_zero():
    answer = Answer("", (), (), "not_found", (), "r1", None, Timings())
    assert answer.timings == Timings(0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("markdown", "stripped"),
    [
        ("see [a b](https://x.test/a) and ![c](/c.png)", "see a b and c"),
        ('[a](b.md "title") [c](<#d>)', "a c"),
        ("[a](https://x.test/b_(c)) d", "a d"),
        ("[a](#b(c)_(d)) (e)", "a (e)"),
        ("[a [b](#c)", "a [b"),
        ("x[1] [a](b) [a](b c.md)", "x[1] [a](b) [a](b c.md)"),
        ("[a](#b(c) d", "[a](#b(c) d"),
        ("[a\n](#b)", "[a\n](#b)"),
    ],
)
def test_targets_of_links_are_stripped(markdown: str, stripped: str):
    assert strip_link_targets(markdown) == stripped


@pytest.mark.parametrize("mark", ["](", "[", "[a](#", '[a](# "', "[](#(", "[a](#(b)", "[a](x:"])
def test_links_that_never_end_are_kept(mark: str):
    text = mark * 200_000  # a hundred times what would take seconds if letters were read twice
    assert strip_link_targets(text) == text
