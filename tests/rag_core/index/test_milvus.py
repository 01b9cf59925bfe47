from __future__ import annotations

import math
import multiprocessing
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymilvus import MilvusClient, MilvusException

from rag_core.errors import (
    CollectionGoneError,
    SettingsError,
    StoreError,
    StoreFormatError,
    StoreLockedError,
    StoreUnavailableError,
)
from rag_core.index import rows, schema
from rag_core.index.bm25_tokens import build_query_terms, extract_terms
from rag_core.index.milvus import MilvusStore
from rag_core.protocols import NEIGHBOURS
from rag_core.settings import RagSettings
from rag_core.types import IndexSpec, LiveIndex, Scope
from tests.rag_core.fakes import HashEmbedder, make_chunk
from tests.rag_core.index.test_milvus_lite import held_by_another_process

EMBEDDER = HashEmbedder(dimension=8)
SPEC = IndexSpec("hash", 8, "chunker-1", 1, "r1")
CHUNKS = [
    make_chunk("Milvus stores data in object storage.", headings=("Storage",), version="2.4"),
    make_chunk("Logs go to a broker.", position=1, version="2.4", language="en"),
    make_chunk(
        "数据库 stores vectors.",
        path="zh/storage.md",
        title='A "quoted" \\ title',
        version="2.4.1",
        language="zh",
    ),
    make_chunk("Query_iterator pages through rows.", path="100%_done/a.md", source="blog"),
]
EVERYWHERE = Scope()
LABELS = ["2.4", "2.4.1", '"', "\\", "'", "%", "_", '\\"', "a b", "\n", "{x}", '" or "" == "', "版"]
LABELLED = [
    make_chunk("A word.", position=n, source=label, path=label, version=label, language=label)
    for n, label in enumerate(LABELS)
]


@pytest.fixture
def settings(tmp_path) -> RagSettings:
    return RagSettings.load(milvus_uri=str(tmp_path / "milvus.db"))


@pytest.fixture
def store(settings) -> Iterator[MilvusStore]:
    opened = MilvusStore.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def filled(store) -> MilvusStore:
    fill(store, "docent__v1")
    store.switch("docent__v1")
    return store


@pytest.fixture(scope="module")
def readable(tmp_path_factory) -> Iterator[MilvusStore]:
    """One store for all tests that only read: opening one takes a second."""
    path = tmp_path_factory.mktemp("readable") / "milvus.db"
    opened = MilvusStore.open(RagSettings(_env_file=None, milvus_uri=str(path)))
    fill(opened, "docent__v1")
    opened.switch("docent__v1")
    yield opened
    opened.close()


def fill(store: MilvusStore, name: str, chunks=CHUNKS, spec: IndexSpec = SPEC) -> None:
    store.create(name, spec)
    store.insert(name, chunks, EMBEDDER.embed_passages([c.embedding_text for c in chunks]))
    assert store.seal(name) == len(chunks)


def lexical(store, question, *, scope=EVERYWHERE, limit=10):
    terms = build_query_terms(question)
    return store.search_lexical("docent__v1", terms, limit=limit, scope=scope)


def dense(store, question, *, scope=EVERYWHERE, limit=10, collection="docent__v1"):
    vector = EMBEDDER.embed_query(question)
    return store.search_dense(collection, vector, limit=limit, scope=scope)


@pytest.mark.parametrize("name", ["C", "C++", "C#", ".NET", "I/O", "हिन्दी", "วิธี", "--force", "2.4"])
def test_milvus_keeps_the_tokens_as_they_are(readable, name):
    names = ["C", "C++", "C#", ".NET", "I/O", "हिन्दी", "हिन्दू", "วิธี", "วธ", "--force", "2.4", "2 4"]
    if not readable.list_collections()[1:]:
        fill(readable, "docent__v2", [make_chunk(each, position=n) for n, each in enumerate(names)])
    hits = readable.search_lexical(
        "docent__v2", build_query_terms(name), limit=20, scope=EVERYWHERE
    )
    assert [hit.chunk.text for hit in hits] == [name]


def test_docent_sets_the_numbers_of_bm25(store):
    chunks = [make_chunk(text) for text in ("apple apple pear", "apple", "plum " * 6)]
    fill(store, "docent__v1", chunks)
    lengths = [len(extract_terms(chunk.embedding_text).split()) for chunk in chunks]
    idf = math.log((3 - 2 + 0.5) / (2 + 0.5) + 1)

    def score(count: int, length: int) -> float:
        norm = schema.BM25_K1 * (1 - schema.BM25_B + schema.BM25_B * length * 3 / sum(lengths))
        return idf * count * (schema.BM25_K1 + 1) / (count + norm)

    assert {hit.chunk.text: hit.score for hit in lexical(store, "apple")} == {
        "apple apple pear": pytest.approx(score(2, lengths[0]), rel=1e-4),
        "apple": pytest.approx(score(1, lengths[1]), rel=1e-4),
    }


