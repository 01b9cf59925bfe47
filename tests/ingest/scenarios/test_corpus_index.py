from __future__ import annotations

import pytest

from ingest.corpus import index_corpus, map_document_ids
from ingest.errors import SourceFormatError
from rag_core.evaluation.files import CorpusDocument
from rag_core.types import Scope
from tests.rag_core.fakes import HashEmbedder, MemoryStore

RECORDS = (
    CorpusDocument("faq#where", "Storage", "Data lies in object storage."),
    CorpusDocument("faq/users", "", "# Users\n\nUsers have roles.\n\n" + "Long words here. " * 200),
    CorpusDocument("empty", "", "  "),
)


def indexed() -> tuple[MemoryStore, HashEmbedder]:
    store, embedder = MemoryStore(), HashEmbedder()
    index_corpus(RECORDS, store, embedder)
    return store, embedder


def test_each_document_is_a_page_and_a_long_one_has_several_chunks():
    store, _ = indexed()
    live = store.read_live_index()
    chunks = list(store.read_chunks(live.collection))
    names = map_document_ids(RECORDS)
    assert {names[chunk.path] for chunk in chunks} == {"faq#where", "faq/users"}
    assert sum(names[chunk.path] == "faq/users" for chunk in chunks) > 1


def test_the_id_is_not_in_what_is_embedded():
    store, embedder = indexed()
    assert not any("faq" in text for batch in embedder.batches for text in batch)
    found = store.search_dense(
        store.read_live_index().collection,
        embedder.embed_query("object storage"),
        limit=1,
        scope=Scope(),
    )
    assert found[0].chunk.embedding_text == "Storage\n\nData lies in object storage."


def test_a_document_that_can_not_be_read_is_named():
    endless = CorpusDocument("faq/large", "Large", "# a\n\nSome words.\n\n" * 6_000)
    with pytest.raises(
        SourceFormatError, match=r"faq/large of the corpus .* more than 5,000 chunks\.$"
    ):
        index_corpus([RECORDS[0], endless], MemoryStore(), HashEmbedder())
