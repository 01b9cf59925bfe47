"""Commands on the index in the command line's own process."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from bot.control.local import sync_or_preview
from bot.index_service import SyncRequest
from ingest.loading.chunker import Chunker
from ingest.settings import IngestSettings
from rag_core.factory import Models
from rag_core.inference.lanes import InferenceWorker
from rag_core.settings import RagSettings
from tests.ingest.cluster_build import run_inline
from tests.ingest.fakes import HashEmbedder, make_folder


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


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The stages run in this process; returns the number of parts at each use."""
    uses: list[int] = []

    def run(_: RagSettings, works: Iterable[bytes], chunker: Chunker):
        works = list(works)
        uses.append(len(works))
        return run_inline(tmp_path, works, chunker)

    monkeypatch.setattr("ingest.engine.cluster.check_ray", lambda: None)
    monkeypatch.setattr("ingest.engine.worker_models.run_with_settings", run)
    monkeypatch.setattr(
        "rag_core.factory.open_models",
        lambda _: Models(InferenceWorker(HashEmbedder(max_tokens=300), None), None),
    )
    return uses


def test_finished_parts_are_kept_until_the_version_is_live(
    settings: IngestSettings, cluster: list[int], monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as failing:
        failing.setattr("ingest.publishing.publisher.check_sample", stop)
        with pytest.raises(KeyboardInterrupt):
            sync_or_preview(SyncRequest(), settings, None, engine="ray")
    assert [*settings.parts_folder.rglob("vectors.npy")]
    report = sync_or_preview(SyncRequest(), settings, None, engine="ray")
    assert report["embedded"] == 1
    assert not settings.parts_folder.exists()
    assert cluster == [1, 0]


def test_a_preview_uses_no_cluster(settings: IngestSettings, cluster: list[int]):
    assert sync_or_preview(SyncRequest(dry_run=True), settings, None, engine="ray")["added"]
    assert cluster == []


def stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
