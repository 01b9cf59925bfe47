from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from milvus_lite.server_manager import server_manager_instance
from pymilvus import MilvusException

from rag_core.deadline import limit_time
from rag_core.errors import StoreBusyError, StoreError, StoreUnavailableError
from rag_core.index import connection
from rag_core.index.milvus import MilvusStore
from rag_core.outages import Outages
from rag_core.protocols import VectorStore
from rag_core.settings import RagSettings
from rag_core.types import SCHEMA_VERSION, IndexSpec, Scope
from tests.rag_core.fakes import HashEmbedder, make_chunk
from tests.rag_core.waiting import wait_until
from tests.servers.frozen import FreezingProxy, SilentServer

EMBEDDER = HashEmbedder()
CHUNKS = [make_chunk("Logs go to a broker.", path=f"{number}.md") for number in range(3)]
ALL = len(CHUNKS)


def publish(store: MilvusStore, name: str) -> None:
    spec = IndexSpec(EMBEDDER.model, EMBEDDER.dimension, "chunker", SCHEMA_VERSION, name)
    store.create(name, spec)
    store.insert(name, CHUNKS, EMBEDDER.embed_passages([c.embedding_text for c in CHUNKS]))
    store.seal(name)
    store.switch(name)


def ask(store: MilvusStore, *, seconds: float = 60) -> int | None:
    """How many hits a question has; None without an index."""
    with limit_time(seconds):
        live = store.read_live_index()
        if live is None:
            return None
        vector = EMBEDDER.embed_query("logs")
        return len(store.search_dense(live.collection, vector, limit=9, scope=Scope()))


def is_answered(store: MilvusStore) -> bool:
    try:
        return ask(store) == ALL
    except StoreUnavailableError:
        return False


@pytest.fixture
def proxy(tmp_path) -> Iterator[FreezingProxy]:
    """A proxy before the server that Milvus Lite is, as a remote one is reached."""
    path = str(tmp_path / "milvus.db")
    port = int(server_manager_instance.start_and_get_uri(path).rpartition(":")[2])
    with FreezingProxy(port) as proxy:
        yield proxy
    server_manager_instance.release_server(path)


@pytest.fixture
def outages() -> Outages:
    return Outages()


@pytest.fixture
def store(proxy, outages) -> Iterator[MilvusStore]:
    opened = MilvusStore.open(RagSettings.load(milvus_uri=proxy.url), outages)
    publish(opened, "docent__v1")
    yield opened
    opened.close()


def test_a_frozen_server_is_noticed_and_found_again(proxy, store, outages):
    assert ask(store) == ALL
    proxy.freeze()
    with pytest.raises(StoreUnavailableError, match="check that it runs, DOCENT_MILVUS_URI"):
        ask(store, seconds=0.2)
    (outage,) = outages.list_current()
    assert (outage.service, "check that it runs" in outage.sentence) == ("milvus", True)
    proxy.thaw()
    wait_until(lambda: is_answered(store), timeout=30)
    assert outages.list_current() == ()


def test_a_call_of_a_question_has_a_limit_of_its_own(store):
    limit = store._connection.limit
    assert (limit(), limit(connection.SCAN_SECONDS)) == (5, 60)  # of a sync
    with limit_time(1_000):
        assert (limit(), limit(connection.SCAN_SECONDS)) == (5, 5)
    with limit_time(0.5):
        assert limit() <= 0.5


def test_a_server_that_is_killed_and_comes_back(proxy, store):
    proxy.break_off()
    with pytest.raises(StoreUnavailableError):
        ask(store, seconds=0.2)
    proxy.restart()
    wait_until(lambda: is_answered(store), timeout=30)


def test_a_server_that_was_started_again_loads_the_index_again(store):
    store._client.release_collection("docent__v1")  # as after a start
    assert ask(store) == ALL


def test_a_refusal_of_another_kind_is_told(store):
    with pytest.raises(StoreError, match="refused a call"):
        store.search_dense("docent__v9", np.zeros(4, np.float32), limit=1, scope=Scope())


def refuse(times: int, error: Exception) -> Callable[..., str]:
    """Build a call of Milvus that is refused at first."""
    left = [error] * times

    def called(*_: object, **__: object) -> str:
        if left:
            raise left.pop()
        return "done"

    return called


LIMITS = [
    MilvusException(8, "rate limit exceeded[rate=0.1]"),
    MilvusException(4, "request limit exceeded"),
    MilvusException(1807, "request is rejected by limiter"),
    MilvusException(1, "request is rejected by grpc RateLimiter middleware, please retry later"),
    MilvusException(0, "too fast", compatible_code=49),
]


def test_a_rate_limit_is_waited_for(store):
    for error in LIMITS:
        assert store._connection.run(refuse(2, error)) == "done"


def test_a_rate_limit_that_does_not_end(store, outages, monkeypatch):
    monkeypatch.setattr(connection, "_PAUSE_SECONDS", 0.0)
    for error in LIMITS:
        with (
            limit_time(0.1),
            pytest.raises(StoreBusyError, match=r"rate limit\): try again later, or raise"),
        ):
            store._connection.run(refuse(10_000, error))
    (outage,) = outages.list_current()
    assert "rate limit" in outage.sentence


def test_another_refusal_is_not_tried_again(store):
    call = refuse(1, MilvusException(9, "quota exceeded[reason=disk quota exhausted]"))
    with pytest.raises(StoreError, match=r"disk quota exhausted\] Give it more memory or disk"):
        store._connection.run(call)
    assert call() == "done"


def test_a_step_that_does_not_end_in_time(store):
    late = MilvusException(message="wait for loading collection timeout, collection: docent__v1")
    with pytest.raises(StoreUnavailableError, match="did not end a call in time"):
        store._connection.run(refuse(1, late))


