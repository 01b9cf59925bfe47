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
"""A run that was missed is made up for within this time."""

RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""Pauses before a source that could not be read is tried again."""

_ALL = "sync"
_WHOLE = "*"  # what a problem is about that is not of one source

Sync = Callable[[tuple[str, ...]], IngestReport]
"""Syncs the configured sources of these names, all of them for none; blocks."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A schedule and the sources that it syncs; no sources for all of them."""

    name: str
    schedule: str
    sources: tuple[str, ...]
    trigger: BaseTrigger | None


class _CronTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Runs at the times of cron fields.

    APScheduler's own combines the two fields of days in another way than cron does, and loses
    a day when the clocks change.
    """

    def __init__(self, cron: Cron) -> None:
        self._cron = cron

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """Return the first time after the previous one, or from now on without one."""
        if previous_fire_time is None:
            return self._cron.find_next(now)
        return self._cron.find_next(previous_fire_time.astimezone(UTC) + datetime.resolution)


def _ignore(_: object) -> bool:
    """Do nothing: nobody wants to know."""
    return True


def _read_clock() -> datetime:
    return datetime.now(UTC)


class SyncScheduler:
    """Runs syncs on their schedules and on request.

    Args:
        sync: does the work; it is called on a thread of its own.
        ledger: remembers when each job ran and runs next.
        settings: `DOCENT_SYNC_SCHEDULE` and `DOCENT_TIMEZONE`.
        sources: the sources of the settings; each with its own schedule has its own job.
        on_report: gets the report of every sync that went well, on that thread.
        on_trouble: hears once of what goes wrong, and once that it is over, on that thread. It
            returns whether that reached anybody; if not, it hears it again after the next run.
        now: reads the clock.

    Raises:
        SettingsError: a schedule or the time zone makes no sense.
    """

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        sync: Sync,
        ledger: Ledger,
        settings: IngestSettings,
        *,
        sources: Sequence[Source] = (),
        on_report: Callable[[IngestReport], object] = _ignore,
        on_trouble: Callable[[SyncAlert], bool] = _ignore,
        now: Callable[[], datetime] = _read_clock,
    ) -> None:
        self._sync = sync
        self._store = JobStore(ledger)
        self._jobs = {job.name: job for job in _build_jobs(settings, sources)}
        self._on_report = on_report
        self._on_trouble = on_trouble
        self._now = now
        self._failed = dict.fromkeys(self._jobs, 0)
        self._busy = threading.Lock()
        self._closing = False
        # Jobs live in memory: a job store shared by two processes would fire twice.
        # Each may wait for its turn, and its retry beside it.
        threads = ThreadPoolExecutor(2 * len(self._jobs))
        self._scheduler = BackgroundScheduler(timezone=UTC, executors={"default": threads})

    def start(self) -> None:
        """Start the schedule. A run that was missed by less than an hour starts at once."""
        self._store.keep_only(list(self._jobs))
        for job in self._jobs.values():
            if job.trigger is not None:
                self._add_job(job, job.trigger)
        self._scheduler.start()
        for job in self._jobs.values():
            self._store.record_next_run(job.name, job.schedule, self._find_next_run(job))

    def shutdown(self, *, wait: bool = True) -> None:
        """Stop: no sync starts any more, and a retry that was planned is forgotten.

        A sync at work is waited for, unless `wait` is False.
        """
        self._closing = True
        if self._scheduler.running:
            # APScheduler waits with a lock in its hand that the job needs to find its next run.
            self._scheduler.shutdown(wait=False)
        if wait:
            with self._busy:
                pass

    @property
    def next_sync(self) -> datetime | None:
        """The time when the next sync starts; None where the schedule is off."""
        times = [self._find_next_run(job) for job in self._jobs.values()]
        return min((time for time in times if time), default=None)

    def trigger_now(self) -> None:
        """Start a sync of everything and return; the callbacks tell how it went.

        Once the schedule is shut down, nothing starts.

        Raises:
            SyncRunningError: a sync is at work.
        """
        if not self._busy.acquire(blocking=False):
            raise SyncRunningError("A sync is already running: wait until it is done.")
        try:
            # A thread of its own: APScheduler drops a job that it has not begun at shutdown, and
            # the lock would never be released.
            threading.Thread(target=self._run_and_release, args=(_ALL, True)).start()
        except BaseException:
            self._busy.release()
            raise

    def _add_job(self, job: _Job, trigger: BaseTrigger) -> None:
        # A time is only handed over where there is one: None would pause the job.
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
        """Return the first run where it is not simply the trigger's next time."""
        known, now = self._store.read(job.name), self._now()
        if known is None or known.next_run is None or known.schedule != job.schedule:
            return None
        if now - GRACE <= known.next_run <= now:
            logger.info("A sync that was due at %s is made up for.", known.next_run)
            return now
        is_interval = isinstance(trigger, IntervalTrigger)
        ahead = is_interval and now < known.next_run <= now + trigger.interval
        return known.next_run if ahead else None

    def _run_scheduled(self, name: str) -> None:
        """Run a job; of two that are due together, the second waits for its turn."""
        self._busy.acquire()
        self._run_and_release(name)

    def _run_and_release(self, name: str, everything: bool = False) -> None:  # noqa: FBT001, FBT002
        try:
            if self._closing:
                return
            job = self._jobs[name]
            self._run(job, () if everything else job.sources)
        except Exception:
            logger.exception("The outcome of a sync could not be kept or told.")
        finally:
            self._busy.release()

    def _run(self, job: _Job, sources: tuple[str, ...]) -> None:
        """Run one sync, and keep and tell its outcome, whatever it is."""
        try:
            report = self._sync(sources)
        except (SyncRunningError, IndexPinnedError) as error:
            logger.info("The sync is left out: %s", error)
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
        says = str(error) if isinstance(error, DocentError) else type(error).__name__
        again = isinstance(error, SourceError) and self._plan_retry(job)
        self._record_end(job, None if again else {_WHOLE: f"The sync failed: {says}"})

    def _record_success(self, job: _Job, report: IngestReport) -> None:
        again = bool(report.unread) and self._plan_retry(job)
        if not report.unread:
            self._failed[job.name] = 0
        self._record_end(job, None if again else _list_unread(report))

    def _record_end(self, job: _Job, problems: Mapping[str, str] | None) -> None:
        """Remember the run, and tell what is newly wrong, or that nothing is any more."""
        due = self._find_next_run(job)
        if self._closing:  # APScheduler may have forgotten its jobs by now
            known = self._store.read(job.name)
            due = known.next_run if known else None
        self._store.record_run(job.name, job.schedule, ended=self._now(), due=due)
        if problems is None or self._closing:
            return
        trouble = self._store.build_alert(job.name, job.schedule, problems)
        if trouble is None or self._on_trouble(trouble):
            self._store.record_reported(job.name, job.schedule, problems)

    def _plan_retry(self, job: _Job) -> bool:
        """Plan another try before the next run; return False where there were enough."""
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
        found = self._scheduler.get_job(job.name)
        return found.next_run_time.astimezone(UTC) if found and found.next_run_time else None


