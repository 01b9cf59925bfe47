from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.errors import SourceNotFoundError
from ingest.overview.status import build_status
from ingest.publishing.versions import resume_syncs, roll_back
from tests.ingest.conftest import Bench
from tests.ingest.fakes import make_folder


def test_nothing_yet(bench: Bench):
    status = build_status(bench.ledger)
    assert (status.collection, status.revision, status.model) == ("docent", None, None)
    assert (status.chunks, status.documents, status.sources) == (0, 0, ())
    assert (status.last_sync, status.last_error, status.next_sync) == (None, None, None)


def test_a_rollback_shows(bench: Bench, tmp_path: Path):
    for text in ("first", "second"):
        bench.sync(make_folder(tmp_path / "docs", {"a.md": f"# A\n\n{text}"}))
    assert build_status(bench.ledger).as_json()["pinned"] is None
    first = roll_back(bench.store, bench.ledger).collection
    status = build_status(bench.ledger)
    assert status.pinned == first
    assert json.loads(json.dumps(status.as_json()))["pinned_at"] == status.pinned_at.isoformat()
    resume_syncs(bench.ledger)
    assert build_status(bench.ledger).pinned is None


def test_after_a_sync_and_a_failure(bench: Bench, tmp_path: Path):
    report = bench.sync(make_folder(tmp_path / "docs", {"a.md": "# A\n\ntext"}))
    status = build_status(bench.ledger)
    assert (status.revision, status.model) == (report.revision, "hash")
    assert (status.chunks, status.documents, status.sources) == (1, 1, ("docs",))
    assert status.last_sync is not None
    assert status.last_error is None
    with pytest.raises(SourceNotFoundError):
        bench.sync(tmp_path / "gone")
    status = build_status(bench.ledger)
    assert "gone" in status.last_error
    assert status.chunks == 1
    assert json.loads(json.dumps(status.as_json()))["last_sync"] == status.last_sync.isoformat()
