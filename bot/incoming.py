"""Arrival: a Slack event becomes an `IncomingMessage`, or nothing where docent stays silent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ANSWERED_SUBTYPES = frozenset({None, "file_share", "thread_broadcast"})
SLACKBOT = "USLACKBOT"

_MARKUP = re.compile(r"<([^<>\n]+)>")


@dataclass(frozen=True, slots=True)
class MessageKey:
    """What makes a message one and the same, however often it is delivered."""

    team: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message that gets a reply.

    Attributes:
        kind: `question`, or `hint` where docent was called without one and says how to ask.
        key: team of the workspace, channel and time stamp.
        thread_ts: the thread the reply goes to; the message itself where it began none.
        user: who wrote it.
        user_team: the team of who wrote it; not the workspace's in a shared channel.
        text: plain text, Slack's markup made readable, mentions of docent taken out.
    """

    kind: Literal["question", "hint"]
    key: MessageKey
    thread_ts: str
    user: str
    user_team: str
    text: str


def parse_event(event: Mapping[str, Any], *, bot_user: str, team: str) -> IncomingMessage | None:
    """The message of an `app_mention` or `message` event, None where it is not to be answered."""
    if not _from_a_person(event, bot_user) or not _addressed(event):
        return None
    text = plain_text(str(event.get("text") or ""), bot_user=bot_user)
    ts = str(event["ts"])
    return IncomingMessage(
        kind="question" if text else "hint",
        key=MessageKey(team, str(event["channel"]), ts),
        thread_ts=str(event.get("thread_ts") or ts),
        user=str(event["user"]),
        user_team=str(event.get("user_team") or event.get("team") or team),
        text=text,
    )


def _from_a_person(event: Mapping[str, Any], bot_user: str) -> bool:
    if event.get("bot_id") or event.get("bot_profile") or event.get("hidden"):
        return False
    if event.get("subtype") not in ANSWERED_SUBTYPES or event.get("edited"):
        return False
    complete = all(event.get(name) for name in ("user", "channel", "ts"))
    return complete and event["user"] not in {bot_user, SLACKBOT}


def _addressed(event: Mapping[str, Any]) -> bool:
    """A mention, or a direct message; a channel's `message` only doubles the `app_mention`."""
    if event.get("type") == "app_mention":
        return True
    return event.get("type") == "message" and event.get("channel_type") == "im"


def plain_text(text: str, *, bot_user: str = "") -> str:
    """Slack's message text as a person reads it, without mentions of `bot_user`."""
    if bot_user:
        text = re.sub(rf"[ \t]*<@{re.escape(bot_user)}(\|[^<>]*)?>[ \t]*", " ", text)
    text = _MARKUP.sub(_readable, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _readable(match: re.Match[str]) -> str:
    target, _, label = match[1].partition("|")
    if target.startswith("@"):
        return f"@{label.lstrip('@') or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    url = target.removeprefix("mailto:")
    return url if not label or label in url else f"{label} ({url})"
