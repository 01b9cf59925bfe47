from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from queue import Queue
from zoneinfo import ZoneInfo

import pytest

from ingest.cron import parse_schedule
from ingest.errors import (
    DownloadError,
    IndexPinnedError,
    PublishError,
    StateError,
    SyncRunningError,
)
from ingest.report import IngestReport
from ingest.scheduler import RETRIES, Sync, SyncScheduler
from ingest.settings import IngestSettings
from ingest.sources import Source
from ingest.state.jobs import JobState, JobStore, Trouble
from ingest.state.ledger import Ledger
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

    def make(sync: Sync, schedule: str = "0 3 * * *", **more: object) -> SyncScheduler:
        scheduler = SyncScheduler(
            sync,
            ledger,
            IngestSettings(sync_schedule=schedule, timezone="Europe/Berlin"),
            on_report=outcomes.put,
            **{"on_trouble": lambda trouble: not outcomes.put(trouble), **more},
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


def run(scheduler: SyncScheduler, outcomes: Queue[object], job: str = "sync") -> None:
    """One run as the schedule does it, on this thread."""
    scheduler._scheduled(job)
    outcomes.put("end")


def told(outcomes: Queue[object]) -> list[object]:
    """What was told until the last run ended, reports left out."""
    said = list(iter(outcomes.get_nowait, "end"))
    return [one for one in said if not isinstance(one, IngestReport)]


def test_a_sync_on_request(make: Make, outcomes: Queue[object]):
    asked = []
    make(lambda names: asked.append(names) or REPORT).trigger_now()
    assert outcomes.get(timeout=WAIT) is REPORT
    assert asked == [()]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StateError("The disk is full."), "The sync failed: The disk is full."),
        (KeyError(), "KeyError"),
    ],
)
def test_a_failure_is_told_once_and_that_it_is_over(
    make: Make, outcomes: Queue[object], error: Exception, said: str
):
    errors = [error, error]

    def sync(_names: tuple[str, ...]) -> IngestReport:
        if errors:
            raise errors.pop()
        return REPORT

    scheduler = make(sync)
    run(scheduler, outcomes)
    [trouble] = told(outcomes)
    assert said in trouble.says
    assert not trouble.over
    run(scheduler, outcomes)
    assert told(outcomes) == []
    run(scheduler, outcomes)
    assert told(outcomes) == [Trouble("Syncing works again.", over=True)]
    run(scheduler, outcomes)
    assert told(outcomes) == []


def test_a_restart_does_not_tell_again(make: Make, outcomes: Queue[object]):
    def broken(_names: tuple[str, ...]) -> IngestReport:
        raise StateError("The disk is full.")

    for first in (True, False):
        run(make(broken), outcomes)
        assert bool(told(outcomes)) == first


def test_another_failure_is_told_too(make: Make, outcomes: Queue[object]):
    errors: list[Exception] = [StateError("The disk is full."), PublishError("No.")]

    def sync(_names: tuple[str, ...]) -> IngestReport:
        raise errors.pop()

    scheduler = make(sync)
    run(scheduler, outcomes)
    run(scheduler, outcomes)
    said = [trouble.says for trouble in told(outcomes) + told(outcomes)]
    assert said == ["The sync failed: No.", "The sync failed: The disk is full."]


def failing(errors: list[Exception | None]) -> Sync:
    def sync(_names: tuple[str, ...]) -> IngestReport:
        error = errors.pop(0)
        if error is not None:
            raise error
        return REPORT

    return sync


def test_what_did_not_reach_anybody_is_told_again(make: Make, outcomes: Queue[object]):
    reached = [False, False, True, False, True]
    scheduler = make(
        failing([StateError("Full.")] * 4 + [None] * 3),
        on_trouble=lambda trouble: outcomes.put(trouble.says) or reached.pop(0),
    )
    for _ in range(7):
        run(scheduler, outcomes)
    wrong, well = "The sync failed: Full.", "Syncing works again."
    said = [[wrong], [wrong], [wrong], [], [well], [well], []]
    assert [told(outcomes) for _ in range(7)] == said


def test_failures_of_one_kind_are_told_apart_by_their_words(make: Make, outcomes: Queue[object]):
    errors = [
        "It holds 222 of 400 chunks.",
        "It holds 7 of 401 chunks.",
        "docs went.",
        "It holds 1 of 2 chunks.",
    ]
    scheduler = make(failing([PublishError(error) for error in errors]))
    for _ in errors:
        run(scheduler, outcomes)
    assert [len(told(outcomes)) for _ in errors] == [1, 0, 1, 0]