def test_a_server_gets_the_same_numbers_of_bm25():
    by_field = {each.field_name: each for each in schema.build_indexes(lite=False, has_bm25=True)}
    configs = by_field["sparse"].get_index_configs()
    assert (configs["bm25_k1"], configs["bm25_b"]) == (schema.BM25_K1, schema.BM25_B)


def test_nothing_is_live_before_the_first_switch(store):
    assert store.read_live_index() is None
    fill(store, "docent__v1")
    assert store.read_live_index() is None
    store.switch("docent__v1")
    assert store.read_live_index() == LiveIndex("docent__v1", SPEC)


def test_chunks_come_back_as_they_were_written(readable):
    assert sorted(readable.read_chunks("docent__v1"), key=lambda c: c.id) == sorted(
        CHUNKS, key=lambda c: c.id
    )
    assert readable.count("docent__v1") == len(CHUNKS)


def test_vectors_come_back_and_unknown_ids_are_left_out(readable):
    ids = [chunk.id for chunk in CHUNKS]
    found = readable.read_vectors("docent__v1", [*ids, "0" * 32])
    assert set(found) == set(ids)
    for chunk in CHUNKS:
        expected = EMBEDDER.embed_query(chunk.embedding_text)
        assert found[chunk.id].dtype == np.float32
        np.testing.assert_allclose(found[chunk.id], expected, atol=1e-6)


def test_chunks_are_read_with_those_near_them(store):
    quoted = 'a "quoted" page.md'
    pages = [("docs", quoted), ("docs", "b.md"), ("other", "b.md")]
    chunks = [
        make_chunk(f"Chunk {number}.", source=source, path=path, position=number)
        for source, path in pages
        for number in range(3 * NEIGHBOURS)
    ]
    fill(store, "docent__v1", chunks)
    first, last = chunks[0], chunks[2 * 3 * NEIGHBOURS - 1]
    near = store.read_neighbours("docent__v1", [last, first, first])
    assert [(chunk.page_key, chunk.position) for chunk in near] == [
        *((pages[0], number) for number in range(NEIGHBOURS + 1)),
        *((pages[1], number) for number in range(2 * NEIGHBOURS - 1, 3 * NEIGHBOURS)),
    ]
    assert near[0] == first
    assert store.read_neighbours("docent__v1", []) == []


def test_a_page_is_read_by_its_path_or_address(store):
    url = "https://docs.example/a%_b/"
    chunks = [
        make_chunk("One.", path="a.md", position=1),
        make_chunk("Zero.", path="a.md", position=0),
        make_chunk("Other.", path="a.md", source="blog"),
        replace(make_chunk("First.", path="b.md", position=0), url=url),
        replace(make_chunk("Second.", path="b.md", position=1), url=f"{url}#second"),
        replace(make_chunk("Below.", path="c.md"), url=f"{url}below/"),
        replace(make_chunk("Beside.", path="d.md"), url="https://docs.example/axxb/"),
    ]
    fill(store, "docent__v1", chunks)

    def read(place: str, source: str = "") -> list[str]:
        return [chunk.text for chunk in store.read_pages_at("docent__v1", place, source=source)]

    assert read("a.md") == ["Other.", "Zero.", "One."]
    assert read("a.md", "docs") == ["Zero.", "One."]
    assert read(url) == ["First.", "Second."]
    assert read(url, "blog") == read("none.md") == read("") == []
    assert read('" or path != "') == read("a.md\\") == read("\ud800") == []


def test_more_rows_than_one_batch_of_reading_or_writing(store):
    chunks = [make_chunk(f"Sentence {number}.", position=number) for number in range(1_100)]
    fill(store, "docent__v1", chunks)
    assert {chunk.id for chunk in store.read_chunks("docent__v1")} == {chunk.id for chunk in chunks}
    assert len(store.read_vectors("docent__v1", [chunk.id for chunk in chunks])) == 1_100


