"""What a real Milvus server does as Milvus Lite does: vectors, aliases, syncs, and words.

Milvus 2.3.5 lacks the words. The tests run against any server that the environment names.
"""

from __future__ import annotations

import math
import secrets
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from pymilvus import MilvusException

from ingest.changes.survey import SyncOptions
from ingest.errors import ForeignIndexError, PublishError
from ingest.factory import open_indexer, open_ledger
from ingest.publishing.versions import resume_syncs, roll_back
from ingest.report import IngestReport
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from ingest.state.ledger import Ledger
from rag_core.deadline import limit_time
from rag_core.errors import (
    CollectionGoneError,
    StoreError,
    StoreUnavailableError,
    WordSearchError,
)
from rag_core.index.bm25_tokens import build_query_terms
from rag_core.index.milvus import MilvusStore
from rag_core.index.schema import BM25_K1
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.hybrid_search import retrieve
from rag_core.settings import RagSettings
from rag_core.types import Chunk, IndexSpec, Question, Scope
from tests.ingest.fakes import HashEmbedder, make_folder, version_of
from tests.servers.frozen import FreezingProxy
from tests.servers.milvus_server import TOKEN, URI, milvus_server

SPEC = IndexSpec("hash", 8, "c", 1, "r1")


@pytest.fixture(scope="module", params=["lite", "server"])
def address(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("milvus")
    if request.param == "lite":
        yield str(folder / "milvus.db")
        return
    with milvus_server(folder) as started:
        yield started


def settings_of(address: str, name: str) -> RagSettings:
    token = TOKEN if address == URI and TOKEN else None
    return RagSettings(_env_file=None, milvus_uri=address, milvus_token=token, collection=name)


@pytest.fixture
def store(address: str, request: pytest.FixtureRequest) -> Iterator[MilvusStore]:
    """A store with names of its own, since others may use the server; it leaves nothing behind."""
    name = f"docent_test_{secrets.token_hex(4)}_{request.node.originalname[5:30]}"
    opened = MilvusStore.open(settings_of(address, name))
    yield opened
    remove_all(opened)
    opened.close()


def remove_all(store: MilvusStore) -> None:
    with suppress(MilvusException):
        store._client.drop_alias(store._alias)
    for collection in store.list_collections():
        store.drop(collection)


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
    read = store.read_pages_at(collection, "1.md", source="docs")
    assert read == [chunk for chunk in chunks if chunk.page_key == ("docs", "1.md")]
    assert store.read_pages_at(collection, "https://docs.example/none") == []
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
        folder.mkdir(exist_ok=True)
        self.store = store
        self.settings = IngestSettings(
            collection=store._alias, state_url=f"sqlite:///{folder / 'state.sqlite'}"
        )
        self.ledger: Ledger = open_ledger(self.settings)
        self.docs = folder / "docs"

    def sync(self, options: SyncOptions = SyncOptions(), /, **files: str) -> IngestReport:  # noqa: B008
        make_folder(self.docs, {f"{name}.md": text for name, text in files.items()})
        indexer = open_indexer(
            self.settings, store=self.store, embedder=HashEmbedder(), ledger=self.ledger
        )
        return indexer.sync(parse_sources(str(self.docs)), options=options)

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


def test_deltas(index: Index, monkeypatch: pytest.MonkeyPatch):
    """Two collections take turns; what a failed check undoes can still be rolled back to."""
    sections = "\n\n".join(f"## Heading {n}\n\nText number {n}." for n in range(30))
    index.sync(a=f"# A\n\n{sections}", b="# B\n\nEdition 0.")
    index.sync(b="# B\n\nEdition 1.")
    both = index.store.list_collections()
    for edition in (2, 3, 4):
        report = index.sync(b=f"# B\n\nEdition {edition}.")
        # Read at once, at the level of consistency that questions have.
        assert index.found(f"B\n\nEdition {edition}.") == [f"Edition {edition}."]
        assert index.found(f"B\n\nEdition {edition - 2}.") == []
        assert (report.embedded, index.store.list_collections()) == (1, both)
        assert [index.store.count(collection) for collection in both] == [31, 31]

    def refuse(*_: object, **__: object) -> None:
        raise PublishError("A chunk is not found.")

    with monkeypatch.context() as patch:
        patch.setattr("ingest.publishing.publisher.check_sample", refuse)
        with pytest.raises(PublishError, match="not found"):
            index.sync(b="# B\n\nBroken.")
    assert index.found("B\n\nEdition 4.") == ["Edition 4."]
    assert [index.store.count(collection) for collection in both] == [31, 31]
    roll_back(index.store, index.ledger)
    assert index.found("B\n\nEdition 3.") == ["Edition 3."]
    assert index.found("B\n\nBroken.") == []
    assert index.store.list_collections() == both


def test_another_docent(index: Index, tmp_path: Path):
    index.sync(a="# A\n\nText.")
    other = Index(index.store, tmp_path / "other")
    before = index.store.list_collections()
    with pytest.raises(ForeignIndexError, match="--adopt"):
        other.sync(a="# A\n\nOther text.")
    with pytest.raises(ForeignIndexError):
        roll_back(other.store, other.ledger)
    assert (index.store.list_collections(), index.found("A\n\nText.")) == (before, ["Text."])
    report = other.sync(SyncOptions(adopt=True), a="# A\n\nText.")
    assert (report.embedded, report.reused) == (0, 1)
    with pytest.raises(ForeignIndexError):
        index.sync(a="# A\n\nMine.")


def test_what_another_process_drops(index: Index):
    for edition in range(3):
        index.sync(a=f"# A\n\nEdition {edition}.")
    store = index.store
    asked = store.read_live_index("mark").collection
    (standby,) = set(store.list_collections()) - {asked}
    # The other moves the alias, and drops what questions are still being asked of.
    store._client.alter_alias(standby, store._alias)
    store._client.drop_collection(asked)
    with pytest.raises(CollectionGoneError):
        store.search_dense(asked, HashEmbedder().embed_query("x"), limit=1, scope=Scope())
    assert store.read_live_index("mark").collection == standby
    assert (store.read_owner(asked), store.list_collections()) == ("", [standby])
    store.drop(asked)
    index.sync(a="# A\n\nEdition 3.")
    assert index.found("A\n\nEdition 3.") == ["Edition 3."]


def test_a_server_that_freezes(address: str, store: MilvusStore):
    if not address.startswith("http://"):
        pytest.skip("Milvus Lite is no peer that can freeze, and TLS can't be passed on")
    collection = filled(store, 1, chunks_of(3))
    store.switch(collection)
    vector = HashEmbedder().embed_query("text 1")
    at = urlsplit(address)
    with FreezingProxy(at.port or 19530, host=at.hostname or "127.0.0.1") as proxy:
        through = MilvusStore.open(settings_of(proxy.url, store._alias))
        assert through.count(collection) == 3
        proxy.freeze()
        with limit_time(0.5), pytest.raises(StoreUnavailableError, match="check that it runs"):
            through.search_dense(collection, vector, limit=1, scope=Scope())
        proxy.thaw()
        assert through.search_dense(collection, vector, limit=1, scope=Scope())
        through.close()


def test_the_search_by_words(store: MilvusStore):
    """BM25 with docent's own numbers, and ranks and signs that can be computed by hand."""
    if not store._has_bm25:
        pytest.skip("this server is older than 2.5 and has no BM25")
    texts = ["apple apple apple", "apple plum plum", "plum plum pear", "fig fig fig"]
    chunks = [Chunk(f"{n}", "docs", f"{n}.md", "", "", (), n, text) for n, text in enumerate(texts)]
    collection = filled(store, 1, chunks)

    def found(question: str) -> list[str]:
        terms = build_query_terms(question)
        hits = store.search_lexical(collection, terms, limit=9, scope=Scope())
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert all(score > 0 for score in scores)
        return [hit.chunk.text for hit in hits]

    assert found("apple") == texts[:2]  # more often
    assert found("pear plum") == [texts[2], texts[1]]  # the rare word as well
    assert found("fig") == [texts[3]]
    assert found("cherry") == []
    ((row, *_),) = store._client.search(
        collection, ["fig"], anns_field="sparse", limit=1, search_params={"metric_type": "BM25"}
    )
    idf = math.log((4 - 1 + 0.5) / (1 + 0.5) + 1)
    expected = idf * 3 * (BM25_K1 + 1) / (3 + BM25_K1)  # all are of the same length
    assert row["distance"] == pytest.approx(
        -expected if store._connection.lite else expected, rel=0.01
    )


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
    if index.store._has_bm25:
        pytest.skip("this Milvus can search for words")
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
