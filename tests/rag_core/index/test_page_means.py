"""The mean of a page is that of its rows, whatever was written before, and no row is fetched."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymilvus import DataType, MilvusClient, MilvusException

from rag_core.errors import StoreError
from rag_core.index import page_means, page_sums
from rag_core.index.milvus import MilvusStore
from rag_core.index.page_means import name_means
from rag_core.index.schema import build_vector_index
from rag_core.settings import RagSettings
from rag_core.types import Chunk, IndexSpec, PageKey
from tests.rag_core.fakes import HashEmbedder, make_chunk

NAME = "docent__v1_0123abcd"
EMBEDDER = HashEmbedder(dimension=8)
SPEC = IndexSpec("hash", 8, "chunker-1", 1, "r1")
QUESTION = EMBEDDER.embed_query("sentence 2")
PAGES = [("docs", 'a "b".md'), ("other", 'a "b".md'), ("docs", "c%.md"), ("docs", "\\d.md")]
CHUNKS = [
    make_chunk(f"Sentence {n} of {path}.", source=source, path=path, position=n)
    for source, path in PAGES
    for n in range(5)
]


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[MilvusStore]:
    """One store for all tests: opening one takes a second."""
    path = tmp_path_factory.mktemp("means") / "milvus.db"
    store = MilvusStore.open(RagSettings(_env_file=None, milvus_uri=str(path)))
    yield store
    store.close()


@pytest.fixture
def store(opened: MilvusStore) -> Iterator[MilvusStore]:
    yield opened
    for collection in opened.list_collections():
        opened.drop(collection)
    assert opened._client.list_collections() == []


@pytest.fixture
def filled(store: MilvusStore) -> MilvusStore:
    store.create(NAME, SPEC)
    insert(store, CHUNKS)
    store.seal(NAME)
    return store


def insert(store: MilvusStore, chunks: Sequence[Chunk]) -> None:
    store.insert(NAME, chunks, EMBEDDER.embed_passages([c.embedding_text for c in chunks]))


def compute(chunks: Sequence[Chunk]) -> dict[PageKey, float]:
    """The mean cosines of the pages of chunks."""
    cosines: dict[PageKey, list[float]] = {}
    for chunk in chunks:
        cosine = float(QUESTION @ EMBEDDER.embed_query(chunk.embedding_text))
        cosines.setdefault(chunk.page_key, []).append(cosine)
    return {page: float(np.mean(each)) for page, each in cosines.items()}


def ask(store: MilvusStore) -> dict[PageKey, float]:
    return store.score_pages(NAME, QUESTION, [*PAGES, ("docs", "unknown.md")])


def read(store: MilvusStore) -> dict[PageKey, float]:
    """What is stored, chunks apart."""
    means = store._means.read(NAME, PAGES)
    return {page: float(mean @ QUESTION) for page, mean in means.items()}


def close(expected: dict[PageKey, float]) -> object:
    return pytest.approx(expected, abs=1e-5)


def test_no_chunk_is_fetched_for_a_mean(filled: MilvusStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(filled._connection, "search", lambda *_, **__: 1 / 0)
    assert filled.score_pages(NAME, QUESTION, PAGES[1:]) == close(compute(CHUNKS[5:]))
    assert filled.score_pages(NAME, QUESTION, []) == {}
    # Rows of chunks are counted as before, and means are no version.
    monkeypatch.undo()
    assert filled.count(NAME) == len(CHUNKS)
    assert filled.list_collections() == [NAME]


@pytest.mark.parametrize("most", [2, 20_000])
def test_any_writes_leave_the_means_of_the_rows(
    store: MilvusStore, monkeypatch: pytest.MonkeyPatch, most: int
):
    """Also where the sums of few pages fit into memory."""
    monkeypatch.setattr(page_means, "MOST_SUMS", most)
    monkeypatch.setattr(page_means, "_PAGES", 3)
    chance = random.Random(most)
    store.create(NAME, SPEC)
    there: list[Chunk] = []
    for _ in range(12):
        gone = chance.sample(there, chance.randint(0, len(there)))
        store.delete(NAME, [chunk.id for chunk in gone])
        there = [chunk for chunk in there if chunk not in gone]
        more = [chunk for chunk in CHUNKS if chunk not in there and chance.random() < 0.3]
        for part in (more[::2], more[1::2]):
            if part:
                insert(store, part)
        there += more
        store.seal(NAME)
        assert read(store) == close(compute(there))
        assert ask(store) == close(compute(there))
    store.delete(NAME, [chunk.id for chunk in there])
    store.seal(NAME)
    assert read(store) == {}


def test_only_the_means_of_changed_pages_are_written(
    filled: MilvusStore, monkeypatch: pytest.MonkeyPatch
):
    written: list[int] = []
    real = filled._client.upsert

    def upsert(name: str, rows: list[Any], **options: Any) -> None:
        written.append(len(rows))
        real(name, rows, **options)

    monkeypatch.setattr(filled._client, "upsert", upsert)
    filled.delete(NAME, [CHUNKS[0].id])
    insert(filled, [make_chunk("Another sentence.", source="docs", path="c%.md")])
    filled.seal(NAME)
    assert written == [2]
    filled.seal(NAME)
    assert written == [2]


def read_means(store: MilvusStore) -> dict[PageKey, list[float]]:
    return {page: mean.tolist() for page, mean in store._means.read(NAME, PAGES).items()}


def add_up(chunks: Sequence[Chunk]) -> dict[PageKey, Any]:
    """The means of pages, in float64."""
    vectors: dict[PageKey, list[Any]] = {}
    for chunk in chunks:
        vectors.setdefault(chunk.page_key, []).append(EMBEDDER.embed_query(chunk.embedding_text))
    return {
        page: pytest.approx(np.mean(each, axis=0, dtype=np.float64), abs=1e-5)
        for page, each in vectors.items()
    }


def note_reads(store: MilvusStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the ids of chunks that are read; refuse to read whole pages."""
    noted: list[str] = []
    real = store._client.get

    def get(name: str, ids: list[str], **options: Any) -> Any:
        rows = real(name, ids, **options)
        noted.extend(row["id"] for row in rows if name == NAME)
        return rows

    monkeypatch.setattr(store._client, "get", get)
    monkeypatch.setattr(store._means, "_add_up", lambda *_: 1 / 0)
    return noted


