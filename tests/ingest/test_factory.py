from __future__ import annotations

from pathlib import Path

from ingest.factory import open_indexer, open_ledger, read_status
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from tests.ingest.fakes import HashEmbedder, MemoryStore, make_folder, versions_in


def test_an_index_from_settings(tmp_path: Path):
    settings = IngestSettings(milvus_uri=f"{tmp_path}/data/demo.db", collection="notes")
    store = MemoryStore("notes")
    indexer = open_indexer(settings, store=store, embedder=HashEmbedder())
    make_folder(tmp_path / "docs", {"a.md": "# A\n\ntext"})
    indexer.sync(parse_sources("docs"))
    assert versions_in(store.list_collections()) == ["notes__v1"]
    assert (tmp_path / "data/demo.state.sqlite").exists()
    assert read_status(settings).documents == 1
    assert open_ledger(settings).index == "notes"


def test_the_data_folder():
    assert IngestSettings(milvus_uri="some/where/x.db").data_folder == Path("some/where")
    assert IngestSettings(milvus_uri="http://milvus:19530").data_folder == Path("data")


def test_a_reader_makes_nothing(tmp_path: Path):
    settings = IngestSettings(milvus_uri=f"{tmp_path}/data/milvus.db", collection="notes")
    status = read_status(settings)
    assert (status.collection, status.revision, status.chunks) == ("notes", None, 0)
    assert list(tmp_path.iterdir()) == []
