"""Which version is live is told rightly while versions are switched and dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from rag_core.errors import StoreError
from rag_core.index.milvus import MilvusStore
from rag_core.index.rows import has_bm25
from rag_core.settings import RagSettings
from rag_core.types import IndexSpec

SPEC = IndexSpec("hash", 8, "chunker-1", 1, "r1")


@pytest.fixture
def store(tmp_path) -> Iterator[MilvusStore]:
    opened = MilvusStore.open(RagSettings.load(milvus_uri=str(tmp_path / "milvus.db")))
    for number in (10, 8, 9):
        opened.create(f"docent__v{number}", SPEC)
        opened.seal(f"docent__v{number}")
    opened.switch("docent__v9")
    yield opened
    opened.close()


def once(store: MilvusStore, act: Callable[[], None], *, before: bool) -> None:
    """Act while the aliases of the first collection are asked for."""
    real = store._client.list_aliases

    def asked(collection: str, **_: object) -> object:
        store._client.list_aliases = real
        if before:
            act()
        found = real(collection)
        if not before:
            act()
        return found

    store._client.list_aliases = asked


def test_an_old_version_that_is_dropped_meanwhile(store: MilvusStore):
    once(store, lambda: store._client.drop_collection("docent__v10"), before=True)
    assert store.read_live_index().collection == "docent__v9"


def test_an_alias_that_moves_to_what_was_looked_at(store: MilvusStore):
    def switch() -> None:
        store._client.alter_alias("docent__v10", "docent")

    assert store.list_collections()[0] == "docent__v10"
    once(store, switch, before=False)
    assert store.read_live_index().collection == "docent__v10"


def test_a_collection_that_is_there_and_can_not_be_asked(store: MilvusStore, monkeypatch):
    from pymilvus import MilvusException

    def refuse(*_: str, **__: object) -> None:
        raise MilvusException(1, "no")

    monkeypatch.setattr(store._client, "list_aliases", refuse)
    with pytest.raises(StoreError):
        store.read_live_index()


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("v2.3.5-lite", False),
        ("2.4.23", False),
        ("v2.5.0", True),
        ("2.10.1", True),
        ("3.0", True),
        ("Compatible with Milvus 2.5", True),
        ("unknown", True),
    ],
)
def test_words_came_with_2_5(version: str, words: bool):
    assert has_bm25(version) is words
