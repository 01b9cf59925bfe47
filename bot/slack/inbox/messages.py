"""Arrival: a Slack event becomes an `IncomingMessage`, or nothing where docent stays silent."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.types import Audience, IncomingMessage, MessageKey

ANSWERED_SUBTYPES = frozenset({None, "file_share", "thread_broadcast"})
SLACKBOT = "USLACKBOT"
EDIT_SECONDS = 600.0
"""How long after it was written an edited question is answered again."""

_MARKUP = re.compile(r"<([^<>\n]+)>")
_MENTION = re.compile(r"<(?:@|!subteam|!here|!channel|!everyone)")


@dataclass(frozen=True, slots=True)
class ListenerConfig:
    """What docent listens to.

    Attributes:
        bot_user: its own user.
        team: its workspace.
        auto_channels: where it answers uncalled.
        emoji: the reaction that calls it, without colons; empty for none.
    """

    bot_user: str
    team: str
    auto_channels: Collection[str] = ()
    emoji: str = ""


def parse_event(event: Mapping[str, Any], to: ListenerConfig) -> IncomingMessage | None:
    """The message of an `app_mention` or `message` event, None where it is not to be answered."""
    if event.get("edited") or not _is_from_person(event, to.bot_user):
        return None
    audience = _find_audience(event, to)
    if audience is None:
        return None
    message = _build_message(event, to, audience=audience)
    return message if message.kind == "question" or audience == "mention" else None


def parse_edit(event: Mapping[str, Any], to: ListenerConfig) -> IncomingMessage | None:
    """The message of a `message_changed` event whose text a person changed soon after."""
    new, old = event.get("message") or {}, event.get("previous_message") or {}
    inner = {**new, "channel": event.get("channel")}
    if not new.get("edited") or not _is_from_person(inner, to.bot_user):
        return None
    edited = str(new["edited"].get("ts") or event.get("event_ts") or "")
    late = not edited or float(edited) - float(new["ts"]) > EDIT_SECONDS
    if late or new.get("text") == old.get("text"):
        return None
    # In a channel where docent answers uncalled, an edit calls it no more than the message did.
    called = _has_mention(str(new.get("text") or ""), to.bot_user)
    alone = str(new.get("thread_ts") or new["ts"]) == str(new["ts"])
    uncalled = event.get("channel") in to.auto_channels and alone and not called
    message = _build_message(
        inner, to, audience="channel" if uncalled else "mention", edited=edited
    )
    if message.kind != "question":
        return None
    before = str(old.get("text") or "")
    empty = not extract_plain_text(before, bot_user=to.bot_user)
    first = called and (empty or not _has_mention(before, to.bot_user))
    return replace(message, is_first_mention=first or (empty and message.is_direct))


def parse_deletion(event: Mapping[str, Any], to: ListenerConfig) -> MessageKey | None:
    """Which message a `message_deleted` event took away.

    One with replies leaves a tombstone, and comes as `message_changed`; docent's own answer, begun,
    is such a reply.
    """
    changed = event.get("message") or {}
    ts = changed.get("ts") if changed.get("subtype") == "tombstone" else event.get("deleted_ts")
    return MessageKey(to.team, str(event["channel"]), str(ts)) if ts else None


def _build_message(
    event: Mapping[str, Any],
    to: ListenerConfig,
    *,
    audience: Audience = "mention",
    edited: str = "",
) -> IncomingMessage:
    text = extract_plain_text(str(event.get("text") or ""), bot_user=to.bot_user)
    ts = str(event["ts"])
    return IncomingMessage(
        kind="question" if text else "hint",
        key=MessageKey(to.team, str(event["channel"]), ts),
        thread_ts=str(event.get("thread_ts") or ts),
        user=str(event["user"]),
        user_team=str(event.get("user_team") or event.get("team") or to.team),
        text=text,
        audience=audience,
        edited_ts=edited,
    )


def _is_from_person(event: Mapping[str, Any], bot_user: str) -> bool:
    if event.get("bot_id") or event.get("bot_profile") or event.get("hidden"):
        return False
    if event.get("subtype") not in ANSWERED_SUBTYPES:
        return False
    complete = all(event.get(name) for name in ("user", "channel", "ts"))
    return complete and event["user"] not in {bot_user, SLACKBOT}


def _find_audience(event: Mapping[str, Any], to: ListenerConfig) -> Audience | None:
    """Whom the message speaks to; None for other people, by name.

    A mention comes as `app_mention` and as `message`; whichever is first is answered.
    """
    text = str(event.get("text") or "")
    direct = event.get("channel_type") == "im"
    if event.get("type") == "app_mention" or direct or _has_mention(text, to.bot_user):
        return "mention"
    if _MENTION.search(text):
        return None
    if event.get("thread_ts") not in {None, event["ts"]}:
        return "thread"
    return "channel" if event["channel"] in to.auto_channels else None


def _has_mention(text: str, bot_user: str) -> bool:
    return bool(re.search(rf"<@{re.escape(bot_user)}[|>]", text))


def extract_plain_text(text: str, *, bot_user: str = "") -> str:
    """Slack's message text as a person reads it, without mentions of `bot_user`."""
    if bot_user:
        text = re.sub(rf"[ \t]*<@{re.escape(bot_user)}(\|[^<>]*)?>[ \t]*", " ", text)
    text = _MARKUP.sub(_render_markup, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _render_markup(match: re.Match[str]) -> str:
    target, _, label = match[1].partition("|")
    if target.startswith("@"):
        return f"@{label.lstrip('@') or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    url = target.removeprefix("mailto:")
    return url if not label or label in url else f"{label} ({url})"
