from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise, takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.cron import Cron, parse_schedule
from rag_core.errors import SettingsError

WEDNESDAY = datetime(2026, 7, 1, tzinfo=UTC)
SPRING, AUTUMN = datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def cron(schedule: str, timezone: str = "UTC") -> Cron:
    parsed = parse_schedule(schedule, timezone)
    assert isinstance(parsed, Cron)
    return parsed


def times(schedule: str, moment: datetime, timezone: str = "UTC") -> Iterator[datetime]:
    """All times from a moment on, on the clocks of the time zone."""
    fields = cron(schedule, timezone)
    while True:
        found = fields.find_next(moment)
        assert found.tzinfo is UTC
        yield found.astimezone(ZoneInfo(timezone))
        moment = found + timedelta(seconds=1)


def days(schedule: str, count: int, moment: datetime = WEDNESDAY) -> list[str]:
    return [f"{time:%m-%d}" for time in islice(times(schedule, moment), count)]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("every 30m", 30), ("Every 6h", 360), ("every 2d", 2880), (" every 1 m ", 1)],
)
def test_intervals(text: str, minutes: int):
    assert parse_schedule(text, "UTC") == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["off", " OFF "])
def test_off(text: str):
    assert parse_schedule(text, "UTC") is None


class TestDays:
    @pytest.mark.parametrize(
        ("weekday", "day"),
        [("0", 5), ("7", 5), ("1", 6), ("sun", 5), ("1-5", 1), ("5,6", 3), ("*/6", 4), ("6-7", 4)],
    )
    def test_weekdays_count_from_sunday(self, weekday: str, day: int):
        assert next(times(f"0 3 * * {weekday}", WEDNESDAY)).day == day

    @pytest.mark.parametrize(
        ("weekdays", "numbers"),
        [
            ("*/2", {0, 2, 4, 6}),
            ("*/7", {0}),
            ("0-7", {0, 1, 2, 3, 4, 5, 6}),
            ("5-7", {5, 6, 0}),
            ("1-7/3", {1, 4, 0}),
            ("MON-fri", {1, 2, 3, 4, 5}),
            ("sat-sun", {6, 0}),
            ("sun-tue", {0, 1, 2}),
            ("0-0", {0}),
            ("sun,3,5-6", {0, 3, 5, 6}),
        ],
    )
    def test_lists_ranges_steps_and_names_of_weekdays(self, weekdays: str, numbers: set[int]):
        assert cron(f"0 3 * * {weekdays}").weekdays == numbers

    @pytest.mark.parametrize(
        ("months", "numbers"),
        [("jan-mar", {1, 2, 3}), ("DEC", {12}), ("*/5", {1, 6, 11}), ("feb,6-12/3", {2, 6, 9, 12})],
    )
    def test_months(self, months: str, numbers: set[int]):
        assert cron(f"0 3 1 {months} *").months == numbers

    def test_a_day_of_the_month_or_of_the_week_where_both_are_restricted(self):
        assert days("0 3 1 * 1", 6) == ["07-01", "07-06", "07-13", "07-20", "07-27", "08-01"]

    @pytest.mark.parametrize(
        ("schedule", "expected"),
        [
            ("0 3 */2 * 1", ["07-13", "07-27", "08-03"]),
            ("0 3 1-7 * */6", ["07-04", "07-05", "08-01"]),
            ("0 3 * * 1", ["07-06", "07-13", "07-20"]),
            ("0 3 9 * *", ["07-09", "08-09", "09-09"]),
        ],
    )
    def test_both_where_one_begins_with_an_asterisk(self, schedule: str, expected: list[str]):
        assert days(schedule, 3) == expected

    def test_the_29th_of_february_comes_in_leap_years(self):
        assert [time.year for time in islice(times("0 0 29 2 *", WEDNESDAY), 2)] == [2028, 2032]

    def test_a_day_that_never_comes_may_be_joined_by_a_weekday(self):
        assert next(times("0 3 31 2 1", WEDNESDAY)).isoformat() == "2027-02-01T03:00:00+00:00"

    @pytest.mark.parametrize("fields", ["31 2 *", "30 2 *", "31 4,jun *", "30-31 2 */2"])
    def test_a_day_that_never_comes_is_refused(self, fields: str):
        with pytest.raises(SettingsError) as caught:
            parse_schedule(f"0 3 {fields}", "UTC")
        assert str(caught.value) == (
            f"DOCENT_SYNC_SCHEDULE is 0 3 {fields}, a day that never comes: "
            "choose a day that its months have."
        )


class Example(NamedTuple):
    """The text of a field, and the numbers that the manual page gives it."""

    text: str
    numbers: frozenset[int]


