"""A scope without pages is a sentence that lists what there is."""

from __future__ import annotations

import pytest

from bot.scope_check import check_scope
from rag_core.errors import QuestionError
from rag_core.types import Scope
from tests.rag_core.fakes import HashEmbedder, MemoryStore, make_chunk, publish

PAGES = [
    ("guide", "en/ports.md", "2.4", "en"),
    ("guide", "faq.md", "2.6", "en"),
    ("blog", "a.md", "", ""),
]


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    return build_store(PAGES)


def build_store(pages) -> MemoryStore:
    store = MemoryStore()
    chunks = [
        make_chunk(source=source, path=path, version=version, language=language)
        for source, path, version, language in pages
    ]
    publish(store, HashEmbedder(), chunks)
    return store


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope(("guide",)),
        Scope(("guide", "blog")),
        Scope(("guide",), "en/", "2.4", "en"),
        Scope(path_prefix="en/po"),
        Scope(version="2.6"),
    ],
)
def test_a_scope_with_pages_is_searched(store: MemoryStore, scope: Scope):
    check_scope(store, scope)


@pytest.mark.parametrize(
    ("scope", "sentence"),
    [
        (Scope(("nope",)), "No page of the index has the source nope: there is blog, guide."),
        (Scope(("guide", "nope")), "No page of the index has the source nope: there is"),
        (Scope(version="2.4.1"), "has the version 2.4.1: there is 2.4, 2.6."),
        (Scope(language="de"), "has the language de: there is en."),
        (Scope(path_prefix="zh/"), "begins with zh/: paths begin with a.md, en/, faq.md."),
        (Scope(("blog",), version="2.4"), "fits all of the source"),
        (Scope(("guide", "blog"), "en/", "2.6"), "fits all of the source"),
    ],
)
def test_a_scope_without_pages_is_a_sentence(store: MemoryStore, scope: Scope, sentence: str):
    with pytest.raises(QuestionError) as caught:
        check_scope(store, scope)
    assert sentence in str(caught.value)


def test_an_index_without_versions_and_one_with_many_sources():
    many = build_store([(f"s{number:02}", "a.md", "", "") for number in range(12)])
    with pytest.raises(QuestionError, match="has a version: ask again without one"):
        check_scope(many, Scope(version="2"))
    with pytest.raises(QuestionError, match=r"s08, s09 and 2 more\.$"):
        check_scope(many, Scope(("x",)))


def test_before_the_first_sync_nothing_is_said():
    check_scope(MemoryStore(), Scope(("nope",)))
