"""How long work will take: by the pace of earlier syncs, and by what is done of this one."""

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
    """Seconds for a character to be embedded, and for a chunk to be written and published."""

    embed: float
    write: float

    def estimate_seconds(self, characters: int, chunks: int) -> float:
        """For a version of so many chunks, with so much text to embed."""
        return characters * self.embed + chunks * self.write


class DurationStats:
    """Remembers the pace of the last syncs; a new measurement counts half."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self, model: str) -> UnitDurations | None:
        """The pace with this embedding model; None before it was measured."""
        embed, write = self._read_seconds(_build_embed_key(model)), self._read_seconds(_WRITE)
        return None if embed is None or write is None else UnitDurations(embed, write)

    def record_embedding(self, model: str, characters: int, seconds: float) -> None:
        """Remember how long a text of so many characters took."""
        if characters:
            self._record(_build_embed_key(model), seconds / characters)

    def record_writing(self, chunks: int, seconds: float) -> None:
        """Remember how long a version of so many chunks took, embedding apart."""
        if chunks:
            self._record(_WRITE, seconds / chunks)

    def _read_seconds(self, name: str) -> float | None:
        row = read_row(self._engine, durations, name=name)
        return row.seconds if row else None

    def _record(self, name: str, seconds: float) -> None:
        before = self._read_seconds(name)
        blended = seconds if before is None else (before + seconds) / 2
        with self._engine.begin() as connection:
            replace_row(connection, durations, name=name, seconds=blended)


@dataclass(slots=True)
class _Stage:
    """A stage as it was first seen, and as it stands."""

    began: float
    first: int
    done: int
    total: int

    def estimate_left(self, now: float) -> float | None:
        """Seconds that it still takes at the pace since it began; None while it has none."""
        done, spent = self.done - self.first, now - self.began
        if self.done >= self.total:
            return 0.0
        return (self.total - self.done) * spent / done if done > 0 and spent > 0 else None


class RemainingTime:
    """Says how long the stages at work still take, by what was done of each since it began.

    Embedding and writing take turns, batch by batch: the one that takes longest decides.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stages: dict[Stage, _Stage] = {}

    def estimate_seconds(self, progress: Progress) -> float | None:
        """Seconds that are left; None while that can't be told."""
        now, stage = self._clock(), self._stages.get(progress.stage)
        if stage is None or progress.done < stage.done:  # the next of several downloads
            stage = _Stage(now, progress.done, progress.done, progress.total)
            self._stages[progress.stage] = stage
        stage.done, stage.total = progress.done, progress.total
        if not progress.total:
            return None
        told = [
            left for one in self._stages.values() if (left := one.estimate_left(now)) is not None
        ]
        return max(told, default=0.0) or (0.0 if stage.done >= stage.total else None)


class ProgressReporter:
    """Says how far work is, for a log: when a stage first begins, and then every few seconds."""

    def __init__(self, *, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._remaining = RemainingTime(clock)
        self._begun: set[Stage] = set()
        self._said = 0.0

    def format_line(self, progress: Progress) -> str:
        """Return the line to log now; mostly empty."""
        left = self._remaining.estimate_seconds(progress)
        now = self._clock()
        begins = progress.stage not in self._begun
        if not progress.total or not (begins or now - self._said >= self._every):
            return ""
        self._begun.add(progress.stage)
        self._said = now
        total = _format_total(progress)
        if begins:
            return f"{progress.stage}: {total}"
        time_left = f", about {format_time(left)} left" if left else ""
        return f"{progress.stage}: {progress.done:,} of {total}{time_left}"


def _format_total(progress: Progress) -> str:
    if noun := NOUNS.get(progress.stage):
        return format_count(progress.total, noun)
    return f"{progress.total:,}{' KiB' if progress.stage == 'downloading' else ''}"


def format_time(seconds: float) -> str:
    """Return a length of time in English: `40 seconds`, `1 minute`, `1.5 hours`."""
    amount, unit = round_time(seconds)
    return f"{amount:g} {unit if amount == 1 else f'{unit}s'}"


def round_time(seconds: float) -> tuple[float, Unit]:
    """Return a length of time as people say it: its amount and its unit."""
    if seconds < 90:
        return max(round(seconds), 1), "second"
    if seconds < 5400:
        return round(seconds / 60), "minute"
    return round(seconds / 3600, 1), "hour"


def _build_embed_key(model: str) -> str:
    return f"embed:{model}"[:300]
