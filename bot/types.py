"""Data types of the bot: messages, askers and the context of an answer; nothing of Slack.

A message is plain data, because the inbox stores it as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Literal

from rag_core.types import Scope

Audience = Literal["mention", "thread", "channel"]
"""The addressee of a message: docent, the people in its thread, or those in its channel."""


MessageKind = Literal["question", "hint", "small_talk"]
"""Messages get an answer, an explanation of how to ask, or a reaction."""

Origin = Literal[
    "mention", "direct", "thread", "channel", "command", "shortcut", "reaction", "edit", "call"
]
"""The way in which a question came."""


Surface = Literal["slack", "discord", "mcp", "http"]
"""The place where a question was asked, and where its answer appears."""


@dataclass(frozen=True, slots=True)
class MessageKey:
    """The identity of a message, equal in each of its deliveries."""

    team: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file that a message shares: its id, name, media type, size in bytes and private URL."""

    id: str
    name: str
    media_type: str = ""
    size: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message that may get a reply.

    Attributes:
        kind: `question`; `hint` if docent was mentioned without one and explains how to ask; or
            `small_talk`, such as thanks, which gets a reaction.
        key: team of the workspace, channel and time stamp.
        thread_ts: time stamp of the thread that the reply goes to; the message's own outside of
            a thread.
        user: id of the author.
        user_team: team of the author; in a shared channel it may be another workspace's.
        text: plain text: markup made readable, mentions of docent removed.
        audience: docent answers a `mention`; the responder decides about the others.
        edited_ts: time stamp of the edit; empty if the message was not edited.
        is_first_mention: True if the edit is the first to mention docent or to ask a question.
        is_direct: True for a direct message, which only docent and the asker read.
        origin: the way it came.
        material: what the message quotes or forwards, as plain text; it is read with the question.
        files: the files that it shares.
        may_be_answered: True if a process that died without a record may have begun the answer.
        target_ts: time stamp of the message that a shortcut asks about; empty for others.
        target_thread_ts: time stamp of that message's thread; its own outside of a thread.
        was_missed: True if docent was away when it was written, and read it later.
        mentions_others: True if it speaks of other people or groups by mentions.
        home_team: the team that the author counts to: docent's for all who belong to its workspace
            or enterprise; empty before they were looked up.
        is_about_foreign: True if it asks about a message whose author may not ask.
        authors: ids of other people whose words it holds, quoted or asked about.
        surface: where it was asked.
        scope: the part of the documentation that it asks of; that of its channel if it is empty.
        has_key: True if its caller named it, and may send it again under that name.
    """

    kind: MessageKind
    key: MessageKey
    thread_ts: str
    user: str
    user_team: str
    text: str
    audience: Audience = "mention"
    edited_ts: str = ""
    is_first_mention: bool = False
    is_direct: bool = False
    origin: Origin = "mention"
    material: str = ""
    files: tuple[SharedFile, ...] = ()
    may_be_answered: bool = False
    target_ts: str = ""
    target_thread_ts: str = ""
    was_missed: bool = False
    mentions_others: bool = False
    home_team: str = ""
    is_about_foreign: bool = False
    authors: tuple[str, ...] = ()
    surface: Surface = "slack"
    scope: Scope = field(default_factory=Scope)
    has_key: bool = False

    @property
    def in_thread(self) -> bool:
        """True if the message is a reply in a thread."""
        return self.thread_ts != self.key.ts

    @property
    def asked_key(self) -> MessageKey:
        """The key of the message that is asked about: a shortcut's target, or the message."""
        return replace(self.key, ts=self.target_ts) if self.is_private else self.key

    @property
    def asked_thread_ts(self) -> str:
        """The time stamp of that message's thread."""
        return self.target_thread_ts if self.is_private else self.thread_ts

    @property
    def asks_in_thread(self) -> bool:
        """True if the message that is asked about is a reply in a thread."""
        return self.asked_thread_ts != self.asked_key.ts

    @property
    def is_private(self) -> bool:
        """True if only the asker sees the answer, which has no message of its own."""
        return self.origin in {"command", "shortcut"}

    @property
    def version(self) -> str:
        """The time and a digest of an edited message; empty for a message as it was written."""
        if not self.edited_ts:
            return ""
        digest = blake2b(self.text.encode(errors="replace"), digest_size=5).hexdigest()
        return f"{self.edited_ts}-{digest}"


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """A message of a thread.

    Attributes:
        user: id of its author.
        text: its text, with what it quotes; docent's own lacks sources and footer.
        is_own: True for docent's.
        is_app: True for another app's, such as an alert.
        is_readable: False if its author may not ask, so that its text is left out.
    """

    user: str
    text: str
    is_own: bool = False
    is_app: bool = False
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """The context that a reply shows beside the answer itself.

    Attributes:
        answer_id: id of the stored answer, for buttons; empty if none was stored.
        as_of: when the documentation was last read.
        scope: the part of the documentation that was searched.
        can_escalate: True if the question can be passed on to people.
        notes: sentences about what docent did not read, in the asker's language.
        was_missed: True if docent was away when the question was asked.
        authors: ids of other people whose words were read for the answer.
    """

    answer_id: str = ""
    as_of: datetime | None = None
    scope: Scope = field(default_factory=Scope)
    can_escalate: bool = False
    notes: tuple[str, ...] = ()
    was_missed: bool = False
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asker:
    """The person who asks, and where; `team` is docent's workspace, `user_team` theirs."""

    user: str
    user_team: str
    channel: str
    team: str
