from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from milvus_lite.server_manager import server_manager_instance

from rag_core.deadline import limit_time
from rag_core.errors import StoreError, StoreUnavailableError
from rag_core.index import connection
from rag_core.index.milvus import MilvusStore
from rag_core.outages import Outages
from rag_core.settings import RagSettings
from rag_core.types import SCHEMA_VERSION, IndexSpec, Scope
from tests.rag_core.fakes import HashEmbedder, make_chunk
from tests.rag_core.waiting import wait_until
from tests.servers.frozen import FreezingProxy

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
    assert store._connection.seconds is None
    with limit_time(1_000):
        assert store._connection.seconds == connection._CALL_SECONDS
    with limit_time(0.5):
        assert store._connection.seconds <= 0.5


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
