from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from ingest.overview.history import list_past_syncs
from ingest.report import IngestReport
from ingest.sources import Source
from ingest.state.database import open_state
from ingest.state.jobs import JobStore
from ingest.state.lease import SyncLease
from ingest.state.ledger import Ledger
from ingest.state.migrations.versions import r0001_released_tables as released
from ingest.types import KnownChunk, KnownPage
from rag_core.types import IndexSpec, LiveIndex

SPEC = IndexSpec(model="hash", dimension=8, chunker="1", schema=1, revision="abcdef01")
PAGES = (KnownPage("docs", "a.md", "h1", "r", 2), KnownPage("more", "empty.md", "h2", "r"))
CHUNKS = (KnownChunk("c1", "docs", "a.md", "e1"), KnownChunk("c2", "docs", "a.md", "e2"))
REPORT = IngestReport(1, 2, 1, 0, 0, 2, 0, 0.5, "abcdef01", ("a.md: odd",))


def test_an_empty_ledger(ledger: Ledger):
    assert ledger.read_live_version() is None
    assert ledger.read_previous_version() is None
    assert ledger.read_last_sync() is None
    assert ledger.read_next_sync_time() is None
    assert ledger.read_version("docent__v1") is None
    assert ledger.contents.read_pages("docent__v1") == ()


def record(
    ledger: Ledger,
    collection: str,
    pages: tuple[KnownPage, ...] = PAGES,
    chunks: tuple[KnownChunk, ...] = CHUNKS,
) -> None:
    """Record a version as a sync does that writes a new collection."""
    with SyncLease(ledger.engine, name=f"sync:{ledger.index}").hold() as lease:
        ledger.claims.begin(collection, SPEC, number=1, writer=lease.token)
        ledger.contents.add_chunks(collection, chunks)
        ledger.contents.add_pages(collection, pages)
        assert ledger.claims.complete(
            collection, SPEC, number=1, pages=pages, dead=0, writer=lease.token
        )


def test_a_version_is_written_down(ledger: Ledger):
    record(ledger, "docent__v1")
    assert ledger.contents.read_pages("docent__v1") == PAGES
    assert tuple(ledger.contents.read_chunks("docent__v1")) == CHUNKS
    version = ledger.read_version("docent__v1")
    assert version is not None
    assert (version.spec, version.documents, version.chunks) == (SPEC, 1, 2)
    assert ledger.read_live_version() is None


def test_only_the_holder_of_a_lease_writes_a_version(ledger: Ledger):
    record(ledger, "docent__v1")
    ledger.mark_live("docent__v1")
    assert not ledger.claims.claim("docent__v1", "no lease")
    lease = SyncLease(ledger.engine, name="sync:docent")
    with lease.hold() as held:
        assert ledger.claims.claim("docent__v1", held.token)
        assert ledger.claims.is_held(ledger.read_version("docent__v1"))
        assert not ledger.claims.claim("docent__v1", held.token)  # by now somebody writes
    assert not ledger.claims.is_held(ledger.read_version("docent__v1"))
    done = {"number": 2, "pages": PAGES, "dead": 0}
    assert not ledger.claims.complete("docent__v1", SPEC, **done, writer=held.token)
    with lease.hold() as other:
        assert not ledger.claims.claim("docent__v1", other.token)
        assert not ledger.claims.complete("docent__v1", SPEC, **done, writer=other.token)


def test_a_version_is_restored(ledger: Ledger):
    record(ledger, "docent__v1")
    ledger.mark_live("docent__v1")
    before = ledger.read_version("docent__v1")
    with SyncLease(ledger.engine, name="sync:docent").hold() as held:
        assert ledger.claims.claim("docent__v1", held.token)
        spec = replace(SPEC, revision="another")
        assert ledger.claims.complete(
            "docent__v1", spec, number=7, pages=(), dead=9, writer=held.token
        )
        changed = ledger.read_version("docent__v1")
        assert (changed.number, changed.chunks, changed.dead) == (7, 0, 9)
        ledger.claims.restore(before, writer=held.token)
    assert ledger.read_version("docent__v1") == before


def test_a_version_of_milvus_is_adopted(ledger: Ledger):
    ledger.adopt_version(LiveIndex("docent__v1", SPEC), iter(CHUNKS))
    assert ledger.contents.read_pages("docent__v1") == (KnownPage("docs", "a.md", "", "", 2),)
    assert ledger.read_live_version().chunks == 2
    ledger.adopt_version(LiveIndex("docent__v1", SPEC), CHUNKS[:1])
    assert tuple(ledger.contents.read_chunks("docent__v1")) == CHUNKS[:1]


