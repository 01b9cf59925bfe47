from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from queue import Queue

import pytest

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
from ingest.state.jobs import JobState, JobStore, SyncAlert
from ingest.state.ledger import Ledger
from rag_core.errors import SettingsError

REPORT = IngestReport(1, 2, 1, 0, 0, 2, 0, 0.5, "abcdef01")
WAIT = 20  # seconds until a thread that never answers fails the test

EVERY_NIGHT = "0 3 * * *"
LEAP_DAY = "0 3 29 2 *"  # of cron fields, and not due while the tests run

Make = Callable[..., SyncScheduler]


@pytest.fixture
def outcomes() -> Queue[object]:
    return Queue()


@pytest.fixture
def make(ledger: Ledger, outcomes: Queue[object]) -> Iterator[Make]:
    made: list[SyncScheduler] = []

    def make(sync: Sync, schedule: str = LEAP_DAY, **more: object) -> SyncScheduler:
        scheduler = SyncScheduler(
            sync,
            ledger,
            IngestSettings(sync_schedule=schedule, timezone="Europe/Berlin"),
            on_report=outcomes.put,
            **{"on_alert": lambda alert: not outcomes.put(alert), **more},
        )
        scheduler.start()
        made.append(scheduler)
        return scheduler

    yield make
    for scheduler in made:
        scheduler.shutdown()


def run(scheduler: SyncScheduler, outcomes: Queue[object], job: str = "sync") -> None:
    """One run as the schedule does it, on this thread."""
    scheduler._run_scheduled(job)
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
    assert said in trouble.text
    assert not trouble.resolved
    run(scheduler, outcomes)
    assert told(outcomes) == []
    run(scheduler, outcomes)
    assert told(outcomes) == [SyncAlert("Syncing works again.", resolved=True)]
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
    said = [trouble.text for trouble in told(outcomes) + told(outcomes)]
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
        on_alert=lambda alert: outcomes.put(alert.text) or reached.pop(0),
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
    assert "docs" in trouble.text


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


def test_an_outcome_that_cannot_be_told_is_logged(
    make: Make, outcomes: Queue[object], caplog: pytest.LogCaptureFixture
):
    broken = make(failing([StateError("Full.")]), on_alert=lambda _: {}["channel"])
    run(broken, outcomes)
    [record] = [one for one in caplog.records if one.exc_info]
    assert record.getMessage() == "The outcome of a sync could not be recorded or reported."
    assert record.exc_info[0] is KeyError


def test_the_next_sync_is_remembered(make: Make, ledger: Ledger):
    scheduler = make(lambda _: REPORT)
    assert scheduler.next_sync is not None
    assert ledger.read_next_sync_time() == scheduler.next_sync


def test_off(make: Make, ledger: Ledger, outcomes: Queue[object]):
    make(lambda _: REPORT)
    scheduler = make(lambda _: REPORT, "off")
    assert scheduler.next_sync is None
    assert ledger.read_next_sync_time() is None
    scheduler.trigger_now()
    assert outcomes.get(timeout=WAIT) is REPORT


def test_the_trigger_goes_from_one_time_of_the_cron_fields_to_the_next(make: Make):
    trigger = make(lambda _: REPORT, EVERY_NIGHT)._scheduler.get_job("sync").trigger
    first = datetime(2026, 7, 1, 1, tzinfo=UTC)  # 3 o'clock in Berlin
    late = first + timedelta(days=9)
    assert trigger.get_next_fire_time(None, first) == first
    assert trigger.get_next_fire_time(first, late) == first + timedelta(days=1)


class TestShutdown:
    @pytest.fixture
    def scheduler(self, ledger: Ledger, outcomes: Queue[object]) -> SyncScheduler:
        """One that nothing shuts down at the end: a test that fails would wait for ever."""
        made = SyncScheduler(lambda _: outcomes.put("sync") or REPORT, ledger, IngestSettings())
        made.start()
        return made

    def ends(self, *steps: Callable[[], None]) -> bool:
        work = threading.Thread(target=lambda: [step() for step in steps], daemon=True)
        work.start()
        work.join(WAIT)
        return not work.is_alive()

    def test_a_sync_that_was_just_asked_for_does_not_hold_it_up(self, scheduler: SyncScheduler):
        scheduler._scheduler.pause()  # APScheduler gets to no job any more
        scheduler.trigger_now()
        assert self.ends(scheduler.shutdown)

    def test_nothing_starts_after_it(self, scheduler: SyncScheduler, outcomes: Queue[object]):
        again = (scheduler.trigger_now, scheduler.shutdown)  # which waits for it
        assert self.ends(scheduler.shutdown, *again, lambda: scheduler._run_scheduled("sync"))
        assert outcomes.empty()

    def test_a_sync_at_work_is_waited_for(self, make: Make, outcomes: Queue[object]):
        started, finish = threading.Event(), threading.Event()

        def sync(_names: tuple[str, ...]) -> IngestReport:
            started.set()
            assert finish.wait(WAIT)
            return REPORT

        scheduler = make(sync)
        scheduler.trigger_now()
        assert started.wait(WAIT)
        stopping = threading.Thread(target=lambda: (scheduler.shutdown(), outcomes.put("stopped")))
        stopping.start()
        finish.set()
        assert [outcomes.get(timeout=WAIT) for _ in range(2)] == [REPORT, "stopped"]

    def test_what_was_due_stays_due(self, make: Make, ledger: Ledger, outcomes: Queue[object]):
        scheduler = make(lambda _: scheduler.shutdown(wait=False) or REPORT)
        due = scheduler.next_sync
        run(scheduler, outcomes)
        assert ledger.read_next_sync_time() == due

    def test_a_retry_that_was_planned_is_forgotten(self, make: Make, outcomes: Queue[object]):
        scheduler = make(failing([DownloadError("docs can't be downloaded now.")]))
        run(scheduler, outcomes)
        assert scheduler._scheduler.get_job("retry:sync") is not None
        scheduler.shutdown()
        assert scheduler._scheduler.get_job("retry:sync") is None


class TestAfterAPause:
    @pytest.mark.parametrize(
        ("minutes", "runs"), [(5, True), (59, True), (61, False), (-30, False)]
    )
    def test_a_run_that_was_missed_lately_is_made_up_for(
        self, make: Make, ledger: Ledger, outcomes: Queue[object], minutes: int, runs: bool
    ):
        due = datetime.now(UTC) - timedelta(minutes=minutes)
        JobStore(ledger).write("sync", JobState(LEAP_DAY, next_run=due))
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

        sources = [Source(name, f"/{name}", schedule=LEAP_DAY) for name in names]
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
        assert ledger.read_next_sync_time() == scheduler.next_sync

    def test_where_each_has_its_own_the_other_schedule_is_idle(self, make: Make):
        scheduler = make(lambda _: REPORT, "* * * * *", sources=self.SOURCES[2:])
        assert scheduler.next_sync is None

    def test_a_schedule_that_makes_no_sense_is_named(self, make: Make):
        with pytest.raises(SettingsError, match="The schedule of news is not five cron fields"):
            make(lambda _: REPORT, sources=[Source("news", "/n", schedule="often")])
