"""The data of the bot: messages, askers and what an answer rests on. Knows no Slack."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from rag_core.types import Scope

Audience = Literal["mention", "thread", "channel"]
"""Whom a message speaks to: docent, whoever is in its thread, or whoever is in its channel."""


@dataclass(frozen=True, slots=True)
class MessageKey:
    """What makes a message one and the same, however often it is delivered."""

    team: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message that may get a reply.

    Attributes:
        kind: `question`, or `hint` where docent was called without one and says how to ask.
        key: team of the workspace, channel and time stamp.
        thread_ts: the thread the reply goes to; the message itself where it began none.
        user: who wrote it.
        user_team: the team of who wrote it; not the workspace's in a shared channel.
        text: plain text, Slack's markup made readable, mentions of docent taken out.
        audience: `mention` is answered; of the others the responder decides.
        edited: when it was edited, empty where it was not.
        first_call: whether the edit is what calls docent, or gives it a question at all.
    """

    kind: Literal["question", "hint"]
    key: MessageKey
    thread_ts: str
    user: str
    user_team: str
    text: str
    audience: Audience = "mention"
    edited_ts: str = ""
    is_first_mention: bool = False

    @property
    def in_thread(self) -> bool:
        """Whether something was said before it in its thread."""
        return self.thread_ts != self.key.ts

    @property
    def is_direct(self) -> bool:
        """Whether only docent and the asker read it."""
        return self.key.channel.startswith("D")


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """A message of a thread; `mine` is docent's own, its text without sources and footer."""

    user: str
    text: str
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What an answer stands on, beside what is in it.

    Attributes:
        answer_id: of the kept answer, for buttons; empty where none was kept.
        as_of: when the documentation was last read.
        scope: which part of it was asked.
        can_escalate: whether there are people to be asked instead.
    """

    answer_id: str = ""
    as_of: datetime | None = None
    scope: Scope = field(default_factory=Scope)
    can_escalate: bool = False


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where; `team` is docent's workspace, `user_team` theirs."""

    user: str
    user_team: str
    channel: str
    team: str
