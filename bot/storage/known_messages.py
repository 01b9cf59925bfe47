"""Known messages: those that docent was asked in, however that ended, and their threads."""

from __future__ import annotations

from sqlalchemy import Engine, Select, and_, func, or_, select

from bot.storage import tables
from bot.storage.answers import PRIVATE_TS_PREFIX
from bot.types import MessageKey

inbox, answers, claims = tables.inbox, tables.answers, tables.claims


class KnownMessages:
    """Reads what docent knows of messages; every method blocks.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def has_message(self, key: MessageKey) -> bool:
        """Return True if docent has dealt with a message, in any version.

        It may have answered it, refused it, or found that it was not a question to docent.
        """
        queries: list[Select[tuple[str]]] = []
        for table in (inbox, answers, claims):
            here = and_(table.c.team == key.team, table.c.channel == key.channel)
            # Versions of a message and freed keys have something appended.
            same = or_(
                table.c.ts == key.ts,
                table.c.ts.startswith(f"{key.ts}#", autoescape=True),
                table.c.ts.startswith(f"{key.ts}@", autoescape=True),
            )
            queries.append(select(table.c.ts).where(here, same).limit(1))
        with self._engine.connect() as connection:
            return any(connection.scalar(query) is not None for query in queries)

    def list_threads(self, team: str, limit: int) -> list[tuple[str, str]]:
        """Return channel and time stamp of docent's threads, the latest first.

        Args:
            team: id of docent's workspace.
            limit: most threads of each kind: open or lately asked in, and answered.
        """
        latest: dict[tuple[str, str], str] = {}
        with self._engine.connect() as connection:
            for table in (inbox, answers):
                is_private = table.c.thread_ts.startswith(PRIVATE_TS_PREFIX)
                # A private answer that was shared outside of a thread has none.
                shown = and_(table.c.team == team, ~is_private, table.c.thread_ts != "")
                last = func.max(table.c.ts).label("last")
                query = (
                    select(table.c.channel, table.c.thread_ts, last)
                    .where(shown)
                    .group_by(table.c.channel, table.c.thread_ts)
                    .order_by(last.desc())
                    .limit(limit)
                )
                for row in connection.execute(query):
                    place = row.channel, row.thread_ts
                    latest[place] = max(latest.get(place, ""), row.last)
        return sorted(latest, key=lambda place: latest[place], reverse=True)
