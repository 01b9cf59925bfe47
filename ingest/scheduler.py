"""The schedule: APScheduler runs the syncs in this process, one at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from ingest.cron import Cron, Schedule, parse_schedule
from ingest.errors import IndexPinnedError, SourceError, SyncRunningError
from ingest.report import IngestReport
from ingest.settings import IngestSettings
from ingest.sources import Source
from ingest.state.jobs import JobStore, SyncAlert
from ingest.state.ledger import Ledger
from rag_core.errors import DocentError

logger = logging.getLogger(__name__)

GRACE = timedelta(hours=1)
"""A missed run is made up for within this time."""

RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""Pauses before docent tries again to read a source."""

_ALL = "sync"
_WHOLE = "*"  # the subject of a problem that is not about one source

Sync = Callable[[tuple[str, ...]], IngestReport]
"""A blocking sync of the configured sources with these names, or of all for no names."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A schedule and the names of the sources that it syncs; no names for all sources."""

    name: str
    schedule: str
    sources: tuple[str, ...]
    trigger: BaseTrigger | None


class _CronTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """A trigger at the times of cron fields.

    APScheduler's own trigger combines the two fields of days differently from cron, and loses a
    day when the clocks change.
    """

    def __init__(self, cron: Cron) -> None:
        self._cron = cron

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """Return the next time after the previous one or from now on."""
        if previous_fire_time is None:
            return self._cron.find_next(now)
        return self._cron.find_next(previous_fire_time.astimezone(UTC) + datetime.resolution)


def _ignore(_: object) -> bool:
    """Do nothing, and accept the report or the alert."""
    return True


def _read_clock() -> datetime:
    return datetime.now(UTC)


