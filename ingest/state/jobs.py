"""The memory of the schedule: when each job ran, when it runs next, and its problems."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete

from ingest.state.database import read_row, replace_row
from ingest.state.ledger import Ledger
from ingest.state.tables import jobs
from rag_core.types import hash_content


@dataclass(frozen=True, slots=True)
class JobState:
    """The recorded state of a job.

    Attributes:
        schedule: the schedule as written in the settings.
        last_run: when the last run ended, whether it succeeded or failed.
        next_run: when the next run is due; None if the job runs only on request.
        problems: keys of the problems that people were told of and that still exist.
    """

    schedule: str
    last_run: datetime | None = None
    next_run: datetime | None = None
    problems: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SyncAlert:
    """A message about scheduled syncs that people should get once.

    Attributes:
        text: the problems, or that they are over.
        resolved: True if the problems are over.
    """

    text: str
    resolved: bool = False


class JobStore:
    """The jobs of one index in the state database."""

    def __init__(self, ledger: Ledger) -> None:
        self._engine = ledger.engine
        self._index = ledger.index

    def read(self, job: str) -> JobState | None:
        """Return the recorded state of a job; None for a new job."""
        row = read_row(self._engine, jobs, index_name=self._index, job=job)
        if row is None:
            return None
        problems = frozenset(json.loads(row.problems))
        return JobState(row.schedule, row.last_run, row.next_run, problems)

    def write(self, job: str, state: JobState) -> None:
        """Record the state of a job."""
        with self._engine.begin() as connection:
            replace_row(
                connection,
                jobs,
                index_name=self._index,
                job=job,
                schedule=state.schedule,
                last_run=state.last_run,
                next_run=state.next_run,
                problems=json.dumps(sorted(state.problems)),
            )

    def record_next_run(self, job: str, schedule: str, moment: datetime | None) -> None:
        """Record when a job runs next.

        Args:
            job: its name.
            schedule: its schedule as written in the settings.
            moment: when it runs; None for never.
        """
        self.write(job, replace(self._get_state(job, schedule), next_run=moment))

    def record_run(self, job: str, schedule: str, *, ended: datetime, due: datetime | None) -> None:
        """Record a run that ended.

        Args:
            job: its name.
            schedule: its schedule as written in the settings.
            ended: when the run ended.
            due: when the next run starts; None for never.
        """
        self.write(job, replace(self._get_state(job, schedule), last_run=ended, next_run=due))

    def build_alert(self, job: str, schedule: str, problems: Mapping[str, str]) -> SyncAlert | None:
        """Build the alert about new problems; None if there is nothing new.

        Args:
            job: its name.
            schedule: its schedule as written in the settings.
            problems: a sentence for each problem of the last run, by its subject.

        Returns:
            The alert with all new problems, or with the message that they are over.
        """
        reported = self._get_state(job, schedule).problems
        keyed = _identify_problems(problems)
        if news := [text for key, text in keyed.items() if key not in reported]:
            return SyncAlert("\n".join(news))
        is_over = reported and not problems
        return SyncAlert("Syncing works again.", resolved=True) if is_over else None

    def record_reported(self, job: str, schedule: str, problems: Mapping[str, str]) -> None:
        """Record that people were told of these problems.

        Earlier problems with the same subject stay recorded: they may come and go, and people
        should be told only once.

        Args:
            job: its name.
            schedule: its schedule as written in the settings.
            problems: a sentence for each problem of the last run, by its subject.
        """
        state = self._get_state(job, schedule)
        earlier = {key for key in state.problems if key.rpartition(" ")[0] in problems}
        self.write(
            job, replace(state, problems=frozenset(earlier | _identify_problems(problems).keys()))
        )

    def _get_state(self, job: str, schedule: str) -> JobState:
        state = self.read(job)
        return replace(state, schedule=schedule) if state else JobState(schedule)

    def keep_only(self, names: Collection[str]) -> None:
        """Forget jobs that are no longer in the settings."""
        with self._engine.begin() as connection:
            connection.execute(
                delete(jobs).where(jobs.c.index_name == self._index, jobs.c.job.not_in(names))
            )


def _identify_problems(problems: Mapping[str, str]) -> dict[str, str]:
    """Return each sentence by its key: its subject, and a hash.

    The hash is of the sentence without its numbers, since counts of pages, bytes or seconds vary
    from run to run.
    """
    return {
        f"{subject} {hash_content(re.sub('[0-9]+', '', text))[:8]}": text
        for subject, text in sorted(problems.items())
    }
