"""An entry of the inbox, its JSON, and the filters that find entries."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from bot.storage.answers import EARLIER_SEPARATOR
from bot.storage.tables import inbox
from bot.types import IncomingMessage, MessageKey, SharedFile, Surface
from ingest.state.database_clock import DatabaseMoment
from ingest.state.process_identity import is_process_gone
from rag_core.types import Scope

Ending = Literal["answered", "told", "given_up"]
"""The end of a question: answered, told why not, or no longer wanted."""

Signal = Literal["", "stop", "delete", "replace"]
"""The order to the process that answers a question; empty for going on."""

Standing = Literal["", "stop", "delete", "replace", "lost", "missing"]
"""The signal of a question at work; `lost` to another process; `missing` from the database."""

Refusal = Literal["", "line_full", "too_many_open", "daily_limit"]
"""The limit that refuses a question at once; empty for none."""


FINISHING = "finishing"
"""The stage of a private answer while it is posted: there is no way to see whether it arrived."""

PLACED = "placed"
"""The stage of a question whose place in the line has been shown, maybe by a message."""

CALLS: tuple[Surface, ...] = ("mcp", "http")
"""Surfaces whose askers wait at one process for the answer, which no other can give them."""

CALL_SECONDS = 600.0
"""No asker of these waits longer, so by then any process may end such a question."""

DEFAULT_INDEX = "docent"
"""The name of the index where `DOCENT_COLLECTION` is not set."""

QUICK_TURN = -1
"""The turn of what needs no pipeline: hints and refusals. They never wait."""

OPEN = ("waiting", "answering")
"""The statuses of questions that have not ended."""

LINE = (inbox.c.turn, inbox.c.received_at, inbox.c.id)
"""The order of the line."""


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """A question in the inbox.

    Attributes:
        id: its id, which is also the id of its answer.
        message: the question.
        response_url: where a command or shortcut is answered; empty for others.
        stage: how far its answer was, or the `Refusal` that it gets.
        posted: time stamps of docent's messages for it.
        attempts: how many times a process has taken it, this time included.
        age: seconds since it arrived.
        signal: what is to be done with it.
        is_recorded: False if the state database could not be used, so it is known here alone.
    """

    id: str
    message: IncomingMessage
    response_url: str = ""
    stage: str = ""
    posted: tuple[str, ...] = ()
    attempts: int = 1
    age: float = 0.0
    signal: Signal = ""
    is_recorded: bool = True

    @property
    def is_resumed(self) -> bool:
        """True if a process had begun the answer before."""
        return self.attempts > 1


def format_message(message: IncomingMessage) -> str:
    """Return a message as JSON in ASCII."""
    # Escapes keep what no database stores: the character NUL and lone surrogates.
    return json.dumps(asdict(message))


def parse_message(text: str) -> IncomingMessage:
    """Return the message that `format_message` wrote.

    What only a newer docent knows is left out.
    """
    known = {each.name for each in fields(IncomingMessage)}
    values = {name: value for name, value in json.loads(text).items() if name in known}
    values["key"] = MessageKey(**values["key"])
    values["files"] = tuple(SharedFile(**each) for each in values["files"])
    values["authors"] = tuple(values.get("authors", ()))
    if scope := values.get("scope"):
        values["scope"] = Scope(**{**scope, "sources": tuple(scope["sources"])})
    return IncomingMessage(**values)


def build_entry(row: Row[Any]) -> InboxEntry:
    """Return the entry of a row with the database's time `now`."""
    return InboxEntry(
        id=row.id,
        message=parse_message(row.message),
        response_url=row.response_url,
        stage=row.stage,
        posted=tuple(row.posted.split()),
        attempts=row.attempts,
        age=(row.now - row.received_at).total_seconds(),
        signal=row.signal,
    )


def build_key_columns(message: IncomingMessage) -> dict[str, str]:
    """Return the columns that name a version of a message."""
    key = message.key
    ts = f"{key.ts}{EARLIER_SEPARATOR}{message.version}" if message.version else key.ts
    return {"team": key.team, "channel": key.channel, "ts": ts}


def select_abandoned(
    connection: Connection, here: ColumnElement[bool], keep: Collection[str]
) -> ColumnElement[bool]:
    """Select the open questions that any process may take.

    Args:
        connection: to the state database.
        here: selects the questions to this docent.
        keep: ids of questions that are left out.

    Returns:
        Those whose lease is over, and those whose process is gone.
    """
    is_open = and_(here, inbox.c.status.in_(OPEN), inbox.c.id.not_in(list(keep)))
    owners = connection.scalars(select(inbox.c.owner).where(is_open).distinct())
    is_gone = inbox.c.owner.in_([each for each in owners if each and is_process_gone(each)])
    lease_is_over = or_(inbox.c.leased_until < DatabaseMoment(), is_gone)
    asker_is_gone = or_(inbox.c.received_at < DatabaseMoment(-CALL_SECONDS), is_gone)
    answering = and_(inbox.c.status == "answering", lease_is_over)
    waiting = and_(inbox.c.status == "waiting", inbox.c.owner != "", asker_is_gone)
    return and_(is_open, or_(answering, waiting))