@pytest.mark.parametrize("whole", [True, False])
def test_a_source_that_cannot_be_read_is_tried_again_before_it_is_told(
    make: Make, outcomes: Queue[object], whole: bool
):
    def sync(_names: tuple[str, ...]) -> IngestReport:
        if whole:
            raise DownloadError("docs can't be downloaded now.")
        return replace(REPORT, unread=("docs",), failures=("docs: it is gone",))

    scheduler = make(sync)
    pauses = []
    for _ in RETRIES:
        run(scheduler, outcomes)
        assert told(outcomes) == []
        retry = scheduler._scheduler.get_job("retry:sync")
        pauses.append(round((retry.next_run_time - datetime.now(UTC)).total_seconds() / 60))
    assert pauses == [1, 5, 15]
    run(scheduler, outcomes)
    [trouble] = told(outcomes)
    assert "docs" in trouble.says


def test_it_is_not_tried_again_where_the_next_run_is_sooner(make: Make, outcomes: Queue[object]):
    def sync(_names: tuple[str, ...]) -> IngestReport:
        raise DownloadError("docs can't be downloaded now.")

    scheduler = make(sync, "* * * * *")
    run(scheduler, outcomes)
    assert len(told(outcomes)) == 1
    assert scheduler._scheduler.get_job("retry:sync") is None


@pytest.mark.parametrize("error", [SyncRunningError("One runs."), IndexPinnedError("Pinned.")])
def test_a_sync_that_may_not_run_is_no_failure(
    make: Make, outcomes: Queue[object], error: Exception
):
    def sync(_names: tuple[str, ...]) -> IngestReport:
        raise error

    run(make(sync), outcomes)
    assert told(outcomes) == []


def test_one_at_a_time(make: Make, outcomes: Queue[object]):
    started, finish = threading.Event(), threading.Event()

    def sync(_names: tuple[str, ...]) -> IngestReport:
        started.set()
        assert finish.wait(WAIT)
        return REPORT

    scheduler = make(sync)
    scheduler.trigger_now()
    assert started.wait(WAIT)
    with pytest.raises(SyncRunningError):
        scheduler.trigger_now()
    finish.set()
    assert outcomes.get(timeout=WAIT) is REPORT
    assert outcomes.empty()


def test_the_next_sync_is_remembered(make: Make, ledger: Ledger):
    scheduler = make(lambda _: REPORT)
    assert scheduler.next_sync is not None
    assert ledger.next_sync() == scheduler.next_sync


def test_off(make: Make, ledger: Ledger, outcomes: Queue[object]):
    make(lambda _: REPORT)
    scheduler = make(lambda _: REPORT, "off")
    assert scheduler.next_sync is None
    assert ledger.next_sync() is None
    scheduler.trigger_now()
    assert outcomes.get(timeout=WAIT) is REPORT


class TestAfterAPause:
    @pytest.mark.parametrize(
        ("minutes", "runs"), [(5, True), (59, True), (61, False), (-30, False)]
    )
    def test_a_run_that_was_missed_lately_is_made_up_for(
        self, make: Make, ledger: Ledger, outcomes: Queue[object], minutes: int, runs: bool
    ):
        due = datetime.now(UTC) - timedelta(minutes=minutes)
        JobStore(ledger).write("sync", JobState("0 3 * * *", next_run=due))
        scheduler = make(lambda _: REPORT)
        if runs:
            assert outcomes.get(timeout=WAIT) is REPORT
        else:
            assert scheduler.next_sync > datetime.now(UTC)
            assert outcomes.empty()

    def test_another_schedule_makes_up_for_nothing(
        self, make: Make, ledger: Ledger, outcomes: Queue[object]
    ):
        due = datetime.now(UTC) - timedelta(minutes=5)
        JobStore(ledger).write("sync", JobState("0 4 * * *", next_run=due))
        make(lambda _: REPORT)
        assert outcomes.empty()

    def test_an_interval_goes_on_where_it_was(self, make: Make, ledger: Ledger):
        due = datetime.now(UTC) + timedelta(minutes=7)
        JobStore(ledger).write("sync", JobState("every 30m", next_run=due))
        assert make(lambda _: REPORT, "every 30m").next_sync == due

    def test_a_clock_that_was_set_back_does_not_delay_an_interval(self, make: Make, ledger: Ledger):
        due = datetime.now(UTC) + timedelta(days=300)
        JobStore(ledger).write("sync", JobState("every 30m", next_run=due))
        soon = datetime.now(UTC) + timedelta(minutes=31)
        assert make(lambda _: REPORT, "every 30m").next_sync < soon


