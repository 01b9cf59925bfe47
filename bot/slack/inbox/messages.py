"""Messages: turns Slack's events into `IncomingMessage`s, or None where docent stays silent."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.conversation.small_talk import is_greeting, is_small_talk
from bot.slack.client.workspace import is_direct_channel
from bot.slack.content.attachments import list_quoted_authors
from bot.slack.content.message_content import MessageContent, read_content
from bot.slack.content.rich_text import render_blocks
from bot.types import Audience, IncomingMessage, MessageKey, MessageKind, Origin

ANSWERED_SUBTYPES = frozenset({None, "file_share", "thread_broadcast"})
SLACKBOT = "USLACKBOT"
EDIT_SECONDS = 600.0
"""An edit within so long after the message was written is answered again."""

_ANSWERED_KINDS: Mapping[Audience, Collection[MessageKind]] = {
    "mention": {"question", "hint", "small_talk"},
    "thread": {"question", "hint", "small_talk"},
    "channel": {"question"},
}
_MENTION = re.compile(r"<(?:@|!subteam|!here|!channel|!everyone)")


@dataclass(frozen=True, slots=True)
class ListenerConfig:
    """The identity, channels and emoji that decide what docent listens to.

    Attributes:
        bot_user: id of docent's user.
        team: id of its workspace.
        auto_channels: ids of the channels where it answers without a mention.
        emoji: name of the reaction that calls docent, without colons; empty for none.
    """

    bot_user: str
    team: str
    auto_channels: Collection[str] = ()
    emoji: str = ""


def parse_event(event: Mapping[str, Any], config: ListenerConfig) -> IncomingMessage | None:
    """Return the message of an `app_mention` or `message` event.

    Return None if docent stays silent.
    """
    if event.get("edited") or not _is_from_person(event, config.bot_user):
        return None
    audience = _find_audience(event, config)
    if audience is None:
        return None
    message = _build_message(event, config, audience=audience)
    if audience == "thread":
        message = replace(message, mentions_others=_find_mention(event) is not None)
    # Thanks and "help" in a thread of docent's may be for docent, those in a channel are not.
    is_wordless = audience == "thread" and not message.text.strip()
    return message if message.kind in _ANSWERED_KINDS[audience] and not is_wordless else None


def parse_edit(event: Mapping[str, Any], config: ListenerConfig) -> IncomingMessage | None:
    """Return the message of a `message_changed` event.

    Return None unless a person changed the text soon after writing it.
    """
    new, old = event.get("message") or {}, event.get("previous_message") or {}
    inner = {**new, "channel": event.get("channel")}
    if not new.get("edited") or not _is_from_person(inner, config.bot_user):
        return None
    edited = str(new["edited"].get("ts") or event.get("event_ts") or "")
    is_late = not edited or float(edited) - float(new["ts"]) > EDIT_SECONDS
    if is_late or new.get("text") == old.get("text"):
        return None
    # In an automatic channel, an edit without a mention is treated as any message there.
    is_mention = _has_mention(new, config.bot_user)
    is_root = str(new.get("thread_ts") or new["ts"]) == str(new["ts"])
    is_auto = event.get("channel") in config.auto_channels and is_root and not is_mention
    message = _build_message(inner, config, audience="channel" if is_auto else "mention")
    if message.kind != "question":  # an edit into "thanks, solved" leaves the answer as it is
        return None
    was_empty = _find_kind(read_content(old, bot_user=config.bot_user)) != "question"
    is_first = is_mention and (was_empty or not _has_mention(old, config.bot_user))
    return replace(
        message,
        edited_ts=edited,
        is_first_mention=is_first or (was_empty and message.is_direct),
        origin="edit",
    )


def parse_deletion(event: Mapping[str, Any], config: ListenerConfig) -> MessageKey | None:
    """Return the key of a deleted message; None for any other event.

    A message with replies leaves a tombstone, which comes as `message_changed`; an answer that
    docent has begun is such a reply.
    """
    message = event.get("message") or {}
    ts = message.get("ts") if message.get("subtype") == "tombstone" else event.get("deleted_ts")
    channel = event.get("channel")
    return MessageKey(config.team, str(channel), str(ts)) if channel and ts else None


def _build_message(
    event: Mapping[str, Any], config: ListenerConfig, *, audience: Audience
) -> IncomingMessage:
    content = read_content(event, bot_user=config.bot_user)
    ts = str(event["ts"])
    return IncomingMessage(
        kind=_find_kind(content),
        key=MessageKey(config.team, str(event["channel"]), ts),
        thread_ts=str(event.get("thread_ts") or ts),
        user=str(event["user"]),
        user_team=str(event.get("user_team") or event.get("team") or config.team),
        text=content.text,
        audience=audience,
        is_direct=is_direct_channel(str(event["channel"])),
        origin=_find_origin(event, audience),
        material=content.material,
        files=content.files,
        authors=tuple(list_quoted_authors(event.get("attachments"))),
    )


def _find_kind(content: MessageContent) -> MessageKind:
    """Return the kind of a message; a quotation makes a question."""
    if content.files or any(each.kind != "preview" for each in content.quotations):
        return "question"
    if is_greeting(content.text):
        return "hint"
    return "small_talk" if is_small_talk(content.text) else "question"


def _find_origin(event: Mapping[str, Any], audience: Audience) -> Origin:
    if audience != "mention":
        return audience
    return "direct" if event.get("channel_type") == "im" else "mention"


def _is_from_person(event: Mapping[str, Any], bot_user: str) -> bool:
    if event.get("bot_id") or event.get("bot_profile") or event.get("hidden"):
        return False
    if event.get("subtype") not in ANSWERED_SUBTYPES:
        return False
    needed = [event.get(name) for name in ("user", "channel", "ts")]
    is_complete = all(value and isinstance(value, str) for value in needed)
    return is_complete and event["user"] not in {bot_user, SLACKBOT}


def _find_audience(event: Mapping[str, Any], config: ListenerConfig) -> Audience | None:
    """Return the audience of a message; None if others are addressed.

    In a thread, a mention in the middle may be what a question is about. Slack sends a mention as
    `app_mention` and as `message`, and docent answers the first of them.
    """
    is_direct = event.get("channel_type") == "im"
    if event.get("type") == "app_mention" or is_direct or _has_mention(event, config.bot_user):
        return "mention"
    mention = _find_mention(event)
    if event.get("thread_ts") not in {None, event["ts"]}:
        return None if mention and _is_call(mention) else "thread"
    return "channel" if event["channel"] in config.auto_channels and not mention else None


def _find_mention(event: Mapping[str, Any]) -> re.Match[str] | None:
    """Return the first mention of people or groups; None without any."""
    return _MENTION.search(_read_raw_text(event))


def _is_call(mention: re.Match[str]) -> bool:
    """Return True if at most a greeting comes before the mention."""
    before = mention.string[: mention.start()]
    return is_greeting(before) or is_small_talk(before)


def _has_mention(message: Mapping[str, Any], bot_user: str) -> bool:
    return bool(re.search(rf"<@{re.escape(bot_user)}[|>]", _read_raw_text(message)))


def _read_raw_text(message: Mapping[str, Any]) -> str:
    """Return the text with mentions, from the blocks without one."""
    return str(message.get("text") or "") or render_blocks(message.get("blocks") or ())
