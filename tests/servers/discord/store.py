"""What the local Discord holds: a server with channels, and the messages in them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

EPOCH = 1_420_070_400_000
TEXT, DIRECT, PUBLIC_THREAD, FORUM = 0, 1, 11, 15
GUILD, OTHER_GUILD = "700000000000000001", "700000000000000002"
BOT, ALICE, BOB = "800000000000000001", "800000000000000002", "800000000000000003"
GENERAL, HELP_FORUM = "710000000000000001", "710000000000000002"
ELSEWHERE = "710000000000000003"
ALICE_DIRECT = "710000000000000004"
NAMES = {BOT: "docent", ALICE: "Alice", BOB: "Bob"}


@dataclass
class Channel:
    """A channel or thread, with its messages by their ids, oldest first."""

    id: str
    type: int
    guild: str = ""
    parent: str = ""
    name: str = ""
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    nonces: dict[str, str] = field(default_factory=dict)
    typing: int = 0
    is_archived: bool = False
    is_locked: bool = False

    def render(self) -> dict[str, Any]:
        """The channel as Discord shows it."""
        shown: dict[str, Any] = {"id": self.id, "type": self.type, "name": self.name}
        if self.type == DIRECT:
            return {**shown, "recipients": [build_user(ALICE)], "last_message_id": None}
        shown |= {"guild_id": self.guild, "parent_id": self.parent or None}
        if self.type != PUBLIC_THREAD:
            return {**shown, "position": 0, "permission_overwrites": [], "available_tags": []}
        archive = {
            "archived": self.is_archived,
            "auto_archive_duration": 1_440,
            "archive_timestamp": "2026-01-01T00:00:00+00:00",
            "locked": self.is_locked,
        }
        counts = {"member_count": 1, "message_count": len(self.messages)}
        return {**shown, "owner_id": BOT, "thread_metadata": archive, **counts}


class Store:
    """The channels of two servers and a direct conversation."""

    def __init__(self) -> None:
        self._number = 0
        channels = (
            Channel(GENERAL, TEXT, GUILD, name="general"),
            Channel(HELP_FORUM, FORUM, GUILD, name="help"),
            Channel(ELSEWHERE, TEXT, OTHER_GUILD, name="elsewhere"),
            Channel(ALICE_DIRECT, DIRECT),
        )
        self.channels = {each.id: each for each in channels}

    def build_id(self) -> str:
        """A new id, with the time in it."""
        self._number += 1
        return str(((int(time.time() * 1_000) - EPOCH) << 22) | self._number)

    def add(self, channel: str, author: str, content: str, **more: Any) -> dict[str, Any]:
        """A new message, in its channel."""
        number = more.pop("id", "") or self.build_id()
        place = self.channels[channel]
        message: dict[str, Any] = {
            "id": number,
            "channel_id": channel,
            "author": build_user(author),
            "content": content,
            "timestamp": "2026-01-01T00:00:00+00:00",
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [build_user(BOT)] if f"<@{BOT}>" in content else [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "pinned": False,
            "type": 0,
            "components": [],
            "flags": 0,
        } | more
        place.messages[number] = message
        return message

    def open_thread(self, parent: str, name: str, number: str = "") -> Channel:
        """A new thread in a channel."""
        thread = Channel(
            number or self.build_id(), PUBLIC_THREAD, self.channels[parent].guild, parent, name
        )
        self.channels[thread.id] = thread
        return thread

    def render_guild(self, guild: str) -> dict[str, Any]:
        """A server as it comes after READY."""
        channels = [each for each in self.channels.values() if each.guild == guild]
        everyone = {"id": guild, "name": "@everyone", "permissions": "0", "position": 0}
        colours = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
        role = {
            **everyone,
            "color": 0,
            "colors": colours,
            "hoist": False,
            "managed": False,
            "mentionable": False,
        }
        return {
            "id": guild,
            "name": f"Server {guild[-1]}",
            "owner_id": BOB,
            "member_count": 3,
            "roles": [role],
            "emojis": [],
            "features": [],
            "channels": [each.render() for each in channels if each.type != PUBLIC_THREAD],
            "threads": [each.render() for each in channels if each.type == PUBLIC_THREAD],
            "members": [build_member(BOT) | {"user": build_user(BOT)}],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "stickers": [],
            "unavailable": False,
        }


def build_user(number: str) -> dict[str, Any]:
    """A person, or docent."""
    return {
        "id": number,
        "username": NAMES[number],
        "discriminator": "0",
        "global_name": None,
        "avatar": None,
        "bot": number == BOT,
    }


def build_member(number: str, roles: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a server knows of a person."""
    return {
        "roles": list(roles),
        "joined_at": "2026-01-01T00:00:00+00:00",
        "deaf": False,
        "mute": False,
        "flags": 0,
        "nick": None if number == BOT else NAMES[number],
    }