class TestOwnSchedules:
    SOURCES = (
        Source("docs", "/docs"),
        Source("news", "/news", schedule="every 30m"),
        Source("law", "/law", schedule="off"),
    )

    def test_each_job_syncs_its_sources(self, make: Make, outcomes: Queue[object]):
        asked = []
        scheduler = make(lambda names: asked.append(names) or REPORT, sources=self.SOURCES)
        for job in ("sync", "sync:news"):
            run(scheduler, outcomes, job)
        scheduler.trigger_now()
        while asked[2:] != [()]:
            outcomes.get(timeout=WAIT)
        assert asked == [("docs",), ("news",), ()]

    def test_those_that_are_due_together_all_run(self, make: Make, outcomes: Queue[object]):
        names = [f"s{n}" for n in range(12)]
        asked, together = [], threading.Barrier(2)

        def sync(names: tuple[str, ...]) -> IngestReport:
            if not asked:
                together.wait(WAIT)  # until the others are due as well
            asked.append(names[0])
            return REPORT

        sources = [Source(name, f"/{name}", schedule="0 3 * * *") for name in names]
        scheduler = make(sync, sources=sources)
        for name in names:
            scheduler._scheduler.modify_job(f"sync:{name}", next_run_time=datetime.now(UTC))
        together.wait(WAIT)
        for _ in names:
            assert outcomes.get(timeout=WAIT) is REPORT
        assert sorted(asked) == sorted(names)

    def test_the_next_sync_is_the_first_of_all(self, make: Make, ledger: Ledger):
        scheduler = make(lambda _: REPORT, sources=self.SOURCES)
        assert scheduler.next_sync < datetime.now(UTC) + timedelta(minutes=31)
        assert ledger.next_sync() == scheduler.next_sync

    def test_where_each_has_its_own_the_other_schedule_is_idle(self, make: Make):
        scheduler = make(lambda _: REPORT, "* * * * *", sources=self.SOURCES[2:])
        assert scheduler.next_sync is None

    def test_a_schedule_that_makes_no_sense_is_named(self, make: Make):
        with pytest.raises(SettingsError, match="The schedule of news is not five cron fields"):
            make(lambda _: REPORT, sources=[Source("news", "/n", schedule="often")])


@pytest.mark.parametrize(
    ("text", "minutes"), [("every 30m", 30), ("Every 6h", 360), ("every 2d", 2880)]
)
def test_intervals(text: str, minutes: int):
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    trigger = parse_schedule(text, "UTC")
    assert trigger.get_next_fire_time(noon, noon) - noon == timedelta(minutes=minutes)


SPRING, AUTUMN = datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)


def firing(schedule: str, moment: datetime, count: int) -> list[datetime]:
    trigger = parse_schedule(schedule, "Europe/Berlin")
    fired = []
    for _ in range(count):
        moment = trigger.get_next_fire_time(moment, moment.astimezone(UTC) + timedelta(seconds=1))
        fired.append(moment.astimezone(ZoneInfo("Europe/Berlin")))
    return fired


@pytest.mark.parametrize("start", [SPRING, AUTUMN])
@pytest.mark.parametrize("schedule", ["30 2 * * *", "0 2 * * *", "0 3 * * *", "59 2 * * *"])
def test_once_a_day_when_the_clocks_change(schedule: str, start: datetime):
    # The hour from 2 to 3 is not there in spring, and there twice in autumn.
    fired = firing(schedule, start, 5)
    days = [one.toordinal() - fired[0].toordinal() for one in fired]
    assert days == [0, 1, 2, 3, 4] or (start == SPRING and days == [0, 1, 3, 4, 5])
    assert all(one.hour in {2, 3} for one in fired)


def test_a_frequent_schedule_goes_on_after_the_hour_that_comes_twice():
    fired = firing("*/10 * * * *", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 6)
    assert [f"{one:%H:%M}" for one in fired] == [
        "02:40",
        "02:50",
        "03:00",
        "03:10",
        "03:20",
        "03:30",
    ]
    assert fired == sorted(fired)


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
