"""Which part of the documentation a channel asks of; kept in the state database."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import TypeAdapter
from sqlalchemy import Engine, and_, delete, insert, select

from bot.storage import tables
from rag_core.types import Scope

SCOPE_KEYS = ("version", "source", "path", "language")
EVERYTHING = Scope()
MAX_VALUE_LENGTH = 100
"""Characters; a scope stands below each answer."""

_SCOPE: TypeAdapter[Scope] = TypeAdapter(Scope)

scopes = tables.scopes


class ChannelScopes:
    """The scope of each channel; every method blocks and may raise StateError."""

    def __init__(self, engine: Engine) -> None:
        tables.ensure_bot_tables(engine)
        self._engine = engine

    def read_scope(self, team: str, channel: str) -> Scope:
        """The scope of a channel; everything where none was set."""
        query = select(scopes.c.scope).where(scopes.c.team == team, scopes.c.channel == channel)
        with self._engine.connect() as connection:
            found = connection.scalar(query)
        return _SCOPE.validate_json(found) if found else EVERYTHING

    def set_scope(self, team: str, channel: str, scope: Scope, *, user: str) -> None:
        """Ask this channel's questions of a part; of everything for the empty scope."""
        here = and_(scopes.c.team == team, scopes.c.channel == channel)
        row = {
            "team": team,
            "channel": channel,
            "scope": _SCOPE.dump_json(scope).decode(),
            "user": user,
            "set_at": datetime.now(UTC),
        }
        with self._engine.begin() as connection:
            connection.execute(delete(scopes).where(here))
            if scope != EVERYTHING:
                connection.execute(insert(scopes).values(row))


def parse_scope(words: str, before: Scope) -> Scope | None:
    """`version=2.6 source=milvus` as changes of a scope; None where that is not what it says.

    `source` may be given several times; an empty value takes a limit away.
    """
    try:
        pairs = [word.partition("=") for word in shlex.split(words)]
    except ValueError:
        return None
    if not pairs or any(not sign or name not in SCOPE_KEYS for name, sign, _ in pairs):
        return None
    if any(len(value) > MAX_VALUE_LENGTH for _, _, value in pairs):
        return None
    scope = before
    sources = tuple(value for name, _, value in pairs if name == "source")
    if sources:
        scope = replace(scope, sources=tuple(source for source in sources if source))
    for name, _, value in pairs:
        if name == "path":
            scope = replace(scope, path_prefix=value)
        elif name == "version":
            scope = replace(scope, version=value)
        elif name == "language":
            scope = replace(scope, language=value)
    return scope