def test_dense_search_is_exact_and_best_first(readable):
    hits = dense(readable, "Where are logs?")
    query = EMBEDDER.embed_query("Where are logs?")
    cosines = {c.id: float(EMBEDDER.embed_query(c.embedding_text) @ query) for c in CHUNKS}
    assert [hit.chunk.id for hit in hits] == sorted(cosines, key=cosines.__getitem__, reverse=True)
    assert [hit.score for hit in hits] == pytest.approx(
        sorted(cosines.values(), reverse=True), abs=1e-6
    )
    assert len(dense(readable, "logs", limit=2)) == 2


def test_lexical_search_finds_stems_identifiers_and_bigrams(readable):
    assert lexical(readable, "log brokers")[0].chunk == CHUNKS[1]
    assert lexical(readable, "iterator")[0].chunk == CHUNKS[3]
    assert lexical(readable, "数据")[0].chunk == CHUNKS[2]
    assert lexical(readable, "") == []
    assert lexical(readable, "zebra") == []


def test_lexical_scores_are_positive_and_best_first(readable):
    scores = [hit.score for hit in lexical(readable, "data storage store")]
    assert len(scores) >= 2
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0


@pytest.mark.parametrize("search", [dense, lexical])
@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), {0, 1, 2, 3}),
        (Scope(sources=("docs",)), {0, 1, 2}),
        (Scope(sources=("docs", "blog")), {0, 1, 2, 3}),
        (Scope(sources=('no " such \\ source',)), set()),
        (Scope(path_prefix="en/"), {0, 1}),
        (Scope(path_prefix="100%_"), {3}),
        (Scope(path_prefix="1__"), set()),
        (Scope(sources=("blog",), path_prefix="en/"), set()),
        (Scope(version="2.4"), {0, 1}),
        (Scope(language="en"), {1}),
        (Scope(version="2.4", language="zh"), set()),
        (Scope(version="2.4", path_prefix="en/", sources=("docs",)), {0, 1}),
        (Scope(version="2.%"), set()),
    ],
)
def test_a_search_stays_in_its_scope(readable, search, scope, expected):
    question = "data broker stores query_iterator"
    found = {CHUNKS.index(hit.chunk) for hit in search(readable, question, scope=scope)}
    assert found == expected


@pytest.fixture(scope="module")
def labelled(readable) -> MilvusStore:
    """Each label once as source, path, version and language."""
    fill(readable, "docent__v7", LABELLED)
    return readable


@given(st.sampled_from(LABELS) | st.text(st.characters() | st.sampled_from("\"'\\%_{}\n")))
@example("\ud800")
def test_any_text_can_be_a_scope(labelled, text):
    for scope, value in (
        (Scope(sources=(text, '"')), lambda chunk: chunk.source in {text, '"'}),
        (Scope(path_prefix=text), lambda chunk: chunk.path.startswith(text)),
        (Scope(version=text), lambda chunk: text in {"", chunk.version}),
        (Scope(language=text), lambda chunk: text in {"", chunk.language}),
    ):
        wanted = {chunk.id for chunk in LABELLED if value(chunk)}
        vector, question = EMBEDDER.embed_query("word"), extract_terms("word")
        options = {"limit": len(LABELLED), "scope": scope}
        by_vector = labelled.search_dense("docent__v7", vector, **options)
        by_word = labelled.search_lexical("docent__v7", question, **options)
        assert {hit.chunk.id for hit in by_vector} == wanted
        assert {hit.chunk.id for hit in by_word} == wanted


def test_chunks_of_an_older_docent_have_no_labels(store, monkeypatch):
    texts = ["source", "path", "url", "title", "text"]
    with monkeypatch.context() as older:
        older.setattr(schema, "TEXTS", texts)
        older.setattr(rows, "FIELDS", ["id", *texts, "headings", "position"])
        fill(store, "docent__v1")
    bare = {replace(chunk, version="", language="") for chunk in CHUNKS}
    assert set(store.read_chunks("docent__v1")) == bare


def test_a_switch_moves_the_alias_and_keeps_the_old_version(filled):
    newer = IndexSpec("hash", 8, "chunker-1", 1, "r2")
    fill(filled, "docent__v2", CHUNKS[:1], newer)
    assert filled.read_live_index().collection == "docent__v1"
    filled.switch("docent__v2")
    assert filled.read_live_index() == LiveIndex("docent__v2", newer)
    assert filled.list_collections() == ["docent__v1", "docent__v2"]
    filled.switch("docent__v1")  # a rollback
    assert filled.read_live_index() == LiveIndex("docent__v1", SPEC)


def test_the_live_version_is_not_dropped(filled):
    fill(filled, "docent__v2")
    with pytest.raises(StoreError, match="docent__v1 answers questions now"):
        filled.drop("docent__v1")
    filled.drop("docent__v2")
    assert filled.list_collections() == ["docent__v1"]
    assert len(dense(filled, "logs")) == len(CHUNKS)


