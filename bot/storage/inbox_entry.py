"""An entry of the inbox, its JSON, and the filters that find entries."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from sqlalchemy import Row

from bot.storage.answers import EARLIER_SEPARATOR
from bot.storage.tables import inbox
from bot.types import IncomingMessage, MessageKey, SharedFile
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
