"""The status of the service, from the state database alone: open questions and problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, inspect

from bot.storage.inbox_entry import DEFAULT_INDEX
from bot.storage.inbox_view import InboxView
from bot.storage.problems import Problem, Problems
from bot.storage.tables import inbox, problems


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The status that `docent status` shows beside that of the index.

    Attributes:
        waiting: questions that wait to be answered.
        answering: questions that are being answered.
        problems: the services that do not work, the oldest problem first.
    """

    waiting: int = 0
    answering: int = 0
    problems: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the status as plain data; times in ISO 8601."""
        listed = [
            {"service": each.service, "problem": each.text, "since": each.since.isoformat()}
            for each in self.problems
        ]
        return {"waiting": self.waiting, "answering": self.answering, "problems": listed}


def read_service_status(engine: Engine, *, index: str = DEFAULT_INDEX) -> ServiceStatus:
    """Read the status of the docent that answers from an index.

    It is empty where `docent serve` has never run.

    Raises:
        StateError: the state database can't be used.
    """
    tables = inspect(engine).get_table_names()
    if not {inbox.name, problems.name} <= set(tables):
        return ServiceStatus()
    counts = InboxView(engine, index=index).count_open()
    return ServiceStatus(**counts, problems=Problems(engine).list_current())