@st.composite
def items(draw: st.DrawFn, low: int, high: int, names: tuple[str, ...] = ()) -> Example:
    first, last = sorted(draw(st.tuples(*[st.integers(low, high)] * 2)))
    step = draw(st.integers(1, high))
    texts = [
        names[n - low] if n - low < len(names) and draw(st.booleans()) else str(n)
        for n in (first, last)
    ]
    every = range(low, high + 1)
    return draw(
        st.sampled_from(
            [
                Example("*", frozenset(every)),
                Example(f"*/{step}", frozenset(every[::step])),
                Example(texts[0], frozenset({first})),
                Example("-".join(texts), frozenset(range(first, last + 1))),
                Example(f"{'-'.join(texts)}/{step}", frozenset(range(first, last + 1, step))),
                Example(f"{texts[0]}/{step}", frozenset(range(first, high + 1, step))),
            ]
        )
    )


@st.composite
def fields(draw: st.DrawFn, low: int, high: int, names: tuple[str, ...] = ()) -> Example:
    chosen = draw(st.lists(items(low, high, names), min_size=1, max_size=3))
    numbers = frozenset[int]().union(*(one.numbers for one in chosen))
    return Example(",".join(one.text for one in chosen), numbers)


SEASONS = (datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 9, 28, tzinfo=UTC))
SEASON = 41 * 24 * 60  # minutes, with the changes of the clocks of all these zones
ZONES = ("UTC", "Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe")
ANY_FIVE = st.tuples(
    fields(0, 59), fields(0, 23), fields(1, 31), fields(1, 12, MONTHS), fields(0, 7, WEEKDAYS)
)


@cache
def clocks(zone: str, season: datetime) -> list[datetime]:
    """What the clocks show in each minute."""
    clock = ZoneInfo(zone)
    return [(season + timedelta(minutes=n)).astimezone(clock) for n in range(SEASON)]


def runs(before: datetime, wall: datetime, five: tuple[Example, ...]) -> bool:
    """Return True if cron runs at this minute, or makes up for one that the clocks skipped."""
    if comes(wall, five):
        return True
    minute, hour, *_ = five
    if len(minute.numbers) == 60 or len(hour.numbers) == 24:
        return False
    skipped = before.replace(tzinfo=None) + timedelta(minutes=1)
    while skipped < wall.replace(tzinfo=None):
        if comes(skipped, five):
            return True
        skipped += timedelta(minutes=1)
    return False


def comes(wall: datetime, five: tuple[Example, ...]) -> bool:
    """Whether crontab(5) runs at this minute; the second of two equal ones is left out."""
    minute, hour, day, month, weekday = five
    monthly = wall.day in day.numbers
    weekly = bool({wall.isoweekday(), wall.isoweekday() % 7} & weekday.numbers)
    starred = day.text[0] == "*" or weekday.text[0] == "*"
    return (
        wall.minute in minute.numbers
        and wall.hour in hour.numbers
        and wall.month in month.numbers
        and (monthly and weekly if starred else monthly or weekly)
        and not wall.fold
    )


def is_in_the_calendar(five: tuple[Example, ...]) -> bool:
    _, _, day, month, weekday = five
    if day.text[0] != "*" and weekday.text[0] != "*":
        return True
    return any(monthrange(2028, number)[1] >= min(day.numbers) for number in month.numbers)


@given(ANY_FIVE, st.sampled_from(ZONES), st.sampled_from(SEASONS), st.integers(1, SEASON - 1))
def test_cron_fields_mean_what_the_manual_page_says(
    five: tuple[Example, ...], zone: str, season: datetime, start: int
):
    schedule = " ".join(one.text for one in five)
    if not is_in_the_calendar(five):
        with pytest.raises(SettingsError, match="never comes"):
            parse_schedule(schedule, zone)
        return
    pairs = pairwise(clocks(zone, season)[start - 1 :])
    first, last = (clocks(zone, season)[n].astimezone(UTC) for n in (start, -1))
    expected = (wall.astimezone(UTC) for before, wall in pairs if runs(before, wall, five))
    found = (time.astimezone(UTC) for time in times(schedule, first, zone))
    in_season = takewhile(lambda moment: moment <= last, found)
    assert list(islice(in_season, 40)) == list(islice(expected, 40))


