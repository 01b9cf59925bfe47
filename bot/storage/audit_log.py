"""Audit log: who managed docent from Slack, when, how and with which result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, insert, select

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
    """

    user: str
    channel: str
    command: str
    result: str
    at: datetime | None = None


class AuditLog:
    """The actions of the last year, in the state database; every method blocks.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = _get_now) -> None:
        tables.ensure_bot_tables(engine)
        self._engine = engine
        self._clock = clock

    def record(self, entry: AuditEntry) -> None:
        """Store an action, and delete those that are past their retention."""
        now = self._clock()
        with self._engine.begin() as connection:
            connection.execute(delete(audit).where(audit.c.at < now - AUDIT_RETENTION))
            connection.execute(
                insert(audit).values(
                    at=now,
                    user=entry.user,
                    channel=entry.channel,
                    command=entry.command[:_TEXT_LIMIT],
                    result=entry.result[:_TEXT_LIMIT],
                )
            )

    def list_entries(self) -> tuple[AuditEntry, ...]:
        """Return all stored actions, latest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(audit).order_by(audit.c.id.desc())).all()
        return tuple(
            AuditEntry(row.user, row.channel, row.command, row.result, row.at) for row in rows
        )
