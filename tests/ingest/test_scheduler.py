from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from queue import Queue

import pytest

from ingest.errors import SourceNotFoundError, SyncRunningError
from ingest.ledger import Ledger
from ingest.report import IngestReport
from ingest.scheduler import SyncScheduler, parse_schedule
from ingest.settings import IngestSettings
from rag_core.errors import SettingsError

REPORT = IngestReport(1, 2, 1, 0, 0, 2, 0, 0.5, "abcdef01")
WAIT = 20  # seconds until a thread that never answers fails the test

Make = Callable[..., SyncScheduler]


@pytest.fixture
def outcomes() -> Queue[object]:
    return Queue()


@pytest.fixture
def make(ledger: Ledger, outcomes: Queue[object]) -> Iterator[Make]:
    made: list[SyncScheduler] = []

    def make(sync: Callable[[], IngestReport], schedule: str = "0 3 * * *") -> SyncScheduler:
        scheduler = SyncScheduler(
            sync,
            ledger,
            IngestSettings(sync_schedule=schedule, timezone="Europe/Berlin"),
            on_report=outcomes.put,
            on_failure=outcomes.put,
        )
        scheduler.start()
        made.append(scheduler)
        return scheduler

    yield make
    for scheduler in made:
        scheduler.shutdown()


def next_after(schedule: str, moment: datetime, timezone: str = "UTC") -> datetime:
    trigger = parse_schedule(schedule, timezone)
    assert trigger is not None
    return trigger.get_next_fire_time(None, moment).astimezone(UTC)


def test_a_sync_on_request(make: Make, outcomes: Queue[object]):
    make(lambda: REPORT).trigger_now()
    assert outcomes.get(timeout=WAIT) is REPORT


@pytest.mark.parametrize("error", [SourceNotFoundError("gone"), ZeroDivisionError()])
def test_a_failure_is_told_and_does_not_stop_the_schedule(
    make: Make, outcomes: Queue[object], error: Exception
):
    errors = [error]

    def sync() -> IngestReport:
        if errors:
            raise errors.pop()
        return REPORT

    scheduler = make(sync)
    scheduler.trigger_now()
    assert outcomes.get(timeout=WAIT) is error
    while True:  # the lock is released a moment after the failure is told
        try:
            scheduler.trigger_now()
            break
        except SyncRunningError:
            continue
    assert outcomes.get(timeout=WAIT) is REPORT


def test_one_at_a_time(make: Make, outcomes: Queue[object]):
    started, finish = threading.Event(), threading.Event()

    def sync() -> IngestReport:
        started.set()
        assert finish.wait(WAIT)
        return REPORT

    scheduler = make(sync)
    scheduler.trigger_now()
    assert started.wait(WAIT)
    with pytest.raises(SyncRunningError):
        scheduler.trigger_now()
    scheduler._scheduled()  # what APScheduler calls: leaves itself out
    finish.set()
    assert outcomes.get(timeout=WAIT) is REPORT
    assert outcomes.empty()


def test_the_next_sync_is_remembered(make: Make, ledger: Ledger):
    scheduler = make(lambda: REPORT)
    assert scheduler.next_sync is not None
    assert ledger.next_sync() == scheduler.next_sync


def test_off(make: Make, ledger: Ledger, outcomes: Queue[object]):
    ledger.remember_next_sync(datetime(2026, 7, 1, tzinfo=UTC))
    scheduler = make(lambda: REPORT, "off")
    assert scheduler.next_sync is None
    assert ledger.next_sync() is None
    scheduler.trigger_now()
    assert outcomes.get(timeout=WAIT) is REPORT


def test_the_time_zone_counts():
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert next_after("0 3 * * *", noon) == datetime(2026, 7, 2, 3, tzinfo=UTC)
    assert next_after("0 3 * * *", noon, "Europe/Berlin") == datetime(2026, 7, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("weekday", "day"),
    [("0", 5), ("7", 5), ("1", 6), ("sun", 5), ("1-5", 1), ("5,6", 3), ("*/6", 5), ("6-7", 4)],
)
def test_weekdays_count_from_sunday_as_in_cron(weekday: str, day: int):
    wednesday = datetime(2026, 7, 1, tzinfo=UTC)
    assert next_after(f"0 3 * * {weekday}", wednesday).day == day


@pytest.mark.parametrize(
    "schedule", ["", "daily", "0 3 * *", "61 3 * * *", "0 3 * * 8", "0 3 * * mon-x", "* * * * * *"]
)
def test_a_schedule_that_makes_no_sense(schedule: str):
    with pytest.raises(SettingsError, match="DOCENT_SYNC_SCHEDULE"):
        parse_schedule(schedule, "UTC")


@pytest.mark.parametrize("timezone", ["", "Mars/Olympus", "../etc/passwd"])
def test_a_time_zone_that_is_none(timezone: str):
    with pytest.raises(SettingsError, match="DOCENT_TIMEZONE"):
        parse_schedule("off", timezone)