class TooLarge(grpc.RpcError):
    """As gRPC refuses a message."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.RESOURCE_EXHAUSTED

    def __str__(self) -> str:
        return "Received message larger than max (70000000 vs. 67108864)"


def test_a_message_that_is_too_large_is_no_rate_limit(store):
    with pytest.raises(StoreError, match="as too large") as caught:
        store._connection.run(refuse(1, TooLarge()))
    assert type(caught.value) is StoreError


ROW = np.eye(1, EMBEDDER.dimension, dtype=np.float32)
CALLS: dict[str, Callable[[MilvusStore], object]] = {
    "read_live_index": lambda store: store.read_live_index(),
    "search_dense": lambda store: store.search_dense("docent__v1", ROW[0], limit=1, scope=Scope()),
    "search_lexical": lambda store: store.search_lexical(
        "docent__v1", "log", limit=1, scope=Scope()
    ),
    "score_pages": lambda store: store.score_pages("docent__v1", ROW[0], [CHUNKS[0].page_key]),
    "read_neighbours": lambda store: store.read_neighbours("docent__v1", CHUNKS),
    "read_pages_at": lambda store: store.read_pages_at("docent__v1", CHUNKS[0].path),
    "count": lambda store: store.count("docent__v1"),
    "read_vectors": lambda store: store.read_vectors("docent__v1", [CHUNKS[0].id]),
    "read_rows": lambda store: store.read_rows("docent__v1", [CHUNKS[0].id]),
    "read_chunks": lambda store: list(store.read_chunks("docent__v1")),
    "list_collections": lambda store: store.list_collections(),
    "read_owner": lambda store: store.read_owner("docent__v1"),
    "create": lambda store: store.create(
        "docent__v2", IndexSpec("hash", EMBEDDER.dimension, "c", SCHEMA_VERSION, "r")
    ),
    "insert": lambda store: store.insert("docent__v1", CHUNKS[:1], ROW),
    "delete": lambda store: store.delete("docent__v1", [CHUNKS[0].id]),
    "write_spec": lambda store: store.write_spec(
        "docent__v1", IndexSpec("hash", EMBEDDER.dimension, "c", SCHEMA_VERSION, "r")
    ),
    "write_owner": lambda store: store.write_owner("docent__v1", "me"),
    "seal": lambda store: store.seal("docent__v1"),
    "switch": lambda store: store.switch("docent__v1"),
    "drop": lambda store: store.drop("docent__v2"),
    "score_words": lambda store: store.score_words(["some words"], "words"),
}


@pytest.mark.parametrize("seconds", [None, 0.2], ids=["sync", "question"])
def test_no_call_waits_for_ever_for_a_frozen_server(proxy, store, monkeypatch, seconds):
    """Every method ends with a typed error, also outside of a question."""
    monkeypatch.setattr(connection.MilvusConnection, "limit", lambda *_: 0.05)
    monkeypatch.setattr(connection, "_PAUSE_SECONDS", 0.0)
    proxy.freeze()
    for call in CALLS.values():
        with limit_time(seconds or math.inf), pytest.raises(StoreUnavailableError):
            call(store)
    proxy.thaw()


def test_every_method_of_the_store_is_called_above():
    names = {name for name in vars(VectorStore) if not name.startswith("_")}
    assert names - {"close", "is_exact"} <= CALLS.keys()


def test_opening_a_server_that_never_answers(monkeypatch):
    monkeypatch.setattr(connection, "_OPEN_SECONDS", 0.2)
    with SilentServer() as server, pytest.raises(StoreUnavailableError, match="check that it runs"):
        MilvusStore.open(RagSettings.load(milvus_uri=server.url))


def test_after_a_failure_the_next_calls_of_questions_do_not_wait(proxy, store, monkeypatch):
    monkeypatch.setattr(connection, "_PAUSE_SECONDS", 1_000)
    proxy.freeze()
    with pytest.raises(StoreUnavailableError):
        ask(store, seconds=0.2)
    proxy.thaw()
    with pytest.raises(StoreUnavailableError):
        ask(store)
    assert store.count("docent__v1") == ALL  # a sync has limits of its own


@pytest.fixture
def lite(tmp_path) -> Iterator[tuple[MilvusStore, Path]]:
    path = tmp_path / "milvus.db"
    opened = MilvusStore.open(RagSettings.load(milvus_uri=str(path)))
    publish(opened, "docent__v1")
    yield opened, path
    opened.close()


def delete_all(path: Path) -> None:
    shutil.rmtree(path)


def delete_collections(path: Path) -> None:
    shutil.rmtree(path / "collections")
    (path / "aliases.json").unlink()


@pytest.mark.parametrize("delete", [delete_all, delete_collections])
def test_a_lite_index_that_is_deleted_is_built_anew_without_a_restart(lite, delete):
    store, path = lite
    delete(path)
    assert ask(store) is None
    publish(store, "docent__v2")
    assert ask(store) == ALL
    assert (path / "aliases.json").exists()  # on disk, and not in memory alone


def test_a_lite_index_that_is_replaced_is_read_anew(lite, tmp_path):
    store, path = lite
    other = MilvusStore.open(RagSettings.load(milvus_uri=str(tmp_path / "other.db")))
    publish(other, "docent__v3")
    other.close()
    shutil.rmtree(path)
    (tmp_path / "other.db").rename(path)
    with limit_time(60):
        assert store.read_live_index().collection == "docent__v3"
    assert ask(store) == ALL


def test_files_that_are_damaged_under_it_leave_a_typed_error_or_an_answer(lite):
    store, path = lite
    for file in path.rglob("*.parquet"):
        file.write_bytes(b"damaged")
    assert ask(store) == ALL  # it is in memory
    publish(store, "docent__v2")
    assert ask(store) == ALL
