"""What a real Milvus server does as Milvus Lite does: vectors, aliases, syncs; words it lacks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.factory import open_indexer, open_ledger
from ingest.publishing.versions import resume_syncs, roll_back
from ingest.report import IngestReport
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from ingest.state.ledger import Ledger
from rag_core.errors import StoreError, WordSearchError
from rag_core.index.milvus import MilvusStore
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.hybrid_search import retrieve
from rag_core.settings import RagSettings
from rag_core.types import Chunk, IndexSpec, Question, Scope
from tests.ingest.fakes import HashEmbedder, make_folder, version_of
from tests.servers.milvus_server import milvus_server

SPEC = IndexSpec("hash", 8, "c", 1, "r1")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with milvus_server(tmp_path_factory.mktemp("milvus")) as started:
        yield started


@pytest.fixture
def store(address: str, request: pytest.FixtureRequest) -> Iterator[MilvusStore]:
    name = request.node.originalname[:40]
    opened = MilvusStore.open(RagSettings(milvus_uri=address, collection=name))
    yield opened
    opened.close()


def chunks_of(count: int, source: str = "docs") -> list[Chunk]:
    return [
        Chunk(f"{source}{n}", source, f"{n % 3}.md", "", "T", ("A", "B"), n, f"text {n}")
        for n in range(count)
    ]


def filled(store: MilvusStore, number: int, chunks: list[Chunk], spec: IndexSpec = SPEC) -> str:
    collection = f"{store._alias}__v{number}_0123abcd"
    store.create(collection, spec)
    store.insert(collection, chunks, HashEmbedder().embed_passages([c.text for c in chunks]))
    assert store.seal(collection) == len(chunks)
    return collection


def test_vectors(store: MilvusStore):
    chunks = chunks_of(700) + chunks_of(5, source="more")
    collection = filled(store, 1, chunks)
    vector = HashEmbedder().embed_query("text 600")
    hits = store.search_dense(collection, vector, limit=3, scope=Scope())
    assert hits[0].chunk == chunks[600]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].score == pytest.approx(1, abs=1e-4)
    hits = store.search_dense(collection, vector, limit=9, scope=Scope(sources=("more",)))
    assert {hit.chunk.id for hit in hits} == {f"more{n}" for n in range(5)}
    assert store.count(collection) == 705
    assert sorted(c.id for c in store.read_chunks(collection)) == sorted(c.id for c in chunks)
    found = store.read_vectors(collection, ["docs600", "nobody"])
    assert list(found) == ["docs600"]
    assert np.allclose(found["docs600"], vector, atol=1e-5)
    page = [chunk for chunk in chunks if chunk.page_key == ("more", "0.md")]
    stored = store.read_vectors(collection, [chunk.id for chunk in page]).values()
    mean = pytest.approx(np.mean([vector @ each for each in stored]), abs=1e-5)
    assert store.score_pages(collection, vector, [("more", "0.md")]) == {("more", "0.md"): mean}


def test_aliases(store: MilvusStore):
    assert store.read_live_index() is None
    first, second = filled(store, 1, chunks_of(3)), filled(store, 2, chunks_of(4))
    assert store.read_live_index() is None
    for collection in (first, second, first):
        store.switch(collection)
        assert (store.read_live_index().collection, store.read_live_index().spec) == (
            collection,
            SPEC,
        )
    with pytest.raises(StoreError, match="answers questions now"):
        store.drop(first)
    store.drop(second)
    assert store.list_collections() == [first]
    with pytest.raises(StoreError):
        store.switch(second)
    assert store.read_live_index().collection == first
    with pytest.raises(StoreError):  # a sync that lost its lease
        store.insert(second, chunks_of(1), np.ones((1, 8), np.float32))
    assert store.list_collections() == [first]


class Index:
    """Syncs a folder into the server."""

    def __init__(self, store: MilvusStore, folder: Path) -> None:
        self.store = store
        self.settings = IngestSettings(
            collection=store._alias, state_url=f"sqlite:///{folder / 'state.sqlite'}"
        )
        self.ledger: Ledger = open_ledger(self.settings)
        self.docs = folder / "docs"

    def sync(self, **files: str) -> IngestReport:
        make_folder(self.docs, {f"{name}.md": text for name, text in files.items()})
        indexer = open_indexer(
            self.settings, store=self.store, embedder=HashEmbedder(), ledger=self.ledger
        )
        return indexer.sync(parse_sources(str(self.docs)))

    def found(self, text: str) -> list[str]:
        live = self.store.read_live_index().collection
        hits = self.store.search_dense(
            live, HashEmbedder().embed_query(text), limit=1, scope=Scope()
        )
        return [hit.chunk.text for hit in hits if hit.score > 0.999]


@pytest.fixture
def index(store: MilvusStore, tmp_path: Path) -> Index:
    return Index(store, tmp_path)


def test_syncs(index: Index):
    sections = "\n\n".join(f"## Heading {n}\n\nText number {n}." for n in range(300))
    first = index.sync(a=f"# A\n\n{sections}", b="# B\n\nOld.")
    assert (first.chunks, first.embedded) == (301, 301)
    assert index.sync().unchanged
    second = index.sync(b="# B\n\nNew.")
    assert (second.changed, second.embedded, second.reused) == (1, 1, 300)
    assert index.found("B\n\nNew.") == ["New."]
    assert index.found("B\n\nOld.") == []
    assert index.found("A > Heading 7\n\nText number 7.") == ["Text number 7."]
    rolled_back = roll_back(index.store, index.ledger)
    assert version_of(rolled_back.collection).endswith("__v1")
    assert index.found("B\n\nOld.") == ["Old."]
    resume_syncs(index.ledger)
    index.sync()
    assert index.found("B\n\nNew.") == ["New."]
    assert len(index.store.list_collections()) == 2


def test_no_search_sees_a_mixture(index: Index):
    """While versions are switched, each search finds one edition, and all of its rows."""
    pages = {f"p{n}": "# P\n\nEdition 0." for n in range(20)}
    index.sync(**pages)
    vector, seen, over = HashEmbedder().embed_query("anything"), [], threading.Event()

    def search() -> None:
        while not over.is_set():
            try:
                live = index.store.read_live_index()
                hits = index.store.search_dense(live.collection, vector, limit=50, scope=Scope())
            except StoreError as error:
                seen.append((0, frozenset([str(error)])))
            else:
                seen.append((len(hits), frozenset(hit.chunk.text for hit in hits)))

    thread = threading.Thread(target=search)
    thread.start()
    try:
        for edition in (1, 2):
            index.sync(**dict.fromkeys(pages, f"# P\n\nEdition {edition}."))
    finally:
        over.set()
        thread.join()
    assert seen
    assert {(count, len(texts)) for count, texts in seen} == {(20, 1)}


def test_questions_are_answered_by_vectors_alone(index: Index):
    index.sync(a="# A\n\nThe only text.")
    with pytest.raises(WordSearchError, match=r"older than 2\.5"):
        index.store.search_lexical(
            index.store.read_live_index().collection, "text", limit=3, scope=Scope()
        )
    vector = HashEmbedder().embed_query("The only text?")
    found = retrieve(
        index.store,
        index.store.read_live_index(),
        Question("The only text?"),
        vector,
        FusionConfig(),
    )
    assert not found.has_lexical
    assert [candidate.chunk.text for candidate in found.candidates] == ["The only text."]
