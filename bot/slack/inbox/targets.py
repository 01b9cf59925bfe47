"""Message targets: messages that a person asks docent about, by shortcut or reaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from bot.slack.client.workspace import is_direct_channel
from bot.slack.content.attachments import list_quoted_authors
from bot.slack.content.message_content import read_content
from bot.slack.content.payloads import as_mapping
from bot.slack.inbox.messages import ListenerConfig
from bot.storage.answers import PRIVATE_TS_PREFIX
from bot.types import IncomingMessage, MessageKey, Origin, SharedFile

SHORTCUT = "docent_ask_about"
"""`callback_id` of the message shortcut."""


@dataclass(frozen=True, slots=True)
class MessageTarget:
    """A message that a person asks docent about, and who asks.

    Attributes:
        key: key of the message.
        user: id of the asker.
        user_team: id of the asker's team; empty if Slack does not say.
        thread_ts: time stamp of the message's thread; of the message itself if it is in none.
        text: its text; empty if it has still to be read.
        material: what it quotes or forwards.
        files: the files that it shares.
        is_foreign: True if its author may not ask, so that it has no content here.
        delivery: names the use of a shortcut, the same in each delivery; empty for a reaction.
        authors: ids of the people, other than the asker, whose words it holds.
    """

    key: MessageKey
    user: str
    user_team: str = ""
    thread_ts: str = ""
    text: str = ""
    material: str = ""
    files: tuple[SharedFile, ...] = ()
    is_foreign: bool = False
    delivery: str = ""
    authors: tuple[str, ...] = ()

    @property
    def in_thread(self) -> bool:
        """True if the message is a reply in a thread."""
        return self.thread_ts not in {"", self.key.ts}


def build_question(target: MessageTarget, origin: Origin) -> IncomingMessage:
    """Return the question about a target.

    A shortcut's has a key of its own.

    The question by a reaction still lacks the text of its message.
    """
    key, thread_ts = target.key, target.thread_ts or target.key.ts
    if origin == "shortcut":
        key = MessageKey(key.team, key.channel, build_private_ts(target.delivery))
    return IncomingMessage(
        kind="question",
        key=key,
        thread_ts=key.ts if origin == "shortcut" else thread_ts,
        user=target.user,
        user_team=target.user_team,
        text=target.text,
        is_direct=is_direct_channel(key.channel),
        origin=origin,
        material=target.material,
        files=target.files,
        target_ts=target.key.ts,
        target_thread_ts=thread_ts,
        is_about_foreign=target.is_foreign,
        authors=target.authors,
    )


def list_authors(message: Mapping[str, Any], *, asker: str) -> tuple[str, ...]:
    """Return the ids of others whose words a message holds."""
    authors = [str(message.get("user") or ""), *list_quoted_authors(message.get("attachments"))]
    return tuple(dict.fromkeys(each for each in authors if each and each != asker))


def build_private_ts(delivery: str) -> str:
    """Return the time stamp of a private question."""
    digest = blake2b(delivery.encode(errors="replace"), digest_size=12).hexdigest()
    return f"{PRIVATE_TS_PREFIX}{digest}"


def parse_shortcut(
    body: Mapping[str, Any], config: ListenerConfig, *, is_readable: bool = True
) -> MessageTarget:
    """Return the target of a message shortcut.

    Args:
        body: the payload.
        config: names docent's workspace.
        is_readable: False if the author of the message may not ask; then it has no content.

    Returns:
        The message that the person asks about.
    """
    message, user = body["message"], body["user"]
    ts = str(message["ts"])
    said = message if is_readable else {}
    content = read_content(said)
    return MessageTarget(
        key=MessageKey(config.team, str(body["channel"]["id"]), ts),
        user=str(user["id"]),
        user_team=str(user.get("team_id") or as_mapping(body.get("team")).get("id") or ""),
        is_foreign=not is_readable,
        thread_ts=str(message.get("thread_ts") or ts),
        text=content.text,
        material=content.material,
        files=content.files,
        authors=list_authors(said, asker=str(user["id"])),
        delivery=str(body.get("trigger_id") or f"{user['id']} {body.get('action_ts')}"),
    )


def parse_reaction(event: Mapping[str, Any], config: ListenerConfig) -> MessageTarget | None:
    """Return the target of a reaction.

    Return None unless it is docent's emoji on another person's message.
    """
    item = as_mapping(event.get("item"))
    name = str(event.get("reaction") or "").partition("::")[0]  # without the skin tone
    if not config.emoji or name != config.emoji or item.get("type") != "message":
        return None
    if config.bot_user in {event.get("user"), event.get("item_user")}:
        return None
    if not all((item.get("channel"), item.get("ts"), event.get("user"))):
        return None
    key = MessageKey(config.team, str(item["channel"]), str(item["ts"]))
    return MessageTarget(key, user=str(event["user"]))
