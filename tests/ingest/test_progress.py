"""How long work takes: by earlier syncs, and by what is done of this one."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from ingest.progress import (
    DurationStats,
    ProgressReporter,
    RemainingTime,
    UnitDurations,
    format_time,
)
from ingest.report import Progress, Stage
from ingest.state.ledger import Ledger


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.usefixtures("ledger")
def test_the_pace_is_that_of_the_last_syncs(engine: Engine):
    paces = DurationStats(engine)
    assert paces.read("m") is None
    paces.record_embedding("m", 1000, 10.0)
    assert paces.read("m") is None
    paces.record_writing(100, 1.0)
    assert paces.read("m") == UnitDurations(0.01, 0.01)
    assert paces.read("other") is None
    paces.record_embedding("m", 1000, 30.0)
    assert paces.read("m") == UnitDurations(0.02, 0.01)
    paces.record_embedding("m", 0, 0.0)
    paces.record_writing(0, 0.0)
    assert paces.read("m").estimate_seconds(500, 200) == pytest.approx(12.0)


def test_a_sync_measures_its_pace(bench, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\nText.")
    bench.sync(tmp_path / "docs")
    assert isinstance(bench.ledger, Ledger)
    assert DurationStats(bench.ledger.engine).read("hash").write > 0


def test_what_is_left_goes_by_what_is_done(clock: Clock):
    left = RemainingTime(clock)
    assert left.estimate_seconds(Progress("embedding", 0, 100)) is None
    clock.now += 10
    assert left.estimate_seconds(Progress("embedding", 20, 100)) == pytest.approx(40)
    clock.now += 10
    assert left.estimate_seconds(Progress("embedding", 100, 100)) == 0
    assert left.estimate_seconds(Progress("writing", 50, 100)) is None  # another stage
    clock.now += 1
    assert left.estimate_seconds(Progress("writing", 75, 100)) == pytest.approx(1)
    assert left.estimate_seconds(Progress("reading", 0, 0)) is None


def test_stages_that_take_turns_do_not_begin_anew(clock: Clock):
    left = RemainingTime(clock)
    left.estimate_seconds(Progress("embedding", 0, 1000))
    left.estimate_seconds(Progress("writing", 0, 2000))
    for batch in range(1, 6):
        clock.now += 10  # a batch is embedded and written in 10 s: ten of them take 100 s
        for stage, total in (("embedding", 1000), ("writing", 1000)):
            said = left.estimate_seconds(Progress(stage, 100 * batch, total))
        assert said == pytest.approx(100 - 10 * batch)


def test_the_next_download_is_counted_by_itself(clock: Clock):
    left = RemainingTime(clock)
    left.estimate_seconds(Progress("downloading", 0, 10))
    clock.now += 100
    left.estimate_seconds(Progress("downloading", 10, 10))
    left.estimate_seconds(Progress("downloading", 0, 1000))
    clock.now += 1
    assert left.estimate_seconds(Progress("downloading", 100, 1000)) == pytest.approx(9)


def test_a_log_of_stages_that_take_turns_has_few_lines(clock: Clock):
    teller, lines = ProgressReporter(every=5, clock=clock), []
    for batch in range(60):
        for stage in ("embedding", "writing"):
            clock.now += 0.5
            lines.append(teller.format_line(Progress(stage, batch * 10, 600)))
    said = [line for line in lines if line]
    assert said[:2] == ["embedding: 600 chunks", "writing: 600 chunks"]
    assert 10 <= len(said) <= 14  # of 120 steps in 60 s
    assert all("left" in line for line in said[2:])


def test_a_line_when_a_stage_begins_and_every_few_seconds(clock: Clock):
    teller = ProgressReporter(every=5, clock=clock)

    def told(stage: Stage, done: int, total: int = 1200, after: float = 0.0) -> str:
        clock.now += after
        return teller.format_line(Progress(stage, done, total))

    assert told("reading", 0, total=0) == ""
    assert told("embedding", 0) == "embedding: 1,200 chunks"
    assert told("embedding", 100, after=4) == ""
    assert (
        told("embedding", 200, after=4) == "embedding: 200 of 1,200 chunks, about 40 seconds left"
    )
    assert told("embedding", 300, after=4) == ""
    assert told("writing", 1) == "writing: 1,200 chunks"
    assert told("embedding", 400, after=1) == ""
    assert told("downloading", 0, total=2048) == "downloading: 2,048 KiB"
    assert told("downloading", 1024, total=2048, after=5).startswith(
        "downloading: 1,024 of 2,048 KiB"
    )
    assert told("publishing", 0, total=4) == "publishing: 4 steps"
    assert told("publishing", 3, total=4, after=5).startswith("publishing: 3 of 4 steps")
    assert told("asking", 0, total=1) == "asking: 1 question"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.1, "1 second"),
        (89, "89 seconds"),
        (90, "2 minutes"),
        (600, "10 minutes"),
        (5400, "1.5 hours"),
        (7200, "2 hours"),
    ],
)
def test_a_length_of_time(seconds: float, said: str):
    assert format_time(seconds) == said