class TestWhenTheClocksChange:
    @pytest.mark.parametrize("start", [SPRING, AUTUMN])
    @pytest.mark.parametrize(
        "schedule",
        ["30 2 * * *", "0 2 * * *", "0 3 * * *", "59 2 * * *", "0 0 * * *", "30 2 1-31 * 0"],
    )
    def test_once_a_day_at_most(self, start: datetime, schedule: str):
        # The hour from 2 to 3 is not there in spring, and there twice in autumn.
        found = list(islice(times(schedule, start, "Europe/Berlin"), 5))
        passed = [time.toordinal() - start.toordinal() for time in found]
        assert [day - passed[0] for day in passed] == [*range(5)]
        # A time that is not there is made up for as soon as the clocks have changed.
        skipped = {"3:0"} if start == SPRING and schedule.split()[1] == "2" else set()
        minute, hour, *_ = schedule.split()
        assert {f"{time.hour}:{time.minute}" for time in found} == {f"{hour}:{minute}"} | skipped

    def test_a_frequent_schedule_makes_up_for_nothing(self):
        moment = datetime(2026, 3, 29, 0, 50, tzinfo=UTC)
        found = list(islice(times("5,35 * * * *", moment, "Europe/Berlin"), 3))
        assert [f"{time:%H:%M}" for time in found] == ["03:05", "03:35", "04:05"]

    def test_what_was_skipped_counts_from_the_moment_of_the_change_too(self):
        change = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
        assert cron("30 2 * * *", "Europe/Berlin").find_next(change) == change

    def test_a_frequent_schedule_goes_on_after_the_hour_that_comes_twice(self):
        moment = datetime(2026, 10, 25, 0, 31, tzinfo=UTC)
        found = list(islice(times("*/10 * * * *", moment, "Europe/Berlin"), 4))
        assert [f"{time:%H:%M}" for time in found] == ["02:40", "02:50", "03:00", "03:10"]

    @pytest.mark.parametrize("seconds", [0, 30, 60, 61])
    def test_the_time_after_the_second_of_two_equal_hours_is_not_lost(self, seconds: int):
        moment = datetime(2026, 10, 25, 1, 0, tzinfo=UTC) + timedelta(seconds=seconds)
        expected = datetime(2026, 10, 25, 2, 0, tzinfo=UTC)
        assert cron("0 3 * * *", "Europe/Berlin").find_next(moment) == expected

    def test_within_the_second_of_two_equal_hours_nothing_comes(self):
        moment = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
        [found] = islice(times("* * * * *", moment, "Europe/Berlin"), 1)
        assert found.astimezone(UTC) == datetime(2026, 10, 25, 2, 0, tzinfo=UTC)


def test_the_time_zone_counts():
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert cron("0 3 * * *").find_next(noon) == datetime(2026, 7, 2, 3, tzinfo=UTC)
    berlin = cron("0 3 * * *", "Europe/Berlin")
    assert berlin.find_next(noon) == datetime(2026, 7, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "minute"), [(0, 0), (1, 1), (timedelta(minutes=1).total_seconds(), 1)]
)
def test_a_moment_counts_itself_and_parts_of_a_minute_do_not(after: float, minute: int):
    moment = WEDNESDAY + timedelta(seconds=after)
    assert cron("* * * * *").find_next(moment) == WEDNESDAY + timedelta(minutes=minute)


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ("", "five fields are needed, not 0"),
        ("daily", "five fields are needed, not 1"),
        ("@daily", "five fields are needed, not 1"),
        ("0 3 * *", "five fields are needed, not 4"),
        ("* * * * * *", "five fields are needed, not 6"),
        ("60 3 * * *", "the minute `60` is not within 0-59"),
        ("0 24 * * *", "the hour `24` is not within 0-23"),
        ("0 3 0 * *", "the day of the month `0` is not within 1-31"),
        ("0 3 * 13 *", "the month `13` is not within 1-12"),
        ("0 3 * * 8", "the day of the week `8` is not within 0-7"),
        ("0 3 * sun *", "the month `sun` is not within 1-12"),
        ("0 3 * * mon-x", "the day of the week can't be `mon-x`"),
        ("0 3 last * *", "the day of the month can't be `last`"),
        ("0 3 1,,2 * *", "the day of the month can't be ``"),
        ("0 ٣ * * *", "the hour can't be `٣`"),
        ("0 22-2 * * *", "`22-2` runs backwards"),
        ("*/0 3 * * *", "the step of `*/0` is not within 1-59"),
        ("*/90 * * * *", "the step of `*/90` is not within 1-59"),
    ],
)
def test_a_schedule_that_makes_no_sense(schedule: str, reason: str):
    with pytest.raises(SettingsError) as caught:
        parse_schedule(schedule, "UTC")
    wrong = "DOCENT_SYNC_SCHEDULE is not five cron fields, `every 30m` or `off`"
    assert str(caught.value) == f"{wrong}: {schedule} ({reason})."


def test_the_owner_of_a_schedule_is_named():
    with pytest.raises(SettingsError, match="The schedule of docs is not five cron fields"):
        parse_schedule("often", "UTC", of="The schedule of docs")


@pytest.mark.parametrize("timezone", ["", "Mars/Olympus", "../etc/passwd"])
def test_a_time_zone_that_is_none(timezone: str):
    with pytest.raises(SettingsError, match="DOCENT_TIMEZONE"):
        parse_schedule("off", timezone)