class SyncScheduler:
    """The scheduler of syncs; it also starts a sync on request.

    Args:
        sync: does the work; it is called on a thread of its own.
        ledger: records when each job ran and runs next.
        settings: `DOCENT_SYNC_SCHEDULE` and `DOCENT_TIMEZONE`.
        sources: the sources of the settings; each with its own schedule gets its own job.
        on_report: gets the report of every successful sync, on that thread.
        on_alert: gets each new problem once, and once the message that all are over, on that
            thread. It returns False if the alert reached no one; then it gets the alert again
            after the next run.
        now: reads the clock.

    Raises:
        SettingsError: a schedule or the time zone is not valid.
    """

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        sync: Sync,
        ledger: Ledger,
        settings: IngestSettings,
        *,
        sources: Sequence[Source] = (),
        on_report: Callable[[IngestReport], object] = _ignore,
        on_alert: Callable[[SyncAlert], bool] = _ignore,
        now: Callable[[], datetime] = _read_clock,
    ) -> None:
        self._sync = sync
        self._store = JobStore(ledger)
        self._jobs = {job.name: job for job in _build_jobs(settings, sources)}
        self._on_report = on_report
        self._on_alert = on_alert
        self._now = now
        self._failed = dict.fromkeys(self._jobs, 0)
        self._busy = threading.Lock()
        self._closing = False
        # Jobs live in memory: with a shared job store, two processes would run each job.
        # Each job may wait for its turn while its retry waits as well.
        threads = ThreadPoolExecutor(2 * len(self._jobs))
        self._scheduler = BackgroundScheduler(timezone=UTC, executors={"default": threads})

    def start(self) -> None:
        """Start the schedule; make up for a recently missed run."""
        self._store.keep_only(list(self._jobs))
        for job in self._jobs.values():
            if job.trigger is not None:
                self._add_job(job, job.trigger)
        self._scheduler.start()
        for job in self._jobs.values():
            self._store.record_next_run(job.name, job.schedule, self._find_next_run(job))

    def shutdown(self, *, wait: bool = True) -> None:
        """Stop the schedule and drop planned retries.

        No sync starts any more. A running sync is waited for, unless `wait` is False.
        """
        self._closing = True
        if self._scheduler.running:
            # APScheduler would wait holding a lock that the job needs to find its next run.
            self._scheduler.shutdown(wait=False)
        if wait:
            with self._busy:
                pass

    @property
    def next_sync(self) -> datetime | None:
        """The time when the next sync starts; None if the schedule is off."""
        times = [self._find_next_run(job) for job in self._jobs.values()]
        return min((time for time in times if time), default=None)

    def trigger_now(self) -> None:
        """Start a sync of all sources, and return at once.

        The callbacks get the result. After `shutdown`, no sync starts.

        Raises:
            SyncRunningError: a sync is running.
        """
        if not self._busy.acquire(blocking=False):
            raise SyncRunningError("A sync is already running: wait until it is done.")
        try:
            # APScheduler drops a job that it has not begun at shutdown; then the lock would never
            # be released. So the sync gets a thread of its own.
            threading.Thread(target=self._run_and_release, args=(_ALL, True)).start()
        except BaseException:
            self._busy.release()
            raise

    def _add_job(self, job: _Job, trigger: BaseTrigger) -> None:
        # Without a time, leave the argument out: None would pause the job.
        first = self._find_first_run(job, trigger)
        self._scheduler.add_job(
            self._run_scheduled,
            trigger,
            args=[job.name],
            id=job.name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=int(GRACE.total_seconds()),
            **({"next_run_time": first} if first else {}),
        )

    def _find_first_run(self, job: _Job, trigger: BaseTrigger) -> datetime | None:
        """Return the first run if it differs from the trigger's next time."""
        state, now = self._store.read(job.name), self._now()
        if state is None or state.next_run is None or state.schedule != job.schedule:
            return None
        # A run that was missed while docent was down starts now.
        if now - GRACE <= state.next_run <= now:
            logger.info("A sync that was due at %s was missed and runs now.", state.next_run)
            return now
        # An interval goes on from before the restart, instead of beginning anew.
        is_interval = isinstance(trigger, IntervalTrigger)
        is_ahead = is_interval and now < state.next_run <= now + trigger.interval
        return state.next_run if is_ahead else None

    def _run_scheduled(self, name: str) -> None:
        """Run a job, after any other job that is due now."""
        self._busy.acquire()
        self._run_and_release(name)

    def _run_and_release(self, name: str, everything: bool = False) -> None:  # noqa: FBT001, FBT002
        try:
            if self._closing:
                return
            job = self._jobs[name]
            self._run(job, () if everything else job.sources)
        except Exception:
            logger.exception("The outcome of a sync could not be recorded or reported.")
        finally:
            self._busy.release()

    def _run(self, job: _Job, sources: tuple[str, ...]) -> None:
        """Run one sync; record and report its outcome."""
        try:
            report = self._sync(sources)
        except (SyncRunningError, IndexPinnedError) as error:
            logger.info("The sync is skipped: %s", error)
            self._record_end(job, None)
        except Exception as error:
            if isinstance(error, DocentError):
                logger.warning("The sync failed: %s", error)
            else:
                logger.exception("The sync failed.")
            self._record_failure(job, error)
        else:
            logger.info("The sync is done: revision %s.", report.revision)
            self._record_success(job, report)
            self._on_report(report)

    def _record_failure(self, job: _Job, error: Exception) -> None:
        text = str(error) if isinstance(error, DocentError) else type(error).__name__
        has_retry = isinstance(error, SourceError) and self._plan_retry(job)
        self._record_end(job, None if has_retry else {_WHOLE: f"The sync failed: {text}"})

    def _record_success(self, job: _Job, report: IngestReport) -> None:
        has_retry = bool(report.unread) and self._plan_retry(job)
        if not report.unread:
            self._failed[job.name] = 0
        self._record_end(job, None if has_retry else _list_unread(report))

    def _record_end(self, job: _Job, problems: Mapping[str, str] | None) -> None:
        """Record the run, and report new problems or that all are over.

        Nothing is reported if `problems` is None, because a retry follows.
        """
        due = self._find_next_run(job)
        if self._closing:  # APScheduler may have forgotten its jobs by now
            state = self._store.read(job.name)
            due = state.next_run if state else None
        self._store.record_run(job.name, job.schedule, ended=self._now(), due=due)
        if problems is None or self._closing:
            return
        alert = self._store.build_alert(job.name, job.schedule, problems)
        if alert is None or self._on_alert(alert):
            self._store.record_reported(job.name, job.schedule, problems)

    def _plan_retry(self, job: _Job) -> bool:
        """Plan a retry before the next run; return False after enough."""
        attempt = self._failed[job.name]
        due = self._now() + RETRIES[min(attempt, len(RETRIES) - 1)]
        following = self._find_next_run(job)
        if self._closing or attempt >= len(RETRIES) or (following and following <= due):
            self._failed[job.name] = 0
            return False
        self._failed[job.name] = attempt + 1
        logger.info("A source could not be read; the next try is at %s.", due)
        self._scheduler.add_job(
            self._run_scheduled,
            "date",
            run_date=due,
            args=[job.name],
            id=f"retry:{job.name}",
            replace_existing=True,
            misfire_grace_time=int(GRACE.total_seconds()),
        )
        return True

    def _find_next_run(self, job: _Job) -> datetime | None:
        planned = self._scheduler.get_job(job.name)
        return planned.next_run_time.astimezone(UTC) if planned and planned.next_run_time else None


def _list_unread(report: IngestReport) -> dict[str, str]:
    """Return a sentence for each unread source, by its name."""
    lines = {line.partition(":")[0]: line for line in report.failures}
    return {name: lines.get(name, f"{name} could not be read") for name in report.unread}


def _build_jobs(settings: IngestSettings, sources: Sequence[Source]) -> list[_Job]:
    """Build the default job, and one for each source with a schedule."""
    zone = settings.timezone
    scheduled = [source for source in sources if source.schedule]
    others = tuple(source.name for source in sources if not source.schedule) if scheduled else ()
    default = _build_trigger(parse_schedule(settings.sync_schedule, zone))
    # If each source has its own schedule, the default job has nothing to do.
    trigger = default if others or not scheduled else None
    jobs = [_Job(_ALL, settings.sync_schedule, others, trigger)]
    for source in scheduled:
        schedule = parse_schedule(source.schedule, zone, of=f"The schedule of {source.name}")
        trigger = _build_trigger(schedule)
        jobs.append(_Job(f"sync:{source.name}", source.schedule, (source.name,), trigger))
    return jobs


def _build_trigger(schedule: Schedule | None) -> BaseTrigger | None:
    if isinstance(schedule, timedelta):
        return IntervalTrigger(seconds=int(schedule.total_seconds()), timezone=UTC)
    return None if schedule is None else _CronTrigger(schedule)
