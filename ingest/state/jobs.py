"""What the schedule remembers between runs: when each job ran and runs next, and its troubles."""

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
    """A job as it was last seen.

    Attributes:
        schedule: when it runs, as the settings say.
        last_run: when it last ended, well or not.
        next_run: when it was to run next; None where it runs on request only.
        problems: what went wrong, was told and is not over.
    """

    schedule: str
    last_run: datetime | None = None
    next_run: datetime | None = None
    problems: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SyncAlert:
    """What people should hear of scheduled syncs, once.

    Attributes:
        says: what is wrong, or that it is over.
        over: it is over.
    """

    text: str
    resolved: bool = False


class JobStore:
    """Keeps the jobs of one index in the state database."""

    def __init__(self, ledger: Ledger) -> None:
        self._engine = ledger.engine
        self._index = ledger.index

    def read(self, job: str) -> JobState | None:
        """What is known of a job; None for one that is new."""
        row = read_row(self._engine, jobs, index_name=self._index, job=job)
        if row is None:
            return None
        problems = frozenset(json.loads(row.problems))
        return JobState(row.schedule, row.last_run, row.next_run, problems)

    def write(self, job: str, state: JobState) -> None:
        """Remember a job."""
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
        """Remember when a job runs next."""
        self.write(job, replace(self._get_state(job, schedule), next_run=moment))

    def record_run(self, job: str, schedule: str, *, ended: datetime, due: datetime | None) -> None:
        """Remember a run: when it ended, and when the next one starts."""
        self.write(job, replace(self._get_state(job, schedule), last_run=ended, next_run=due))

    def build_alert(self, job: str, schedule: str, problems: Mapping[str, str]) -> SyncAlert | None:
        """What people have not heard yet of what is wrong: a sentence by what it is about."""
        known = self._get_state(job, schedule).problems
        if news := [says for one, says in _identify_problems(problems).items() if one not in known]:
            return SyncAlert("\n".join(news))
        return SyncAlert("Syncing works again.", resolved=True) if known and not problems else None

    def record_reported(self, job: str, schedule: str, problems: Mapping[str, str]) -> None:
        """Remember that people have heard of that, so that they don't hear of it again.

        What they heard of the same matter before counts as well: it may come and go.
        """
        state = self._get_state(job, schedule)
        before = {one for one in state.problems if one.rpartition(" ")[0] in problems}
        self.write(
            job, replace(state, problems=frozenset(before | _identify_problems(problems).keys()))
        )

    def _get_state(self, job: str, schedule: str) -> JobState:
        known = self.read(job)
        return replace(known, schedule=schedule) if known else JobState(schedule)

    def keep_only(self, names: Collection[str]) -> None:
        """Forget jobs that are no longer in the settings."""
        with self._engine.begin() as connection:
            connection.execute(
                delete(jobs).where(jobs.c.index_name == self._index, jobs.c.job.not_in(names))
            )


def _identify_problems(problems: Mapping[str, str]) -> dict[str, str]:
    """Each sentence by what tells it from others: what it is about, and its words.

    Its numbers are left out, which may be others each time: of pages, bytes or seconds.
    """
    return {
        f"{about} {hash_content(re.sub('[0-9]+', '', says))[:8]}": says
        for about, says in sorted(problems.items())
    }
