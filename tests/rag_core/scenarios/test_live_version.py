"""Which version is live is told rightly while versions are switched and dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from pymilvus import MilvusException

from rag_core.errors import CollectionGoneError, StoreError
from rag_core.index.milvus import MilvusStore
from rag_core.index.rows import has_bm25
from rag_core.settings import RagSettings
from rag_core.types import IndexSpec, LiveIndex, Scope

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


def once(store: MilvusStore, act: Callable[[], None]) -> None:
    """Act right after the target of the alias was asked for."""
    real = store._client.describe_alias

    def asked(alias: str, **options: object) -> object:
        store._client.describe_alias = real
        found = real(alias, **options)
        act()
        return found

    store._client.describe_alias = asked


def test_a_version_that_is_dropped_right_after_the_alias_has_moved(store: MilvusStore):
    def switch() -> None:
        store._client.alter_alias("docent__v10", "docent")
        store._client.drop_collection("docent__v9")

    once(store, switch)
    assert store.read_live_index() == LiveIndex("docent__v10", SPEC)


def test_an_alias_whose_collection_is_gone_is_no_live_version(store: MilvusStore):
    store._client.drop_collection("docent__v9")
    assert store.read_live_index() is None


def test_a_version_that_another_docent_drops_is_not_remembered(store: MilvusStore):
    assert store.read_live_index("mark").collection == "docent__v9"
    store._client.alter_alias("docent__v10", "docent")
    store._client.drop_collection("docent__v9")
    assert store.read_live_index("mark").collection == "docent__v9"  # nobody asked Milvus
    with pytest.raises(CollectionGoneError, match="refused a call"):
        store.search_dense("docent__v9", np.ones(8, np.float32), limit=1, scope=Scope())
    assert store.read_live_index("mark").collection == "docent__v10"


def test_an_alias_that_can_not_be_asked_for(store: MilvusStore, monkeypatch):
    def refuse(*_: str, **__: object) -> None:
        raise MilvusException(5, "no")

    monkeypatch.setattr(store._client, "describe_alias", refuse)
    with pytest.raises(StoreError, match="refused a call: no"):
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
