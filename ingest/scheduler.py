"""The schedule: APScheduler runs the sync in this process, one at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from ingest.errors import SyncRunningError
from ingest.ledger import Ledger
from ingest.report import IngestReport
from ingest.settings import IngestSettings
from rag_core.errors import DocentError, SettingsError

logger = logging.getLogger(__name__)

_JOB = "sync"
_GRACE_SECONDS = 3600
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def _ignore(_: object) -> None:
    """Nobody wants to know."""


class SyncScheduler:
    """Runs a sync on the schedule and on request.

    Args:
        sync: does the work; called on a thread of the scheduler.
        ledger: remembers when the next sync is due.
        settings: `DOCENT_SYNC_SCHEDULE` and `DOCENT_TIMEZONE`.
        on_report: told of every sync that went well, on that thread.
        on_failure: told of every one that did not, on that thread.

    Raises:
        SettingsError: schedule or time zone make no sense.
    """

    def __init__(
        self,
        sync: Callable[[], IngestReport],
        ledger: Ledger,
        settings: IngestSettings,
        *,
        on_report: Callable[[IngestReport], None] = _ignore,
        on_failure: Callable[[Exception], None] = _ignore,
    ) -> None:
        self._sync = sync
        self._ledger = ledger
        self._trigger = parse_schedule(settings.sync_schedule, settings.timezone)
        self._on_report = on_report
        self._on_failure = on_failure
        self._busy = threading.Lock()
        # Jobs live in memory: a job store shared by two processes would fire twice.
        self._scheduler = BackgroundScheduler(timezone=UTC)

    def start(self) -> None:
        """Start the schedule; nothing runs before its time comes."""
        if self._trigger is not None:
            self._scheduler.add_job(
                self._scheduled,
                self._trigger,
                id=_JOB,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=_GRACE_SECONDS,
            )
        self._scheduler.start()
        self._remember_next()

    def shutdown(self, *, wait: bool = True) -> None:
        """Stop; a sync at work is waited for unless told otherwise."""
        # APScheduler waits with a lock in its hand that the job needs to look up its next run.
        self._scheduler.shutdown(wait=False)
        if wait:
            with self._busy:
                pass

    @property
    def next_sync(self) -> datetime | None:
        """When the schedule starts the next sync; None where it is off."""
        job = self._scheduler.get_job(_JOB)
        return job.next_run_time.astimezone(UTC) if job and job.next_run_time else None

    def trigger_now(self) -> None:
        """Start a sync right away and return; the callbacks tell how it went.

        Raises:
            SyncRunningError: one is at work.
        """
        if not self._busy.acquire(blocking=False):
            raise SyncRunningError("A sync is running already: wait until it is done.")
        try:
            self._scheduler.add_job(self._run_and_release, misfire_grace_time=None)
        except BaseException:
            self._busy.release()
            raise

    def _scheduled(self) -> None:
        if not self._busy.acquire(blocking=False):
            logger.info("The scheduled sync is left out: one is running.")
            return
        self._run_and_release()

    def _run_and_release(self) -> None:
        try:
            self._run()
        finally:
            self._busy.release()

    def _run(self) -> None:
        """One sync. A thread has nobody above it to catch errors: this is the outermost edge."""
        try:
            report = self._sync()
        except Exception as error:
            if isinstance(error, DocentError):
                logger.warning("The sync failed: %s", error)
            else:
                logger.exception("The sync failed.")
            self._remember_next()
            self._on_failure(error)
        else:
            logger.info("The sync is done: revision %s.", report.revision)
            self._remember_next()
            self._on_report(report)

    def _remember_next(self) -> None:
        self._ledger.remember_next_sync(self.next_sync)


def parse_schedule(schedule: str, timezone: str) -> CronTrigger | None:
    """The trigger of five cron fields in a time zone; None for `off`.

    Raises:
        SettingsError: names the variable that makes no sense.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ValueError, KeyError, OSError) as error:
        raise SettingsError(f"DOCENT_TIMEZONE is not a time zone: {timezone}.") from error
    if schedule.strip().lower() == "off":
        return None
    try:
        *fields, weekday = schedule.split()
        return CronTrigger.from_crontab(" ".join([*fields, _weekdays(weekday)]), timezone=zone)
    except ValueError as error:
        raise SettingsError(
            f"DOCENT_SYNC_SCHEDULE is not five cron fields or `off`: {schedule} ({error})."
        ) from error


def _weekdays(field: str) -> str:
    """Cron counts weekdays from Sunday, APScheduler 3 from Monday: numbers become names."""
    return ",".join(day for part in field.split(",") for day in _named_days(part))


def _named_days(part: str) -> list[str]:
    days, _, step = part.partition("/")
    first, _, last = days.partition("-")
    if not first.isdecimal() or not (last or "0").isdecimal() or not (step or "1").isdecimal():
        return [part]
    end = int(last) if last else (6 if step else int(first))
    if not 0 <= int(first) <= end <= 7:
        raise ValueError(f"weekdays {part} are not within 0-7")
    return [_WEEKDAYS[day % 7] for day in range(int(first), end + 1, int(step or 1))]