chosen = st.sets(st.sampled_from(CHUNKS))


@settings(max_examples=5)
@given(st.lists(st.tuples(chosen, chosen), min_size=1, max_size=3))
def test_a_delta_reads_no_row_that_stays(opened: MilvusStore, edits: list[Any]):
    opened.create(NAME, SPEC)
    there = set(CHUNKS[::2])
    insert(opened, sorted(there, key=lambda chunk: chunk.id))
    opened.seal(NAME)
    with pytest.MonkeyPatch.context() as watched:
        noted = note_reads(opened, watched)
        for gone, more in edits:
            opened.delete(NAME, [chunk.id for chunk in gone])
            new = sorted(more - (there - gone), key=lambda chunk: chunk.id)
            if new:
                insert(opened, new)
            opened.seal(NAME)
            assert set(noted) == {chunk.id for chunk in gone & there}
            noted.clear()
            there = there - gone | more
            assert read_means(opened) == add_up(list(there))
    opened.drop(NAME)


def test_a_page_that_is_written_anew_has_the_mean_of_a_new_one(filled: MilvusStore):
    new = read_means(filled)
    for _ in range(3):
        filled.delete(NAME, [CHUNKS[0].id])
        filled.seal(NAME)
        filled.delete(NAME, [chunk.id for chunk in CHUNKS[1:5]])
        insert(filled, CHUNKS[:5])
        filled.seal(NAME)
        assert read_means(filled) == new


def test_a_row_that_is_written_twice_counts_once(filled: MilvusStore):
    more = make_chunk("More.", source="docs", path="c%.md")
    for chunks in ([more], [more, *CHUNKS[:3]], CHUNKS[1:7]):
        insert(filled, chunks)
    filled.seal(NAME)
    assert read_means(filled) == add_up([*CHUNKS, more])


def test_a_row_whose_id_is_named_twice_goes_once(filled: MilvusStore):
    """The undo of a delta names what it wrote and what it deleted, and a chunk may be in both."""
    twice = [CHUNKS[0].id, *(f"unknown-{n}" for n in range(300)), CHUNKS[0].id]
    for ids in ([CHUNKS[1].id] * 2, twice):
        filled.delete(NAME, ids)
    filled.seal(NAME)
    assert read_means(filled) == add_up(CHUNKS[2:])


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("name", ["insert", "delete", "upsert", "flush"])
def test_a_write_that_failed_may_have_been_carried_out(
    filled: MilvusStore, monkeypatch: pytest.MonkeyPatch, name: str, is_done: bool
):
    """Then the delta is taken back, as in `ingest.publishing.delta`."""
    more = [make_chunk("More.", source="docs", path="c%.md")]
    real = getattr(filled._client, name)

    def fail(collection: str, *arguments: Any, **options: Any) -> None:
        if is_done:
            real(collection, *arguments, **options)
        raise MilvusException(message="refused")

    with monkeypatch.context() as broken:
        broken.setattr(filled._client, name, fail)
        with pytest.raises(StoreError):  # noqa: PT012  (any of them may fail)
            filled.delete(NAME, [chunk.id for chunk in CHUNKS[:12]])
            insert(filled, more)
            filled.seal(NAME)
    filled.delete(NAME, [chunk.id for chunk in (*more, *CHUNKS[:12])])
    insert(filled, CHUNKS[:12])
    filled.seal(NAME)
    assert read_means(filled) == add_up(CHUNKS)


