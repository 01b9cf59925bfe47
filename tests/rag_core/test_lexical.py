from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag_core.lexical import MAX_TERMS_BYTES, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  ...  ", ""),
        ("Storing stored stores", "store store store"),
        ("Индексы и индексов", "индекс и индекс"),
        ("query_iterator", "queri iter queryiter"),
        ("MilvusClient", "milvuscli milvus client"),
        ("HTTPServer2", "httpserver2 http server 2"),
        ("v2.4.1", "v2 4 1 v 2 v241"),
        ("数据库", "数据 据库"),
        ("数 Milvus数据", "数 milvus 数据"),
        ("ﬁle Ｍｉｌｖｕｓ", "file milvus"),  # noqa: RUF001
        ("it's a well-known end.", "it s a well known wellknown end"),
    ],
)
def test_terms(text, expected):
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("query_iterator", "Call query_iterator() to page."),
        ("iterator", "Call query_iterator() to page."),
        ("queryiterator", "Call query_iterator() to page."),
        ("client", "Create a MilvusClient."),
        ("Wie groß ist GROß", "groß"),
        ("データ", "Milvusのデータベース"),
    ],
)
def test_question_and_passage_meet(question, passage):
    assert set(terms(question).split()) & set(terms(passage).split())


@given(st.text())
@example("İstanbul")
@example("a" * 70_000)
@example("\u0130_\u0345")
def test_terms_are_alphanumeric_and_joined_by_single_spaces(text):
    found = terms(text)
    assert found == " ".join(found.split())
    assert all(token.isalnum() for token in found.split())
    assert len(found.encode()) <= MAX_TERMS_BYTES


@given(st.text())
def test_terms_are_the_same_every_time_and_in_every_thread(text):
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(terms, [text] * 4)) == {terms(text)}


def test_a_long_text_is_cut_between_two_terms():
    found = terms("数据库 vector " * 20_000)
    assert MAX_TERMS_BYTES - 20 < len(found.encode()) <= MAX_TERMS_BYTES
    assert set(found.split()) == {"数据", "据库", "vector"}


def test_a_text_that_fits_is_kept_to_its_last_term():
    words = ["vector"] * 4_000 + ["last"]
    assert terms(" ".join(words)).split() == words
