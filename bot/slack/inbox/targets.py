"""A message that somebody points at, by the shortcut or by a reaction, and asks docent about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.inbox.messages import ListenerConfig
from bot.types import MessageKey

SHORTCUT = "docent_ask_about"
"""`callback_id` of the message shortcut."""


@dataclass(frozen=True, slots=True)
class MessageTarget:
    """Who points at which message.

    Attributes:
        key: the message.
        user: who points; they are the asker.
        user_team: their team; empty where Slack does not say.
        thread_ts: the thread of the message; the message itself where it is in none.
        text: its text as Slack has it; empty where it has still to be read.
    """

    key: MessageKey
    user: str
    user_team: str = ""
    thread_ts: str = ""
    text: str = ""

    @property
    def in_thread(self) -> bool:
        """Whether something was said before it in its thread."""
        return self.thread_ts not in {"", self.key.ts}


def parse_shortcut(body: Mapping[str, Any], to: ListenerConfig) -> MessageTarget:
    """What a message shortcut points at."""
    message, user = body["message"], body["user"]
    ts = str(message["ts"])
    return MessageTarget(
        key=MessageKey(to.team, str(body["channel"]["id"]), ts),
        user=str(user["id"]),
        user_team=str(user.get("team_id") or (body.get("team") or {}).get("id") or ""),
        thread_ts=str(message.get("thread_ts") or ts),
        text=str(message.get("text") or ""),
    )


def parse_reaction(event: Mapping[str, Any], to: ListenerConfig) -> MessageTarget | None:
    """What a reaction points at; None where it is not docent's emoji on somebody's message."""
    item = event.get("item") or {}
    name = str(event.get("reaction") or "").partition("::")[0]  # without the tone of the skin
    if not to.emoji or name != to.emoji or item.get("type") != "message":
        return None
    if to.bot_user in {event.get("user"), event.get("item_user")}:
        return None
    key = MessageKey(to.team, str(item["channel"]), str(item["ts"]))
    return MessageTarget(key, user=str(event["user"]))