def _list_unread(report: IngestReport) -> dict[str, str]:
    """Return a sentence for each source that could not be read, by its name."""
    lines = {line.partition(":")[0]: line for line in report.failures}
    return {name: lines.get(name, f"{name} could not be read") for name in report.unread}


def _build_jobs(settings: IngestSettings, sources: Sequence[Source]) -> list[_Job]:
    """Return a job for all sources, and one for each that has a schedule of its own."""
    zone = settings.timezone
    own = [source for source in sources if source.schedule]
    others = tuple(source.name for source in sources if not source.schedule) if own else ()
    default = _build_trigger(parse_schedule(settings.sync_schedule, zone))
    # Where each source has its own, the default one has nothing to do.
    trigger = default if others or not own else None
    jobs = [_Job(_ALL, settings.sync_schedule, others, trigger)]
    for source in own:
        schedule = parse_schedule(source.schedule, zone, of=f"The schedule of {source.name}")
        trigger = _build_trigger(schedule)
        jobs.append(_Job(f"sync:{source.name}", source.schedule, (source.name,), trigger))
    return jobs


def _build_trigger(schedule: Schedule | None) -> BaseTrigger | None:
    if isinstance(schedule, timedelta):
        return IntervalTrigger(seconds=int(schedule.total_seconds()), timezone=UTC)
    return None if schedule is None else _CronTrigger(schedule)
