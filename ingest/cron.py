"""The written schedule: five cron fields, an interval or `off`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rag_core.errors import SettingsError

_DEFAULT = "DOCENT_SYNC_SCHEDULE"
_EVERY = re.compile(r"every\s+([1-9][0-9]{0,4})\s*([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_VALUE = r"[0-9]{1,2}|[a-z]{3}"
_ITEM = re.compile(
    rf"(?:\*|(?P<first>{_VALUE})(?:-(?P<last>{_VALUE}))?)(?:/(?P<step>[0-9]{{1,2}}))?"
)
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days of January, February, ...


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five fields.

    Attributes:
        name: its name in errors.
        low: its lowest number.
        high: its highest number.
        names: names of its numbers, from the lowest.
    """

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def read_numbers(self, text: str) -> frozenset[int]:
        """Return the numbers that the text of this field stands for."""
        return frozenset(number for item in text.split(",") for number in self._read_item(item))

    def _read_item(self, text: str) -> range:
        item = _ITEM.fullmatch(text)
        if item is None:
            raise ValueError(f"the {self.name} can't be `{text}`")
        first, last = self._read_ends(item["first"], item["last"])
        if item["step"] and item["first"] and not item["last"]:
            last = self.high  # many crons read `5/15` as `5-59/15`
        if first > last:
            raise ValueError(f"`{text}` runs backwards")
        step = int(item["step"] or 1)
        if not 1 <= step <= self.high:
            raise ValueError(f"the step of `{text}` is not within 1-{self.high}")
        return range(first, last + 1, step)

    def _read_ends(self, first: str | None, last: str | None) -> tuple[int, int]:
        if first is None:
            return self.low, self.high
        start = self._read_number(first)
        end = self._read_number(last) if last else start
        # Sunday is at both ends of the week: `sat-sun`.
        return start, 7 if self is _WEEKDAY and end == 0 < start else end

    def _read_number(self, text: str) -> int:
        if text in self.names:
            return self.low + self.names.index(text)
        if not text.isdecimal() or not self.low <= int(text) <= self.high:
            raise ValueError(f"the {self.name} `{text}` is not within {self.low}-{self.high}")
        return int(text)


_MINUTE = _Field("minute", 0, 59)
_HOUR = _Field("hour", 0, 23)
_DAY = _Field("day of the month", 1, 31)
_MONTH = _Field(
    "month",
    1,
    12,
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
)
_WEEKDAY = _Field("day of the week", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat"))


@dataclass(frozen=True, slots=True)
class Cron:
    """The times of five cron fields, as crontab(5) defines them.

    Attributes:
        zone: the time zone of the fields.
        minutes: from 0 to 59.
        hours: from 0 to 23.
        days: days of the month, from 1.
        months: from 1 to 12.
        weekdays: days of the week, from 0 for Sunday.
        either: True if one of `days` and `weekdays` is enough, because neither field begins with
            an asterisk.
    """

    zone: ZoneInfo
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    @property
    def has_any_day(self) -> bool:
        """True if there is such a day in any year."""
        longest = max(_LONGEST[month - 1] for month in self.months)
        return self.either or min(self.days) <= longest

    def find_next(self, moment: datetime) -> datetime:
        """Return the first time at a moment or after it, in UTC.

        When the clocks change, a time that comes twice counts the first time only. A skipped time
        counts at the moment of the change, as in Vixie cron, unless the fields take every hour or
        every minute: those go on with the new time.
        """
        # Walk on by days, hours and minutes of the local clock until all fields match.
        # It begins a minute earlier, before the clocks change if they do so at this moment.
        minute = moment.replace(second=0, microsecond=0)
        if minute < moment:
            minute += timedelta(minutes=1)
        wall = self._read_clock(minute - timedelta(minutes=1)) + timedelta(minutes=1)
        while True:
            if not self._has_day(wall):
                wall = datetime.combine(wall + timedelta(days=1), time())
            elif wall.hour not in self.hours:
                wall = wall.replace(minute=0) + timedelta(hours=1)
            else:
                utc = self._resolve(wall) if wall.minute in self.minutes else None
                if utc is not None and utc >= moment:
                    return utc
                wall += timedelta(minutes=1)

    def _has_day(self, day: datetime) -> bool:
        matches = (day.day in self.days, day.isoweekday() % 7 in self.weekdays)
        return day.month in self.months and (any(matches) if self.either else all(matches))

    def _resolve(self, wall: datetime) -> datetime | None:
        """Return the moment of a local time; None if it never counts."""
        utc = wall.replace(tzinfo=self.zone).astimezone(UTC)
        if self._read_clock(utc) == wall:
            return utc
        if len(self.hours) == 24 or len(self.minutes) == 60:
            return None
        # The offset after the change leads to a moment before it: walk on to the change.
        utc = wall.replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        while self._read_clock(utc) < wall:
            utc += timedelta(minutes=1)
        return utc

    def _read_clock(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None, fold=0)


Schedule = Cron | timedelta
"""The times of syncs: those of cron fields, or an interval between them."""


def parse_schedule(schedule: str, timezone: str, *, of: str = _DEFAULT) -> Schedule | None:
    """Parse a written schedule; return None for `off`.

    Args:
        schedule: five cron fields, or `every 30m`, `every 6h`, `every 2d`, or `off`.
        timezone: the IANA name of the time zone.
        of: the subject of the sentence if there is an error.

    Returns:
        The times of the cron fields, or the interval.

    Raises:
        SettingsError: the schedule or the time zone is not valid, or the schedule never comes.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ValueError, KeyError, OSError) as error:
        raise SettingsError(f"DOCENT_TIMEZONE is not a time zone: {timezone}.") from error
    text = schedule.strip().lower()
    if text == "off":
        return None
    if every := _EVERY.fullmatch(text):
        return timedelta(**{_UNITS[every[2]]: int(every[1])})
    try:
        cron = _parse_cron(text, zone)
    except ValueError as error:
        raise SettingsError(
            f"{of} is not five cron fields, `every 30m` or `off`: {schedule} ({error})."
        ) from error
    if not cron.has_any_day:
        raise SettingsError(
            f"{of} is {schedule}, a day that never comes: choose a day that its months have."
        )
    return cron


def _parse_cron(text: str, zone: ZoneInfo) -> Cron:
    fields = text.split()
    if len(fields) != 5:
        raise ValueError(f"five fields are needed, not {len(fields)}")
    minute, hour, day, month, weekday = fields
    return Cron(
        zone,
        minutes=_MINUTE.read_numbers(minute),
        hours=_HOUR.read_numbers(hour),
        days=_DAY.read_numbers(day),
        months=_MONTH.read_numbers(month),
        weekdays=frozenset(number % 7 for number in _WEEKDAY.read_numbers(weekday)),
        # As in Vixie cron: `*/2` begins with an asterisk as well.
        either=not day.startswith("*") and not weekday.startswith("*"),
    )
