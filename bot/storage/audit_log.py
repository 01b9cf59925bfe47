"""Audit log: who managed docent from Slack, when, how and with which result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, and_, delete, insert, select, update

from bot.storage import tables

AUDIT_RETENTION = timedelta(days=365)

_TEXT_LIMIT = 500

audit = tables.audit


def _get_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One action of an admin.

    Attributes:
        user: id of the admin.
        channel: id of the channel; empty for the Home tab.
        command: the command as the admin wrote it.
        result: what docent replied.
        at: time of the action; None before it is stored.
        user_team: id of the admin's team.
    """

    user: str
    channel: str
    command: str
    result: str
    at: datetime | None = None
    user_team: str = ""


class AuditLog:
    """The actions of the last year, in the state database; every method blocks.

    Their texts are kept as long as those of questions; then the command's name remains.

    Args:
        engine: of the state database.
        days: number of days for which texts are stored; 0 stores none.
        clock: returns the current time, in UTC.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(
        self, engine: Engine, *, days: int = 90, clock: Callable[[], datetime] = _get_now
    ) -> None:
        tables.ensure_bot_tables(engine)
        self._engine = engine
        self._days = days
        self._clock = clock

    def record(self, entry: AuditEntry) -> None:
        """Store an action, and delete what is past its retention."""
        command, result = entry.command[:_TEXT_LIMIT], entry.result[:_TEXT_LIMIT]
        row = {"at": self._clock(), "user": entry.user, "user_team": entry.user_team}
        with self._engine.begin() as connection:
            connection.execute(
                insert(audit).values(
                    **row,
                    channel=entry.channel,
                    command=command if self._days else _extract_name(command),
                    result=result if self._days else "",
                )
            )
        self.purge()

    def purge(self) -> None:
        """Delete old actions, and the texts of those past their retention."""
        now = self._clock()
        old = and_(audit.c.at < now - timedelta(days=self._days), audit.c.result != "")
        with self._engine.begin() as connection:
            connection.execute(delete(audit).where(audit.c.at < now - AUDIT_RETENTION))
            for row in connection.execute(select(audit.c.id, audit.c.command).where(old)).all():
                texts = {"command": _extract_name(row.command), "result": ""}
                connection.execute(update(audit).where(audit.c.id == row.id).values(texts))

    def list_entries(self) -> tuple[AuditEntry, ...]:
        """Return all stored actions, latest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(audit).order_by(audit.c.id.desc())).all()
        return tuple(
            AuditEntry(row.user, row.channel, row.command, row.result, row.at, row.user_team)
            for row in rows
        )


def _extract_name(command: str) -> str:
    """Return the first word of a command, which names what was done."""
    return "".join(command.split()[:1])
