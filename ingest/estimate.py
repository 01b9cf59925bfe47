"""How long work will take: by the pace of earlier syncs, and by what is done of this one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select

from ingest.report import Progress, Stage
from ingest.tables import paces

_WRITE = "write"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for a character to be embedded, and for a chunk to be written and published."""

    embed: float
    write: float

    def seconds(self, characters: int, chunks: int) -> float:
        """For a version of so many chunks, with so much text to embed."""
        return characters * self.embed + chunks * self.write


class Paces:
    """Remembers the pace of the last syncs; a new measurement counts half."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read(self, model: str) -> Pace | None:
        """The pace with this embedding model; None before it was measured."""
        embed, write = self._seconds(_embed(model)), self._seconds(_WRITE)
        return None if embed is None or write is None else Pace(embed, write)

    def note_embedding(self, model: str, characters: int, seconds: float) -> None:
        """Remember how long a text of so many characters took."""
        if characters:
            self._note(_embed(model), seconds / characters)

    def note_writing(self, chunks: int, seconds: float) -> None:
        """Remember how long a version of so many chunks took, embedding apart."""
        if chunks:
            self._note(_WRITE, seconds / chunks)

    def _seconds(self, name: str) -> float | None:
        with self._engine.connect() as connection:
            return connection.scalar(select(paces.c.seconds).where(paces.c.name == name))

    def _note(self, name: str, seconds: float) -> None:
        before = self._seconds(name)
        blended = seconds if before is None else (before + seconds) / 2
        with self._engine.begin() as connection:
            connection.execute(delete(paces).where(paces.c.name == name))
            connection.execute(insert(paces).values(name=name, seconds=blended))


class Remaining:
    """Says how long a stage still takes, by what was done of it since it began."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage: Stage | None = None
        self._began = 0.0
        self._done = 0

    def seconds(self, progress: Progress) -> float | None:
        """Seconds that are left of the stage; None while that can't be told."""
        now = self._clock()
        if progress.stage != self._stage:
            self._stage, self._began, self._done = progress.stage, now, progress.done
        done, spent = progress.done - self._done, now - self._began
        if done <= 0 or spent <= 0 or not progress.total:
            return None
        return max(progress.total - progress.done, 0) * spent / done


class Teller:
    """Says how far work is, for a log: when a stage begins, and then every few seconds."""

    def __init__(self, *, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._remaining = Remaining(clock)
        self._stage: Stage | None = None
        self._said = 0.0

    def line(self, progress: Progress) -> str:
        """What to say now; mostly nothing."""
        left = self._remaining.seconds(progress)
        now = self._clock()
        begins = progress.stage != self._stage and bool(progress.total)
        if not begins and (now - self._said < self._every or progress.stage != self._stage):
            return ""
        self._stage, self._said = progress.stage, now
        if begins:
            return f"{progress.stage}: {progress.total:,}"
        time_left = "" if left is None else f", about {span(left)} left"
        return f"{progress.stage}: {progress.done:,} of {progress.total:,}{time_left}"


def span(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _embed(model: str) -> str:
    return f"embed:{model}"[:300]
