"""The index as the bot manages it: what it shows of its contents."""

import numpy as np

from bot.index_desk import ServedIndex
from ingest.ledger import Ledger
from ingest.state import open_state
from rag_core.types import IndexSpec
from tests.bot.fakes import chunk
from tests.rag_core.fakes import MemoryStore


def served(tmp_path, store: MemoryStore) -> ServedIndex:
    ledger = Ledger(open_state(f"sqlite:///{tmp_path / 'state.sqlite'}"), index="docent")
    return ServedIndex(indexer=None, store=store, ledger=ledger)


def test_a_sample_is_taken_from_the_live_version(tmp_path):
    store = MemoryStore()
    store.create("docent__v1", IndexSpec("model", 2, "chunker", 1, "revision"))
    store.insert("docent__v1", [chunk(1), chunk(2), chunk(3)], np.eye(3, 2) + np.eye(3, 2, -2))
    store.seal("docent__v1")
    store.switch("docent__v1")
    assert list(served(tmp_path, store).sample(2)) == [chunk(1), chunk(2)]
    assert len(served(tmp_path, store).sample(2_000)) == 3


def test_without_a_live_version_there_is_nothing_to_sample(tmp_path):
    assert list(served(tmp_path, MemoryStore()).sample(10)) == []