def test_the_live_one_becomes_the_previous_one(ledger: Ledger):
    for number in (1, 2, 3):
        record(ledger, f"docent__v{number}")
        ledger.mark_live(f"docent__v{number}")
        ledger.mark_live(f"docent__v{number}")
    assert ledger.read_live_version().collection == "docent__v3"
    assert ledger.read_previous_version().collection == "docent__v2"
    ledger.forget(["docent__v1", "docent__v2"])
    assert [version.collection for version in ledger.list_versions()] == ["docent__v3"]
    assert ledger.contents.read_pages("docent__v1") == ()


def test_two_indexes_in_one_database(ledger: Ledger, engine: Engine):
    other = Ledger(engine, index="other")
    record(ledger, "docent__v1")
    ledger.mark_live("docent__v1")
    record(other, "other__v1")
    other.mark_live("other__v1")
    assert ledger.read_live_version().collection == "docent__v1"
    assert [version.collection for version in other.list_versions()] == ["other__v1"]


def test_syncs_are_remembered(ledger: Ledger):
    ledger.finish_sync(ledger.start_sync(), report=REPORT)
    ledger.start_sync()
    run = ledger.read_last_sync()
    assert run.report == REPORT.as_json()
    assert run.error is None
    ledger.finish_sync(ledger.start_sync(), error="It failed.")
    assert ledger.read_last_sync().error == "It failed."
    assert ledger.read_last_sync().finished_at.tzinfo is UTC


def test_the_lines_of_a_flooded_report_are_counted(ledger: Ledger):
    flooded = replace(REPORT, failures=("a.md: is broken",) * 100_000)
    ledger.finish_sync(ledger.start_sync(), report=flooded)
    failures = ledger.read_last_sync().report["failures"]
    assert (len(failures), failures[-1]) == (1_001, "and 99,000 more")


def test_sources_and_schedule(ledger: Ledger, engine: Engine):
    ledger.remember_sources([Source("docs", "https://me:pw@x/docs.zip")])
    ledger.remember_sources([Source("docs", "https://x/new.zip"), Source("more", "more")])
    moment = datetime(2026, 7, 1, 3, tzinfo=UTC)
    JobStore(ledger).record_next_run("sync", "0 3 * * *", moment)
    JobStore(ledger).record_next_run("sync:news", "every 30m", moment + timedelta(minutes=5))
    again = Ledger(engine, index="docent")
    assert again.read_source_uris() == {"docs": "https://x/new.zip", "more": "more"}
    assert again.read_next_sync_time() == moment
    JobStore(again).keep_only(())
    assert again.read_next_sync_time() is None


def test_no_password_is_written_down(tmp_path: Path):
    ledger = Ledger(open_state(f"sqlite:///{tmp_path / 'state' / 'docent.sqlite'}"), index="docent")
    ledger.remember_sources([Source("docs", "https://me:hunter2@x/docs.zip?token=s3cr3t")])
    ledger.engine.dispose()
    stored = b"".join(file.read_bytes() for file in (tmp_path / "state").iterdir())
    assert b"x/docs.zip" in stored
    assert b"hunter2" not in stored
    assert b"s3cr3t" not in stored


def marks(ledger: Ledger) -> list[tuple[str, bool, bool]]:
    return [(one.collection[-2:], one.live, one.previous) for one in ledger.list_versions()]


def test_an_older_version_that_goes_live_again_is_no_longer_the_previous_one(ledger: Ledger):
    for name in ("docent__v1", "docent__v2"):
        record(ledger, name)
        ledger.mark_live(name)
    assert marks(ledger) == [("v1", False, True), ("v2", True, False)]
    ledger.mark_live("docent__v1")
    assert marks(ledger) == [("v1", True, False), ("v2", False, True)]


def test_after_a_rollback_there_is_none_to_go_back_to(ledger: Ledger, engine: Engine):
    other = Ledger(engine, index="other")
    for one, index in ((ledger, "docent"), (other, "other")):
        for number in (1, 2):
            record(one, f"{index}__v{number}")
            one.mark_live(f"{index}__v{number}")
    ledger.mark_rolled_back("docent__v1")
    assert marks(ledger) == [("v1", True, False), ("v2", False, False)]
    assert marks(other) == [("v1", False, True), ("v2", True, False)]