def test_a_mean_that_was_rounded_often_is_computed_from_its_rows(
    filled: MilvusStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(page_sums, "_MOST_ROUNDED", 2)
    added_up: list[PageKey] = []
    real = filled._means._add_up

    def note(collection: str, pages: list[PageKey]) -> Any:
        added_up.extend(pages)
        return real(collection, pages)

    monkeypatch.setattr(filled._means, "_add_up", note)
    for n in range(1, 8):
        filled.delete(NAME, [CHUNKS[0].id])
        insert(filled, CHUNKS[:1])
        filled.seal(NAME)
        assert read_means(filled) == add_up(CHUNKS)
        assert added_up == [PAGES[0]] * (n // 3)


def test_means_without_counts_are_added_up_from_the_rows(filled: MilvusStore):
    """As an earlier docent made them."""
    client, name = filled._client, name_means(NAME)
    rows = [
        {"id": page_means._build_id(page), "vector": mean}
        for page, mean in filled._means.read(NAME, PAGES).items()
    ]
    client.drop_collection(name)
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=8)
    client.create_collection(name, schema=schema, index_params=build_vector_index(lite=True))
    client.upsert(name, rows)
    there = CHUNKS
    for gone in (CHUNKS[:2], CHUNKS[5:10]):
        filled.delete(NAME, [chunk.id for chunk in gone])
        there = [chunk for chunk in there if chunk not in gone]
        filled.seal(NAME)
        assert read_means(filled) == add_up(there)
    insert(filled, CHUNKS[:2])
    filled.seal(NAME)
    assert read_means(filled) == add_up([*there, *CHUNKS[:2]])


def test_a_version_is_made_and_dropped_with_its_means(filled: MilvusStore):
    filled.create(NAME, SPEC)  # again, empty
    assert read(filled) == {}
    insert(filled, CHUNKS[:5])
    filled.seal(NAME)
    assert read(filled) == close(compute(CHUNKS[:5]))
    filled.drop(NAME)
    assert filled._client.list_collections() == []


def test_a_version_of_an_earlier_docent_has_no_means(filled: MilvusStore):
    filled._means.drop(NAME)
    assert ask(filled) == close(compute(CHUNKS))
    # A delta changes that as little as a question does.
    filled.delete(NAME, [CHUNKS[0].id])
    filled.seal(NAME)
    assert ask(filled) == close(compute(CHUNKS[1:]))
    assert filled._client.list_collections() == [NAME]


def test_pages_without_a_mean_are_compared_by_their_chunks(filled: MilvusStore):
    filled._client.delete(name_means(NAME), ids=[page_means._build_id(PAGES[1])])
    assert set(read(filled)) == {PAGES[0], *PAGES[2:]}
    assert ask(filled) == close(compute(CHUNKS))


def test_means_that_were_released_are_loaded_again(filled: MilvusStore):
    filled._client.release_collection(name_means(NAME))
    assert read(filled) == close(compute(CHUNKS))


def test_means_that_cannot_be_read_cost_no_question(
    filled: MilvusStore, caplog: pytest.LogCaptureFixture
):
    filled._client.drop_collection(name_means(NAME))
    with caplog.at_level(logging.WARNING):
        assert ask(filled) == close(compute(CHUNKS))
    assert "means of pages can't be read" in caplog.text
    # The next question knows that there are none.
    caplog.clear()
    assert ask(filled) == close(compute(CHUNKS))
    assert caplog.text == ""


def test_where_milvus_allows_no_more_collections(
    store: MilvusStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """A free cluster of Zilliz Cloud has five."""
    real = store._client.create_collection

    def create(name: str, **options: object) -> None:
        if name == name_means(NAME):
            raise MilvusException(message="exceeded the limit number of collections")
        real(name, **options)

    monkeypatch.setattr(store._client, "create_collection", create)
    store.create(NAME, SPEC)
    assert "Questions will compare chunks" in caplog.text
    insert(store, CHUNKS)
    store.seal(NAME)
    assert ask(store) == close(compute(CHUNKS))


def test_means_are_there_after_a_reopen(tmp_path):
    settings = RagSettings(_env_file=None, milvus_uri=str(tmp_path / "milvus.db"))
    store = MilvusStore.open(settings)
    store.create(NAME, SPEC)
    insert(store, CHUNKS)
    store.seal(NAME)
    store.close()
    store = MilvusStore.open(settings)
    assert read(store) == close(compute(CHUNKS))
    insert(store, [make_chunk("New.", source="docs", path="c%.md")])
    store.seal(NAME)
    changed = compute([*CHUNKS, make_chunk("New.", source="docs", path="c%.md")])
    assert read(store) == close(changed)
    store.close()
