"""Write probe: shows whether the state database takes what docent writes."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import Engine, delete, insert

from bot.storage.tables import problems
from ingest.state.database_clock import DatabaseMoment


def probe_writing(engine: Engine) -> None:
    """Write a row and delete it; blocks.

    The transaction is committed, because a full disk shows only then.

    Raises:
        StateError: the database is gone, locked, full or read-only.
    """
    name = f"probe-{uuid4().hex[:12]}"
    row = {"service": name, "text": "", "since": DatabaseMoment(), "told_at": DatabaseMoment()}
    with engine.begin() as connection:
        connection.execute(insert(problems).values(row))
        connection.execute(delete(problems).where(problems.c.service == name))