def test_the_standby_is_the_previous_version_or_the_one_that_was_left(ledger: Ledger):
    assert ledger.read_standby() is None
    for name in ("docent__v1", "docent__v2"):
        record(ledger, name)
        assert ledger.read_standby() is None  # it stays marked until it is live
        ledger.mark_live(name)
    assert ledger.read_standby().collection == "docent__v1"
    ledger.mark_rolled_back("docent__v1")
    assert ledger.read_standby().collection == "docent__v2"
    assert ledger.read_previous_version() is None


def test_a_rollback_has_its_time_and_keeps_it(ledger: Ledger):
    for name in ("docent__v1", "docent__v2"):
        record(ledger, name)
        ledger.mark_live(name)
    before = ledger.read_live_version().switched_at
    ledger.mark_rolled_back("docent__v1")
    switched = ledger.read_live_version().switched_at
    assert switched >= before
    ledger.mark_rolled_back("docent__v1")  # it is completed again
    assert ledger.read_live_version().switched_at == switched


@pytest.mark.parametrize("step", ["remove_chunks", "remove_pages"])
def test_contents_never_lose_their_version(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, step: str
):
    """A version that is being forgotten is none, and goes when that is done again."""
    record(ledger, "docent__v1")
    ledger.mark_live("docent__v1")
    with monkeypatch.context() as killed:
        killed.setattr(ledger.contents, step, lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ledger.forget(["docent__v1"])
    assert ledger.read_version("docent__v1").spec != SPEC
    assert ledger.read_live_version() is None
    assert ledger.read_standby() is None
    ledger.forget(one.collection for one in ledger.list_versions())
    assert ledger.list_versions() == []
    assert ledger.contents.read_pages("docent__v1") == ()
    assert not list(ledger.contents.read_chunks("docent__v1"))


def test_the_oldest_version_comes_first_under_any_name(ledger: Ledger):
    began = datetime.now(UTC)
    for name in ("docent__v2", "docent__v1"):
        record(ledger, name)
    assert [one.collection for one in ledger.list_versions()] == ["docent__v2", "docent__v1"]
    first, second = (one.created_at for one in ledger.list_versions())
    assert began <= first <= second <= datetime.now(UTC)


def test_configured_sources_are_those_of_the_index_and_of_the_last_time(
    ledger: Ledger, engine: Engine
):
    other = Ledger(engine, index="other")
    assert ledger.list_configured_sources() == frozenset()
    other.remember_configured(["docs", "theirs"])
    ledger.remember_configured(["docs", "more", "docs"])
    assert ledger.list_configured_sources() == {"docs", "more"}
    ledger.remember_configured(["docs"])
    assert ledger.list_configured_sources() == {"docs"}
    ledger.remember_configured([])
    assert ledger.list_configured_sources() == frozenset()
    assert other.list_configured_sources() == {"docs", "theirs"}


def test_the_sources_of_a_version_come_in_order_and_once(ledger: Ledger):
    names = ("more", "docs", "more", "api")
    pages = tuple(KnownPage(name, f"{n}.md", "h", "r") for n, name in enumerate(names))
    record(ledger, "docent__v1", pages)
    record(ledger, "docent__v2")
    assert ledger.list_sources("docent__v1") == ("api", "docs", "more")
    assert ledger.list_sources("docent__v2") == ("docs", "more")


def test_the_index_is_as_fresh_as_the_last_sync_that_succeeded(ledger: Ledger):
    assert ledger.read_last_success_time() is None
    began = datetime.now(UTC)
    ledger.finish_sync(ledger.start_sync(), error="It failed.")
    assert ledger.read_last_success_time() is None
    ledger.finish_sync(ledger.start_sync(), report=REPORT)
    run = ledger.read_last_sync()
    assert began <= run.started_at <= run.finished_at
    ledger.finish_sync(ledger.start_sync(), error="It failed again.")
    assert ledger.read_last_success_time() == run.finished_at


DOCS, MORE = Source("docs", "https://x/docs.zip"), Source("more", "https://x/more.zip")


def read_live_sources(ledger: Ledger) -> None:
    """Publish a version with two sources, of which only one could be read again later."""
    record(ledger, "docent__v1")
    ledger.mark_live("docent__v1")
    ledger.remember_sources([DOCS, MORE])
    ledger.remember_sources([DOCS, MORE], unread=["docs"])


def test_a_source_that_could_not_be_read_is_as_fresh_as_before(ledger: Ledger):
    began = datetime.now(UTC)
    read_live_sources(ledger)
    docs, more = (ledger.read_last_success_time([name]) for name in ("docs", "more"))
    assert began < docs < more
    assert ledger.read_last_success_time(["more", "docs"]) == docs
    assert ledger.read_last_success_time() == docs
    ledger.remember_sources([DOCS])
    assert ledger.read_last_success_time() == more


def test_a_source_that_nobody_has_read_has_no_time(ledger: Ledger):
    ledger.remember_sources([DOCS], unread=["docs"])
    assert ledger.read_source_uris() == {"docs": DOCS.uri}
    assert ledger.read_last_success_time(["docs"]) is None
    assert ledger.read_last_success_time(["unknown"]) is None


def test_a_source_without_pages_in_the_live_version_makes_nothing_stale(ledger: Ledger):
    ledger.remember_sources([Source("gone", "https://x/gone.zip")])
    read_live_sources(ledger)
    assert ledger.read_last_success_time() == ledger.read_last_success_time(["docs"])


def test_two_indexes_do_not_see_the_syncs_and_sources_of_each_other(ledger: Ledger, engine: Engine):
    other = Ledger(engine, index="other")
    read_live_sources(ledger)
    ledger.finish_sync(ledger.start_sync(), report=REPORT)
    assert other.read_last_sync() is None
    assert other.read_last_success_time() is None
    assert other.read_last_success_time(["docs"]) is None
    assert other.read_source_uris() == {}
    assert list_past_syncs(other, limit=5) == ()
    other.remember_sources([Source("docs", "https://y/other.zip")])
    other.finish_sync(other.start_sync(), error="Theirs.")
    assert ledger.read_source_uris() == {"docs": DOCS.uri, "more": MORE.uri}
    assert ledger.read_last_sync().error is None
    assert [sync.error for sync in list_past_syncs(ledger, limit=5)] == [""]
    assert [sync.error for sync in list_past_syncs(other, limit=5)] == ["Theirs."]


# Tables of earlier releases


def create_released(engine: Engine, indexes: tuple[str, ...]) -> None:
    """Create the tables as they were released, with a sync and a source of each index."""
    with engine.begin() as connection:
        released.tables.create_all(connection)
        for number, index in enumerate(indexes, start=1):
            version = {"collection": f"{index}__v1", "index_name": index, "model": "hash"} | {
                "dimension": 8,
                "chunker": "1",
                "schema": 1,
                "revision": f"r{number}",
                "documents": 1,
                "chunks": 2,
                "created_at": at(number),
            }
            page = {"collection": f"{index}__v1", "source": f"docs{number}", "path": "a.md"}
            connection.execute(insert(released.versions).values(version | {"live": True}))
            connection.execute(
                insert(released.pages).values(page | {"content_hash": "h", "recipe": "r"})
            )
            connection.execute(
                insert(released.sources).values(name=f"docs{number}", uri=f"uri{number}")
            )
            for moment, unread in ((number, []), (number + 10, [f"docs{number}"])):
                report = json.dumps({"revision": f"r{number}", "unread": unread})
                times = {"started_at": at(moment), "finished_at": at(moment)}
                connection.execute(insert(released.syncs).values(report=report, **times))
        connection.execute(
            insert(released.syncs).values(
                started_at=at(50), finished_at=at(50), error="Whose is it?"
            )
        )


def at(minute: int) -> datetime:
    return datetime(2026, 7, 1, 12, minute)  # noqa: DTZ001  (as the old tables have it)


def test_what_an_earlier_docent_recorded_stays(engine: Engine):
    create_released(engine, ("docent",))
    ledger = Ledger(engine, index="docent")
    assert ledger.read_live_version().collection == "docent__v1"
    assert ledger.read_source_uris() == {"docs1": "uri1"}
    assert ledger.read_last_sync().error == "Whose is it?"
    assert ledger.read_last_success_time() == at(1).replace(tzinfo=UTC)
    assert len(list_past_syncs(ledger, limit=5)) == 3
    assert ledger.start_sync() > 3


def test_the_records_of_two_indexes_are_told_apart(engine: Engine):
    create_released(engine, ("docent", "other"))
    for number, index in enumerate(("docent", "other"), start=1):
        ledger = Ledger(engine, index=index)
        assert ledger.read_source_uris() == {f"docs{number}": f"uri{number}"}
        assert ledger.read_last_sync().error is None
        assert ledger.read_last_sync().finished_at == at(number + 10).replace(tzinfo=UTC)
        assert ledger.read_last_success_time() == at(number).replace(tzinfo=UTC)
        assert len(list_past_syncs(ledger, limit=5)) == 2


def test_a_database_without_an_index_is_upgraded(engine: Engine):
    create_released(engine, ())
    ledger = Ledger(engine, index="docent")
    assert ledger.read_last_sync() is None
    assert ledger.read_source_uris() == {}
