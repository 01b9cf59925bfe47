"""Progress of a sync, and estimates of the remaining time from this sync and earlier ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Engine

from ingest.report import NOUNS, Progress, Stage
from ingest.state.database import read_row, replace_row
from ingest.state.tables import durations
from rag_core.english import format_count

Unit = Literal["second", "minute", "hour"]

_WRITE = "write"


@dataclass(frozen=True, slots=True)
class UnitDurations:
    """Seconds to embed a character, and to write and publish a chunk."""

    embed: float
    write: float

    def estimate_seconds(self, characters: int, chunks: int) -> float:
        """Estimate the time for a version with this much text to embed."""
        return characters * self.embed + chunks * self.write


class DurationStats:
    """The durations of the last syncs; a new measurement counts half."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self, model: str) -> UnitDurations | None:
        """Return the durations with this embedding model; None before the first measurement."""
        embed, write = self._read_seconds(_build_embed_key(model)), self._read_seconds(_WRITE)
        return None if embed is None or write is None else UnitDurations(embed, write)

    def record_embedding(self, model: str, characters: int, seconds: float) -> None:
        """Record how long it took to embed text.

        Args:
            model: the embedding model.
            characters: length of the text.
            seconds: the time that it took.
        """
        if characters:
            self._record(_build_embed_key(model), seconds / characters)

    def record_writing(self, chunks: int, seconds: float) -> None:
        """Record how long a version of some chunks took, without embedding."""
        if chunks:
            self._record(_WRITE, seconds / chunks)

    def _read_seconds(self, name: str) -> float | None:
        row = read_row(self._engine, durations, name=name)
        return row.seconds if row else None

    def _record(self, name: str, seconds: float) -> None:
        previous = self._read_seconds(name)
        blended = seconds if previous is None else (previous + seconds) / 2
        with self._engine.begin() as connection:
            replace_row(connection, durations, name=name, seconds=blended)


@dataclass(slots=True)
class _Stage:
    """A stage: its state when it was first reported, and its state now."""

    began: float
    first: int
    done: int
    total: int

    def estimate_left(self, now: float) -> float | None:
        """Estimate the seconds that remain; None before any progress."""
        done, spent = self.done - self.first, now - self.began
        if self.done >= self.total:
            return 0.0
        return (self.total - self.done) * spent / done if done > 0 and spent > 0 else None


class RemainingTime:
    """An estimate of the remaining time, from the progress of each stage since it began.

    Embedding and writing take turns, batch by batch: the stage that takes longest decides.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stages: dict[Stage, _Stage] = {}

    def estimate_seconds(self, progress: Progress) -> float | None:
        """Estimate the seconds that remain; None if there is no estimate yet."""
        now, stage = self._clock(), self._stages.get(progress.stage)
        if stage is None or progress.done < stage.done:  # the next of several downloads
            stage = _Stage(now, progress.done, progress.done, progress.total)
            self._stages[progress.stage] = stage
        stage.done, stage.total = progress.done, progress.total
        if not progress.total:
            return None
        estimates = [
            left for each in self._stages.values() if (left := each.estimate_left(now)) is not None
        ]
        return max(estimates, default=0.0) or (0.0 if stage.done >= stage.total else None)


class ProgressReporter:
    """Log lines about progress: one when a stage begins, and then one every few seconds.

    Args:
        every: seconds between two lines.
        clock: reads the time in seconds.
    """

    def __init__(self, *, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._remaining = RemainingTime(clock)
        self._begun: set[Stage] = set()
        self._last_line_at = 0.0

    def format_line(self, progress: Progress) -> str:
        """Return the line to log now, which is mostly empty."""
        left = self._remaining.estimate_seconds(progress)
        now = self._clock()
        begins = progress.stage not in self._begun
        if not progress.total or not (begins or now - self._last_line_at >= self._every):
            return ""
        self._begun.add(progress.stage)
        self._last_line_at = now
        total = _format_total(progress)
        if begins:
            return f"{progress.stage}: {total}"
        time_left = f", about {format_time(left)} left" if left else ""
        return f"{progress.stage}: {progress.done:,} of {total}{time_left}"


def _format_total(progress: Progress) -> str:
    if progress.stage == "downloading":
        return f"{progress.total:,} KiB"
    return format_count(progress.total, NOUNS[progress.stage])


def format_time(seconds: float) -> str:
    """Return a duration in English: `40 seconds`, `1 minute`, `1.5 hours`."""
    amount, unit = round_time(seconds)
    return f"{amount:g} {unit if amount == 1 else f'{unit}s'}"


def round_time(seconds: float) -> tuple[float, Unit]:
    """Round a duration for people; return its amount and its unit."""
    if seconds < 90:
        return max(round(seconds), 1), "second"
    if seconds < 5400:
        return round(seconds / 60), "minute"
    return round(seconds / 3600, 1), "hour"


def _build_embed_key(model: str) -> str:
    return f"embed:{model}"[:300]
