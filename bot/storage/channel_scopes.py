"""The scope of each channel, in the state database: the part that its questions search."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import TypeAdapter
from sqlalchemy import Engine, select

from bot.storage import tables
from bot.storage.tables import encode_json
from ingest.state.database import delete_row, replace_row
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
        """Return the scope of a channel; `EVERYTHING` if none is set."""
        query = select(scopes.c.scope).where(scopes.c.team == team, scopes.c.channel == channel)
        with self._engine.connect() as connection:
            stored = connection.scalar(query)
        return _SCOPE.validate_json(stored) if stored else EVERYTHING

    def set_scope(self, team: str, channel: str, scope: Scope, *, user: str) -> None:
        """Set the scope of a channel's questions.

        Args:
            team: id of docent's workspace.
            channel: id of the channel.
            scope: the part to search; `EVERYTHING` removes all limits.
            user: id of the person who sets it.
        """
        with self._engine.begin() as connection:
            if scope == EVERYTHING:
                delete_row(connection, scopes, team=team, channel=channel)
                return
            replace_row(
                connection,
                scopes,
                team=team,
                channel=channel,
                scope=encode_json(_SCOPE, scope),
                user=user,
                set_at=datetime.now(UTC),
            )


def parse_scope(words: str, before: Scope) -> Scope | None:
    """Apply words such as `version=2.6 source=milvus` to a scope.

    `source` may be repeated, and an empty value removes a limit. Return None if the words can't be
    understood.
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
