"""What admins are shown of sources and syncs, by the state database alone."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.errors import SourceError
from ingest.overview.history import list_past_syncs, list_source_states
from ingest.sources import Source
from ingest.state.jobs import JobState, JobStore
from tests.ingest.conftest import Bench
from tests.ingest.fakes import make_folder

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "docs", {"a.md": "# A\n\nFirst.", "b.md": "# B\n\nOther."})


def test_sources_have_their_pages_and_next_run(bench: Bench, docs: Path):
    bench.sync(docs)
    JobStore(bench.ledger).write("sync", JobState("0 3 * * *", next_run=NOW))
    other = Source(name="other", uri="https://example.com/other.zip")
    found = list_source_states(bench.ledger, [other])
    assert [(one.name, one.pages, one.next_run) for one in found] == [
        ("docs", 2, None),  # in the index, and not in the settings any more
        ("other", 0, NOW),
    ]
    assert found[1].uri == "https://example.com/other.zip"


def test_a_source_has_its_own_schedule_or_that_of_all(bench: Bench):
    store = JobStore(bench.ledger)
    store.write("sync", JobState("off"))
    store.write("sync:own", JobState("every 1h", next_run=NOW))
    sources = [Source(name=name, uri=f"/{name}") for name in ("own", "plain")]
    found = list_source_states(bench.ledger, sources)
    assert [(one.name, one.next_run) for one in found] == [("own", NOW), ("plain", None)]


def test_the_last_syncs_are_listed_with_what_failed(bench: Bench, docs: Path, tmp_path: Path):
    bench.sync(docs)
    with pytest.raises(SourceError):
        bench.sync(tmp_path / "gone")
    failed, done = list_past_syncs(bench.ledger, limit=5)
    assert "gone" in failed.error
    assert (done.added, done.changed, done.removed, done.error) == (2, 0, 0, "")
    assert list_past_syncs(bench.ledger, limit=1) == (failed,)


def test_nothing_is_there_before_the_first_sync(bench: Bench):
    assert list_source_states(bench.ledger, []) == ()
    assert list_past_syncs(bench.ledger, limit=5) == ()
