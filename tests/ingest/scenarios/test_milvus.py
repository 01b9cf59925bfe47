"""The same syncs on a real Milvus Lite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.changes.survey import SyncOptions
from ingest.factory import open_indexer, open_ledger
from ingest.publishing.versions import roll_back
from ingest.report import IngestReport
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from rag_core.errors import StoreError
from rag_core.index.bm25_tokens import extract_terms
from rag_core.index.milvus import MilvusStore
from rag_core.settings import RagSettings
from rag_core.types import Scope
from tests.ingest.fakes import HashEmbedder, make_folder, version_of, versions_in

URI = "data/docs.db"


@pytest.fixture
def store() -> Iterator[MilvusStore]:
    opened = MilvusStore.open(RagSettings(milvus_uri=URI))
    yield opened
    opened.close()


def sync(store: MilvusStore, *folders: Path, force: bool = False) -> IngestReport:
    settings = IngestSettings(milvus_uri=URI)
    indexer = open_indexer(settings, store=store, embedder=HashEmbedder())
    sources = [source for f in folders for source in parse_sources(str(f))]
    return indexer.sync(sources, options=SyncOptions(force=force))


def found(store: MilvusStore, text: str) -> list[str]:
    live = store.read_live_index()
    vector = HashEmbedder().embed_query(text)
    hits = store.search_dense(live.collection, vector, limit=1, scope=Scope())
    return [hit.chunk.text for hit in hits if hit.score > 0.999]


def test_an_index_through_its_changes(store: MilvusStore, tmp_path: Path):
    sections = "\n\n".join(f"## Heading {n}\n\nText number {n}." for n in range(300))
    docs = make_folder(tmp_path / "docs", {"a.md": f"# A\n\n{sections}", "b.md": "# B\n\nOld."})
    more = make_folder(tmp_path / "more", {"c.md": "# C\n\nThe other source."})
    first = sync(store, docs, more)
    assert (first.documents, first.chunks, first.embedded) == (3, 302, 302)

    again = sync(store, docs, more)
    assert again.unchanged
    assert versions_in(store.list_collections()) == ["docent__v1"]

    make_folder(docs, {"b.md": "# B\n\nNew."})
    report = sync(store, docs)
    assert (report.changed, report.embedded, report.reused) == (1, 1, 301)
    assert version_of(store.read_live_index().collection) == "docent__v2"
    assert store.read_live_index().spec.revision == report.revision
    assert store.count(store.read_live_index().collection) == 302
    assert found(store, "B\n\nNew.") == ["New."]
    assert found(store, "B\n\nOld.") == []
    assert found(store, "A > Heading 7\n\nText number 7.") == ["Text number 7."]
    assert found(store, "C\n\nThe other source.") == ["The other source."]
    hits = store.search_lexical(
        store.read_live_index().collection, extract_terms("other source"), limit=1, scope=Scope()
    )
    assert [hit.chunk.path for hit in hits] == ["c.md"]

    (docs / "a.md").unlink()
    assert sync(store, docs, force=True).chunks == 2  # half of the pages are gone
    assert len(store.list_collections()) == 2
    assert found(store, "A > Heading 7\n\nText number 7.") == []


def check_means(store: MilvusStore) -> None:
    """Every version has the means of its pages, and no others."""
    question = HashEmbedder().embed_query("text")
    for collection in store.list_collections():
        chunks = list(store.read_chunks(collection))
        vectors = store.read_vectors(collection, [chunk.id for chunk in chunks])
        pages = {chunk.page_key for chunk in chunks}
        means = {
            page: np.mean([vectors[c.id] for c in chunks if c.page_key == page], axis=0) @ question
            for page in pages
        }
        scores = store.score_pages(collection, question, [*pages, ("docs", "gone.md")])
        assert scores == pytest.approx(means, abs=1e-5)
        stored = store._client.query(f"{collection}_pages", filter="", output_fields=["count(*)"])
        assert stored[0]["count(*)"] == len(pages)


def test_the_means_of_pages_follow_a_delta_its_undo_and_a_rollback(
    store: MilvusStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pages = {f"{n}.md": f"# P\n\nText {n}.\n\n## More\n\nOf page {n}." for n in range(9)}
    docs = make_folder(tmp_path / "docs", {**pages, "gone.md": "# G\n\nGone."})
    for edition in range(4):
        make_folder(docs, {f"{edition}.md": f"# P\n\nEdition {edition}.\n\n## More\n\nMore."})
        (docs / "gone.md").unlink(missing_ok=edition > 0)
        sync(store, docs)
        check_means(store)
    before = set(store.list_collections())
    with monkeypatch.context() as broken:

        def refuse(_: str) -> None:
            raise StoreError("refused")

        broken.setattr(store, "switch", refuse)
        make_folder(docs, {"5.md": "# P\n\nNever seen."})
        with pytest.raises(StoreError):
            sync(store, docs)
    assert set(store.list_collections()) == before  # it was a delta, and was taken back
    check_means(store)
    roll_back(store, open_ledger(IngestSettings(milvus_uri=URI)))
    check_means(store)


def test_an_index_is_there_after_a_reopen(tmp_path: Path):
    docs = make_folder(tmp_path / "docs", {"a.md": "# A\n\nThe one.\n\n# B\n\nThe two."})
    for unchanged in (False, True):
        store = MilvusStore.open(RagSettings(milvus_uri=URI))
        try:
            assert sync(store, docs).unchanged is unchanged
            assert found(store, "A\n\nThe one.") == ["The one."]
        finally:
            store.close()


def test_a_crash_before_the_switch(
    store: MilvusStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    docs = make_folder(tmp_path / "docs", {"a.md": "# A\n\nThe one."})
    sync(store, docs)
    make_folder(docs, {"a.md": "# A\n\nTwo."})
    with monkeypatch.context() as broken:
        broken.setattr(store, "switch", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sync(store, docs)
    assert found(store, "A\n\nThe one.") == ["The one."]
    assert sync(store, docs).changed == 1
    assert found(store, "A\n\nTwo.") == ["Two."]
    live = open_ledger(IngestSettings(milvus_uri=URI)).read_live_version()
    assert live.collection == store.read_live_index().collection
    assert len(store.list_collections()) == 2
