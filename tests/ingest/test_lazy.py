"""A sync that finds nothing changed opens neither Milvus nor a model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from ingest.factory import open_ledger
from ingest.local import open_local_index
from ingest.report import IngestReport
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from ingest.state.tables import fingerprints, versions
from rag_core import factory
from rag_core.errors import DocentError, ModelError
from rag_core.settings import RagSettings
from tests.ingest.fakes import HashEmbedder, make_folder

URI = "data/docs.db"


class Models:
    """In place of the real ones."""

    def __init__(self, embedder: HashEmbedder) -> None:
        self.inference = self
        self.indexing = embedder

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was opened since it was last cleared."""
    log: list[str] = []
    real = factory.open_store
    monkeypatch.setattr(factory, "open_store", lambda *a, **k: log.append("store") or real(*a, **k))
    monkeypatch.setattr(
        factory, "open_models", lambda _: log.append("models") or Models(HashEmbedder())
    )
    return log


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "docs", {"a.md": "# A\n\nFirst.", "b.md": "# B\n\nOther."})


def sync(docs: Path) -> IngestReport:
    with open_local_index(IngestSettings(milvus_uri=URI), RagSettings(milvus_uri=URI)) as local:
        return local.indexer.sync(parse_sources(str(docs)))


def test_nothing_is_opened_where_nothing_changed(docs: Path, opened: list[str]):
    first = sync(docs)
    assert opened == ["store", "models"]
    opened.clear()
    again = sync(docs)
    assert opened == []
    assert (again.unchanged, again.chunks, again.documents) == (True, 2, 2)
    assert again.revision == first.revision


def test_a_change_opens_both(docs: Path, opened: list[str]):
    sync(docs)
    sync(docs)
    opened.clear()
    make_folder(docs, {"a.md": "# A\n\nSecond."})
    assert sync(docs).changed == 1
    assert sorted(opened) == ["models", "store"]
    opened.clear()
    assert sync(docs).unchanged
    assert opened == []


def damage_file(data: Path) -> None:
    file, *_ = data.rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-10])


def lose_file(data: Path) -> None:
    file, *_ = data.rglob("*.parquet")
    file.unlink()


def leave_a_collection(data: Path) -> None:
    other = data / "collections" / "docent__v9"
    other.mkdir()
    (other / "schema.json").write_text("{}")


@pytest.mark.parametrize("harm", [damage_file, lose_file, leave_a_collection])
def test_a_directory_that_is_not_as_it_was_left_is_opened(
    docs: Path, opened: list[str], harm: Callable[[Path], None]
):
    sync(docs)
    opened.clear()
    harm(Path(URI))
    with suppress(DocentError):  # what Milvus makes of it is tested elsewhere
        sync(docs)
    assert "store" in opened


def test_what_could_not_be_counted_is_not_taken_to_rest(docs: Path, opened: list[str]):
    settings = IngestSettings(milvus_uri=URI)
    sync(docs)
    with open_ledger(settings).engine.begin() as connection:
        connection.execute(delete(fingerprints))
    with open_local_index(settings, RagSettings(milvus_uri=URI)) as local:
        [live] = local.store.list_collections()
        rows = local.store.count(live)
        with local.ledger.engine.begin() as connection:
            connection.execute(update(versions).values(chunks=rows + 1))  # one was lost
        assert local.store.count(live) == rows
    opened.clear()
    with open_local_index(settings, RagSettings(milvus_uri=URI)) as local:
        local.store.count(live)
        assert opened == ["store"]


def test_a_preview_does_not_vouch_for_rows_that_are_lost(docs: Path, opened: list[str]):
    """It closes without an error, though the ledger says more than the index holds."""
    settings = IngestSettings(milvus_uri=URI)
    sync(docs)
    engine = open_ledger(settings).engine
    with engine.begin() as connection:
        connection.execute(delete(fingerprints))
        connection.execute(update(versions).values(chunks=3))
    with open_local_index(settings, RagSettings(milvus_uri=URI)) as local:
        local.indexer.preview(parse_sources(str(docs)))
    with engine.connect() as connection:
        assert connection.execute(select(fingerprints)).first() is None
    opened.clear()
    assert not sync(docs).unchanged
    assert "store" in opened


def test_another_embedder_under_the_same_settings_is_noticed(
    docs: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
):
    sync(docs)
    make_folder(docs, {"a.md": "# A\n\nSecond."})
    other = Models(HashEmbedder(dimension=4))
    monkeypatch.setattr(factory, "open_models", lambda _: other)
    with pytest.raises(ModelError, match="docent index"):
        sync(docs)
    report = sync(docs)
    assert (report.embedded, report.chunks) == (2, 2)
    assert opened
