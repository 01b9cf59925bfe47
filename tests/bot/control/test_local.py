"""Commands on the index in the command line's own process."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.control.local import sync_or_preview
from bot.index_service import SyncRequest
from ingest.settings import IngestSettings
from tests.ingest.fakes import make_folder


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IngestSettings:
    folder = make_folder(tmp_path / "docs", {"a.md": "# A\n\nFirst."})
    monkeypatch.setenv("DOCENT_PROFILE", "starter")
    monkeypatch.setenv("DOCENT_SOURCES", str(folder))
    return IngestSettings.load()


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_unchanged_sync_opens_neither_milvus_nor_a_model(
    settings: IngestSettings, monkeypatch: pytest.MonkeyPatch, dry_run: bool
):
    first = sync_or_preview(SyncRequest(), settings, None)
    assert first["added"] == 1

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("an unchanged sync has no work for Milvus or a model")

    monkeypatch.setattr("rag_core.factory.open_store", refuse)
    monkeypatch.setattr("rag_core.factory.open_models", refuse)
    again = sync_or_preview(SyncRequest(dry_run=dry_run), settings, None)
    assert again["unchanged"]
    assert again["documents"] == first["documents"] == 1
