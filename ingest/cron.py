"""Cron: a schedule in words becomes a trigger of APScheduler."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from rag_core.errors import SettingsError

_DEFAULT = "DOCENT_SYNC_SCHEDULE"


_EVERY = re.compile(r"every\s+([1-9]\d{0,4})\s*([mhd])")


_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class _Cron(CronTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Runs once where an hour comes twice.

    In that hour APScheduler 3.11 finds the same moment again and again, and never ends.
    """

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """The next moment after the previous one; none in an hour that comes a second time."""
        found: datetime | None = super().get_next_fire_time(previous_fire_time, now)
        while found is not None and found.fold:
            later = (found.astimezone(UTC) + timedelta(minutes=1)).astimezone(self.timezone)
            found = later if later.fold else super().get_next_fire_time(None, later)
        return found


def parse_schedule(schedule: str, timezone: str, *, of: str = _DEFAULT) -> BaseTrigger | None:
    """The trigger of a schedule in a time zone; None for `off`.

    A schedule is five cron fields, or `every 30m`, `every 6h`, `every 2d`.

    Raises:
        SettingsError: names what makes no sense.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ValueError, KeyError, OSError) as error:
        raise SettingsError(f"DOCENT_TIMEZONE is not a time zone: {timezone}.") from error
    text = schedule.strip().lower()
    if text == "off":
        return None
    if every := _EVERY.fullmatch(text):
        return IntervalTrigger(**{_UNITS[every[2]]: int(every[1])}, timezone=zone)
    try:
        *fields, weekday = schedule.split()
        return _Cron.from_crontab(" ".join([*fields, _weekdays(weekday)]), timezone=zone)
    except ValueError as error:
        raise SettingsError(
            f"{of} is not five cron fields, `every 30m` or `off`: {schedule} ({error})."
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