def test_create_replaces_what_was_left_by_an_interrupted_build(filled):
    fill(filled, "docent__v2", CHUNKS[:2])
    fill(filled, "docent__v2", CHUNKS[2:])
    assert filled.count("docent__v2") == 2


def test_collections_of_another_index_are_not_ours(filled):
    for name in ("other__v1", "docent__mine__v1", "docent__v1_copy"):
        filled._client.create_collection(name, dimension=4)
    assert filled.list_collections() == ["docent__v1"]


@pytest.mark.parametrize(
    "vectors",
    [np.full((4, 8), np.nan, np.float32), np.ones((3, 8), np.float32), np.ones((4, 7), np.float32)],
    ids=["nan", "too few", "wrong dimension"],
)
def test_unusable_vectors_are_not_written(store, vectors):
    store.create("docent__v1", SPEC)
    with pytest.raises(StoreError):
        store.insert("docent__v1", CHUNKS, vectors)
    assert store.seal("docent__v1") == 0


def test_nothing_to_write_and_nothing_to_read(store):
    store.create("docent__v1", SPEC)
    store.insert("docent__v1", [], np.empty((0, 8), np.float32))
    assert store.seal("docent__v1") == 0
    assert store.read_vectors("docent__v1", []) == {}
    assert list(store.read_chunks("docent__v1")) == []
    assert dense(store, "logs") == []
    assert lexical(store, "logs") == []


def test_a_collection_that_is_not_there(readable):
    with pytest.raises(StoreError, match=r"^Milvus at .* refused a call: "):
        readable.count("docent__r0")
    with pytest.raises(StoreError, match=r"^Milvus at .* refused a call: "):
        readable.search_lexical("docent__r0", "log", limit=1, scope=EVERYWHERE)


def test_the_index_is_there_after_a_reopen(settings):
    first = MilvusStore.open(settings)
    fill(first, "docent__v1")
    first.switch("docent__v1")
    first.close()
    second = MilvusStore.open(settings)
    try:
        assert second.read_live_index() == LiveIndex("docent__v1", SPEC)
        assert len(dense(second, "logs")) == len(CHUNKS)
        assert lexical(second, "broker")[0].chunk == CHUNKS[1]
    finally:
        second.close()


def read_in_child(uri: str, counted) -> None:
    store = MilvusStore.open(RagSettings.load(milvus_uri=uri))
    counted.put(store.count("docent__v1"))
    store.close()


def test_only_complete_versions_are_loaded_at_a_start(settings):
    first = MilvusStore.open(settings)
    for name in ("docent__v1", "docent__v2"):
        fill(first, name)
        first.write_spec(name, SPEC)
    first.switch("docent__v1")
    first.create("docent__v3", SPEC)  # a sync that was killed
    first.close()
    again = MilvusStore.open(settings)
    states = {
        name: again._client.get_load_state(name)["state"].name for name in again.list_collections()
    }
    again.close()
    assert states == {
        "docent__v1": "Loaded",
        "docent__v2": "Loaded",
        "docent__v3": "NotLoad",
    }


def test_a_version_that_can_not_be_loaded_keeps_the_live_one_working(settings, monkeypatch):
    first = MilvusStore.open(settings)
    for name in ("docent__v1", "docent__v2", "docent__v3"):
        fill(first, name)
        first.write_spec(name, SPEC)
    first.switch("docent__v2")
    first.close()
    real = MilvusClient.load_collection

    def load(client: MilvusClient, collection: str, **options: object) -> None:
        if collection == "docent__v1":
            raise MilvusException(700, "index not found[collection=docent__v1]")
        if collection == "docent__v3":
            client.drop_collection(collection)  # by another process
        real(client, collection, **options)

    monkeypatch.setattr(MilvusClient, "load_collection", load)
    again = MilvusStore.open(settings)
    assert again.read_live_index() == LiveIndex("docent__v2", SPEC)
    assert dense(again, "logs", collection="docent__v2")
    assert again.list_collections() == ["docent__v1", "docent__v2"]
    again.close()


def test_every_read_loads_what_is_not_loaded(store):
    fill(store, "docent__v1")
    vector, ids = EMBEDDER.embed_query("logs"), [CHUNKS[1].id]
    for read in (
        lambda: store.search_dense("docent__v1", vector, limit=1, scope=EVERYWHERE),
        lambda: store.search_lexical("docent__v1", "log", limit=1, scope=EVERYWHERE),
        lambda: store.score_pages("docent__v1", vector, [CHUNKS[1].page_key]),
        lambda: store.read_neighbours("docent__v1", CHUNKS[:1]),
        lambda: store.read_vectors("docent__v1", ids),
        lambda: store.read_rows("docent__v1", ids),
        lambda: list(store.read_chunks("docent__v1")),
    ):
        store._client.release_collection("docent__v1")
        assert read()


