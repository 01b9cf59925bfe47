"""Messages: turns Discord's into `IncomingMessage`s, or None where docent stays silent."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

import discord

from bot.conversation.question_detector import is_question
from bot.conversation.small_talk import is_greeting, is_small_talk
from bot.types import Audience, IncomingMessage, MessageKey, MessageKind, Origin, SharedFile

DIRECT_TEAM = "direct"
"""Stands for the server where there is none."""

EDIT_SECONDS = 600.0
"""An edit within so long after the message was written is answered again."""

_WRITTEN = {discord.MessageType.default, discord.MessageType.reply}
_MENTION = re.compile(r"<(@[!&]?|#)(\d+)>")


@dataclass(frozen=True, slots=True)
class ListenerConfig:
    """The servers and forums that decide what docent listens to.

    Attributes:
        bot_user: id of docent's user.
        guilds: ids of the servers in which docent answers.
        forums: ids of the forums whose new posts it answers by itself.
        reads_threads: whether it reads threads without a mention.
    """

    bot_user: int
    guilds: Collection[str] = ()
    forums: Collection[str] = ()
    reads_threads: bool = False


def parse_message(message: discord.Message, config: ListenerConfig) -> IncomingMessage | None:
    """Return a message for docent; None if docent stays silent."""
    if not is_heard(message, config) or message.edited_at is not None:
        return None
    audience = _find_audience(message, config)
    if audience is None:
        return None
    parsed = _build_message(message, config, audience)
    if audience == "channel" and not is_question(parsed.text):
        return None
    return parsed if parsed.text or audience == "mention" else None


def parse_edit(message: discord.Message, config: ListenerConfig) -> IncomingMessage | None:
    """Return an edited message.

    Return None unless a person changed it soon after writing it, into a question to docent.
    """
    edited = message.edited_at
    if edited is None or not is_heard(message, config):
        return None
    is_late = (edited - message.created_at).total_seconds() > EDIT_SECONDS
    if is_late or _find_audience(message, config) != "mention":
        return None
    parsed = _build_message(message, config, "mention")
    if parsed.kind != "question":  # an edit into "thanks, solved" leaves the answer as it is
        return None
    return replace(parsed, edited_ts=_format(edited), is_first_mention=True, origin="edit")


def build_key(
    message_id: int, channel: discord.abc.MessageableChannel, guild: int | None
) -> tuple[MessageKey, str]:
    """Build the key of a message, and the id of its thread.

    Args:
        message_id: id of the message.
        channel: its channel or thread; the key has the channel that a thread belongs to.
        guild: id of its server; None for a direct message.

    Returns:
        The key, and the thread, which for a message outside of one is that made of it.
    """
    team = str(guild) if guild else DIRECT_TEAM
    if isinstance(channel, discord.Thread):
        return MessageKey(team, str(channel.parent_id), str(message_id)), str(channel.id)
    return MessageKey(team, str(channel.id), str(message_id)), str(message_id)


def read_text(message: discord.Message, bot_user: int) -> str:
    """Return the text of a message, with names in place of ids."""
    names = {user.id: f"@{user.display_name}" for user in message.mentions}
    names |= {role.id: f"@{role.name}" for role in message.role_mentions}
    names |= {channel.id: f"#{channel.name}" for channel in message.channel_mentions}
    names[bot_user] = ""
    named = _MENTION.sub(lambda match: names.get(int(match[2]), match[0]), message.content)
    return named.strip()


def is_heard(message: discord.Message, config: ListenerConfig) -> bool:
    """Return True for a person's message where docent answers."""
    is_person = not message.author.bot and message.webhook_id is None
    guild = message.guild
    is_open = guild is None or str(guild.id) in config.guilds
    return is_person and is_open and message.type in _WRITTEN


def _find_audience(message: discord.Message, config: ListenerConfig) -> Audience | None:
    if message.guild is None or any(user.id == config.bot_user for user in message.mentions):
        return "mention"
    channel = message.channel
    if not isinstance(channel, discord.Thread):
        return None
    if message.id == channel.id:
        return "channel" if str(channel.parent_id) in config.forums else None
    return "thread" if config.reads_threads else None


def _build_message(
    message: discord.Message, config: ListenerConfig, audience: Audience
) -> IncomingMessage:
    key, thread = build_key(
        message.id, message.channel, message.guild.id if message.guild else None
    )
    is_direct = message.guild is None
    text, quoted = read_text(message, config.bot_user), _find_quoted(message, config)
    if isinstance(message.channel, discord.Thread) and message.id == message.channel.id:
        text = f"{message.channel.name}\n{text}".strip()  # the title of a post is half its question
    files = tuple(
        SharedFile(str(each.id), each.filename, each.content_type or "", each.size)
        for each in message.attachments
    )
    others = [user for user in message.mentions if user.id != config.bot_user]
    return IncomingMessage(
        kind="question" if quoted or files else _find_kind(text),
        key=key,
        thread_ts=thread,
        user=str(message.author.id),
        user_team=key.team,
        text=text,
        audience=audience,
        is_direct=is_direct,
        origin=_find_origin(audience, is_direct=is_direct),
        material=read_text(quoted, config.bot_user) if quoted else "",
        files=files,
        mentions_others=audience == "thread" and bool(others),
        authors=(str(quoted.author.id),) if quoted else (),
        surface="discord",
    )


def _find_quoted(message: discord.Message, config: ListenerConfig) -> discord.Message | None:
    """Return the message of another person that this one replies to."""
    replied = message.reference.resolved if message.reference else None
    if not isinstance(replied, discord.Message) or not replied.content:
        return None
    return replied if replied.author.id != config.bot_user else None


def _find_kind(text: str) -> MessageKind:
    if is_greeting(text):
        return "hint"
    return "small_talk" if is_small_talk(text) else "question"


def _find_origin(audience: Audience, *, is_direct: bool) -> Origin:
    if audience != "mention":
        return audience
    return "direct" if is_direct else "mention"


def _format(moment: datetime) -> str:
    """Return a moment as text whose order is that of time."""
    return f"{moment.timestamp():.6f}"
