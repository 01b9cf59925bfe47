from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag_core.index.bm25_tokens import MAX_TERMS_BYTES, extract_terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  ...  ", ""),
        ("Storing stored stores", "store store store"),
        ("Индексы и индексов", "индекс индекс"),
        ("How do I store it?", "store"),
        ("query_iterator", "queri iter queryiter"),
        ("MilvusClient", "milvuscli milvus client"),
        ("HTTPServer2", "httpserver2 http server"),
        ("array_contains_any", "array contain ani arraycontainsani"),
        ("v2.4.1", "2p4 2p4p1"),
        ("Milvus 2.4.x", "milvus 2p4 x"),
        ("2.4-rc1", "2p4 rc1 rc"),
        ("3.5mm", "3 5mm mm 35mm"),  # no version
        ("E1234 0x80 HNSW", "e1234 0x80 hnsw"),
        ("run --force -v", "run forc dashforce v dashv"),
        ("`--no-cache`", "no cach nocach dashnocache"),
        ("数据库", "数据 据库"),
        ("数 Milvus数据", "数 milvus 数据"),
        ("東京都のデータベース", "東京 京都 データ ータベ タベー ベース"),
        ("ﬁle Ｍｉｌｖｕｓ", "file milvus"),  # noqa: RUF001
        ("it's a well-known end.", "well known wellknown end"),
    ],
)
def test_terms(text, expected):
    assert extract_terms(text) == expected


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("query_iterator", "Call query_iterator() to page."),
        ("iterator", "Call query_iterator() to page."),
        ("queryiterator", "Call query_iterator() to page."),
        ("client", "Create a MilvusClient."),
        ("Wie groß ist GROß", "groß"),
        ("2.4", "Since v2.4.1 it is faster."),
        ("--force", "docker rm --force milvus"),
        ("force", "docker rm --force milvus"),
        ("Indexes", "Die Indexes werden beim Laden in den Speicher gelegt."),
        ("Wie lösche ich Sammlungen?", "Eine Sammlung wird so gelöscht."),
        ("données supprimées", "Comment supprimer une donnée ?"),
        ("¿Cómo elimino las colecciones?", "Eliminar una colección es fácil."),
        ("データ", "Milvusのデータベース"),
    ],
)
def test_question_and_passage_meet(question, passage):
    assert set(extract_terms(question).split()) & set(extract_terms(passage).split())


@pytest.mark.parametrize(
    ("question", "passage"), [("2.4", "2 ways in 4 steps"), ("--force", "by brute force")]
)
def test_a_whole_is_more_than_its_parts(question, passage):
    assert set(extract_terms(question).split()) - set(extract_terms(passage).split())


@given(st.text())
@example("İstanbul")
@example("a" * 70_000)
@example("\u0130_\u0345")
@example("\ud7af")
def test_terms_are_alphanumeric_and_joined_by_single_spaces(text):
    found = extract_terms(text)
    assert found == " ".join(found.split())
    assert all(token.isalnum() for token in found.split())
    assert len(found.encode()) <= MAX_TERMS_BYTES


@given(st.text())
def test_terms_are_the_same_every_time_and_in_every_thread(text):
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(extract_terms, [text] * 4)) == {extract_terms(text)}


def test_a_long_text_is_cut_between_two_terms():
    found = extract_terms("数据库 vector " * 20_000)
    assert MAX_TERMS_BYTES - 20 < len(found.encode()) <= MAX_TERMS_BYTES
    assert set(found.split()) == {"数据", "据库", "vector"}


def test_a_text_that_fits_is_kept_to_its_last_term():
    words = ["vector"] * 4_000 + ["last"]
    assert extract_terms(" ".join(words)).split() == words