def test_what_is_gone_meanwhile(store):
    assert store.read_owner("docent__v9") == ""
    store.drop("docent__v9")
    for call in (
        lambda: store.count("docent__v9"),
        lambda: store.read_rows("docent__v9", [CHUNKS[0].id]),
        lambda: list(store.read_chunks("docent__v9")),
        lambda: store.write_owner("docent__v9", "me"),
        lambda: store.delete("docent__v9", [CHUNKS[0].id]),
        lambda: store.switch("docent__v9"),
    ):
        with pytest.raises(CollectionGoneError):
            call()


def test_a_search_for_more_than_a_server_returns(readable):
    assert len(dense(readable, "logs", limit=20_000)) == len(CHUNKS)


@given(text=st.text(alphabet=st.sampled_from("aé数🙂 "), min_size=20, max_size=120))
def test_a_text_that_a_server_would_refuse_is_cut(text: str):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "MAX_BYTES", 100)
        chunk = make_chunk(text, title=text, headings=("Short", text))
        row = rows.build_row(chunk, np.ones(8, np.float32))
    for name in (*rows.TEXTS, "terms"):
        assert len(row[name].encode()) <= 100
    assert text.startswith(row["text"])
    assert row["text"] == text or len(row["text"].encode()) > 96
    assert row["headings"][0] == "Short"
    assert len(row["headings"][1].encode()) <= 100


def test_a_batch_is_limited_by_all_of_its_texts(monkeypatch):
    monkeypatch.setattr(rows, "_INSERT_BYTES", 10_000)
    chunks = [make_chunk("a", headings=("b" * 3_000,), title="c" * 2_000) for _ in range(3)]
    made = [rows.build_row(chunk, np.ones(8, np.float32)) for chunk in chunks]
    assert [len(batch) for batch in rows.split_batches(made)] == [1, 1, 1]


def test_after_close_another_process_can_open_the_index(settings):
    store = MilvusStore.open(settings)
    fill(store, "docent__v1")
    store.close()
    spawn = multiprocessing.get_context("spawn")
    counted = spawn.Queue()
    child = spawn.Process(target=read_in_child, args=(settings.milvus_uri, counted))
    child.start()
    assert counted.get(timeout=60) == len(CHUNKS)
    child.join()
    assert child.exitcode == 0


def test_writers_in_several_threads_lose_nothing(store):
    store.create("docent__v1", SPEC)
    pages = [
        [make_chunk(f"{page} {n}", path=f"{page}.md", position=n) for n in range(20)]
        for page in range(4)
    ]
    threads = [
        threading.Thread(
            target=store.insert,
            args=("docent__v1", page, EMBEDDER.embed_passages([c.text for c in page])),
        )
        for page in pages
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.seal("docent__v1") == 80


def test_opening_what_another_process_holds(settings):
    with held_by_another_process(settings.milvus_path), pytest.raises(StoreLockedError):
        MilvusStore.open(settings)
    MilvusStore.open(settings).close()


def test_opening_a_plain_file(settings):
    settings.milvus_path.write_text("not an index")
    with pytest.raises(StoreFormatError):
        MilvusStore.open(settings)


def test_opening_a_foreign_folder(settings):
    settings.milvus_path.mkdir()
    (settings.milvus_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreFormatError):
        MilvusStore.open(settings)


def test_opening_a_path_without_db(tmp_path):
    with pytest.raises(SettingsError):
        MilvusStore.open(RagSettings.load(milvus_uri=str(tmp_path / "milvus")))


def test_opening_a_server_that_does_not_run():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but not listening: nobody else gets the port
        uri = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(StoreUnavailableError, match=rf"^No Milvus answers at {uri}: check"):
            MilvusStore.open(RagSettings.load(milvus_uri=uri))


def test_a_collection_is_made_anew_where_milvus_lite_stumbles_once(store, monkeypatch):
    create, failures = store._client.create_index, [MilvusException(message="no index")]

    def stumble(*args, **options):
        if failures:
            raise failures.pop()
        return create(*args, **options)

    monkeypatch.setattr(store._client, "create_index", stumble)
    fill(store, "docent__v1")
    assert not failures
    assert store.count("docent__v1") == len(CHUNKS)
