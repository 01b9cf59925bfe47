"""The requests of programs: who calls, and what for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.types import Surface
from rag_core.types import AnswerDone, Scope, SearchStarted, TextDelta

MOST_PASSAGES = 20
"""The most passages that one search returns."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The person or program that calls.

    Attributes:
        user: Slack's id of the person, the name of a token, or `local`.
        team: Slack's id of the person's team; empty for others.
    """

    user: str = "local"
    team: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question of a program.

    Attributes:
        question: its text.
        scope: the part of the index to search.
        caller: who asks.
        surface: where it was asked.
        thread: name of the conversation that it belongs to; empty for none.
        key: the caller's own name of this question, so that it is answered once; empty for none.
    """

    question: str
    scope: Scope = field(default_factory=Scope)
    caller: Caller = field(default_factory=Caller)
    surface: Surface = "mcp"
    thread: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page to read.

    Attributes:
        place: its path inside its source, or its address.
        source: name of its source; empty for any.
        section: a heading or an anchor of it; empty for the whole page.
        offset: number of the piece to begin with.
    """

    place: str
    source: str = ""
    section: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """A sentence that says what docent is doing now."""

    says: str


@dataclass(frozen=True, slots=True)
class Answered(AnswerDone):
    """The complete answer, always the last event.

    Attributes:
        as_of: when the documentation was last read; None if that is not known.
        id: of the stored answer; empty if none was stored.
    """

    as_of: datetime | None = None
    id: str = ""


CallEvent = SearchStarted | Progress | TextDelta | Answered
