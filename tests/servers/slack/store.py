"""Memory of the local Slack: people, channels, messages, streams, views."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TEAM = "T0DOCENT"
APP = "A0DOCENT"
BOT_USER = "U0DOCENT"
BOT = "B0DOCENT"
ALICE = "U0ALICE"
BOB = "U0BOB"
GENERAL = "C0GENERAL"
PRIVATE = "G0PRIVATE"
GROUP = "G0GROUP"


class SlackError(Exception):
    """A method's refusal: Slack's error code, and in `detail` what was wrong in words.

    `fault` says whether the caller is to blame; faults become violations.
    """

    def __init__(self, code: str, detail: str = "", *, fault: bool = True) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.fault = fault


@dataclass
class Channel:
    """A conversation; ids start with C (public), G (private) or D (direct)."""

    id: str
    name: str
    members: set[str]
    many: bool = False

    @property
    def kind(self) -> str:
        """`channel_type` of an event; with `many` it is a group's direct messages."""
        return "mpim" if self.many else {"C": "channel", "G": "group", "D": "im"}[self.id[0]]


@dataclass
class Message:
    """A message as it stands now.

    `text` is the plain text, `markdown` what came as markdown_text or was streamed, `tasks` the
    task cards of a stream by id. `stream` is None, "live", "stopped", "stopped_by_user" or
    "expired". `visible_to` is a user id for an ephemeral message, `edited` when its author changed
    it.
    """

    channel: str
    ts: str
    user: str
    text: str = ""
    thread_ts: str | None = None
    blocks: list[dict[str, Any]] = field(default_factory=list)
    markdown: str = ""
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    stream: str | None = None
    stream_blocks: list[dict[str, Any]] = field(default_factory=list)
    visible_to: str | None = None
    edited: str = ""
    subtype: str | None = None
    bot_id: str | None = None
    metadata: dict[str, Any] | None = None
    reactions: dict[str, set[str]] = field(default_factory=dict)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    bot_profile: dict[str, Any] | None = None

    @property
    def by_bot(self) -> bool:
        """True if docent wrote it."""
        return self.user == BOT_USER

    @property
    def task(self) -> dict[str, Any]:
        """The only task card of a stream."""
        [card] = self.tasks.values()
        return card

    @property
    def live(self) -> bool:
        """True while it is streamed."""
        return self.stream == "live"

    @property
    def shown(self) -> str:
        """Text that a person sees: blocks hide `text`, and follow the streamed text."""
        blocks = [*self.stream_blocks, *self.blocks]
        body = self.markdown or ("" if blocks else self.text)
        return "\n".join(part for part in (body, *map(block_text, blocks)) if part)

    def as_json(self) -> dict[str, Any]:
        """The message object of `conversations.replies` and of events."""
        message: dict[str, Any] = {
            "type": "message",
            "user": self.user,
            "text": self.text or self.markdown,
            "ts": self.ts,
            "team": TEAM,
        }
        optional = {
            "thread_ts": self.thread_ts,
            "subtype": self.subtype,
            "bot_id": self.bot_id,
            "bot_profile": self.bot_profile,
            "blocks": self._all_blocks(),
            "metadata": self.metadata,
            "edited": {"user": self.user, "ts": self.edited} if self.edited else None,
            "reactions": self.reactions_json(),
            "attachments": self.attachments,
            "files": self.files,
        }
        return message | {key: value for key, value in optional.items() if value}

    def reactions_json(self) -> list[dict[str, Any]]:
        """Each reaction with who gave it."""
        return [
            {"name": name, "users": sorted(users), "count": len(users)}
            for name, users in self.reactions.items()
            if users
        ]

    def has_button(self, action_id: str) -> bool:
        """Whether a button with this action stands below the text."""
        elements = [each for block in self.blocks for each in block.get("elements", [])]
        return any(each.get("action_id") == action_id for each in elements)

    def _all_blocks(self) -> list[dict[str, Any]]:
        cards = [
            {"type": "task_card", "task_id": task, "title": card["title"], "status": card["status"]}
            for task, card in self.tasks.items()
        ]
        streamed = [{"type": "markdown", "text": self.markdown}] if self.markdown else []
        return [*cards, *streamed, *self.stream_blocks, *self.blocks]


def block_text(block: Any) -> str:
    """The words in a block, in reading order; alternative texts and values are not shown."""
    return "\n".join(_words(block))


def _words(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for child in node:
            yield from _words(child)
        return
    if not isinstance(node, dict):
        return
    if isinstance(node.get("text"), str):
        yield node["text"]
    for key, child in node.items():
        if key == "title" and isinstance(child, str):
            yield child
        elif isinstance(child, dict | list):
            yield from _words(child)


class Store:
    """The workspace: two people, three channels, and a direct one for each person."""

    def __init__(self) -> None:
        self.users = {ALICE: "alice", BOB: "bob", BOT_USER: "docent"}
        self.locales = {ALICE: "en-US", BOB: "en-US", BOT_USER: "en-US"}
        self.usergroups: dict[str, set[str]] = {}
        self.files: dict[str, bytes] = {}  # by path
        self.teams: dict[str, str] = {}  # of people from other workspaces
        self.guests: set[str] = set()  # people with a guest account
        self.deactivated: set[str] = set()  # people whose account was closed
        self.enterprise = ""  # of docent's workspace
        self.enterprises: dict[str, str] = {}  # of people
        self.channels = {
            GENERAL: Channel(GENERAL, "general", {ALICE, BOB, BOT_USER}),
            PRIVATE: Channel(PRIVATE, "secret", {ALICE, BOT_USER}),
            GROUP: Channel(GROUP, "", {ALICE, BOB, BOT_USER}, many=True),
        }
        self.all: dict[tuple[str, str], Message] = {}
        self.views: dict[str, dict[str, Any]] = {}
        self.triggers: set[str] = set()
        self.homes: dict[str, dict[str, Any]] = {}
        self.sessions: dict[tuple[str, str], list[str]] = {}
        self.titles: dict[tuple[str, str], str] = {}
        self.statuses: dict[tuple[str, str], list[str]] = {}
        self.prompts: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.closed: dict[str, str] = {}  # channels where nothing can be done, with the code
        self.locked: set[tuple[str, str]] = set()  # threads: channel and thread_ts
        self.restricted: dict[str, str] = {}  # channels where only some may post, with the code
        self.single_table = False  # Markdown with two tables is refused
        self.refused_blocks: set[str] = set()  # kinds of blocks that are refused
        self._last_micros = 0
        for user in (ALICE, BOB):
            self.open_direct(user)

    def new_ts(self) -> str:
        """A timestamp later than every one before."""
        self._last_micros = max(self._last_micros + 1, time.time_ns() // 1_000)
        seconds, micros = divmod(self._last_micros, 1_000_000)
        return f"{seconds}.{micros:06d}"

    def open_direct(self, user: str) -> Channel:
        """The direct channel of a person."""
        if user not in self.users:
            raise SlackError("user_not_found", user)
        name = "D" + user[1:]
        return self.channels.setdefault(name, Channel(name, "", {user, BOT_USER}))

    def channel(self, name: str) -> Channel:
        """A channel by id, the one the bot is a member of.

        Raises:
            SlackError: `channel_not_found` or `not_in_channel`.
        """
        if name not in self.channels:
            raise SlackError("channel_not_found", name)
        if BOT_USER not in self.channels[name].members:
            raise SlackError("not_in_channel", name, fault=False)
        if name in self.closed:
            raise SlackError(self.closed[name], name, fault=False)
        return self.channels[name]

    def check_open(self, channel: str, thread_ts: str | None) -> None:
        """Refuse a post where an admin has restricted posting or locked the thread.

        Raises:
            SlackError: `restricted_action...`.
        """
        if channel in self.restricted:
            raise SlackError(self.restricted[channel], channel, fault=False)
        if thread_ts and (channel, thread_ts) in self.locked:
            raise SlackError("restricted_action_thread_locked", thread_ts, fault=False)

    def check_tables(self, *texts: str) -> None:
        """Refuse a second table in the Markdown of a message, if Slack takes one.

        Raises:
            SlackError: `invalid_blocks`.
        """
        rules = sum(
            len(re.findall(r"^ *\|?[ :]*-+[-:| ]*\|[-:| ]*$", t, re.MULTILINE)) for t in texts
        )
        if self.single_table and rules > 1:
            raise SlackError("invalid_blocks", "only_one_table_allowed", fault=False)

    def check_kinds(self, blocks: list[dict[str, Any]]) -> None:
        """Refuse the kinds of blocks that a test took away.

        Raises:
            SlackError: `invalid_blocks`.
        """
        if kinds := {block["type"] for block in blocks} & self.refused_blocks:
            raise SlackError("invalid_blocks", f"unsupported: {sorted(kinds)}", fault=False)

    def add(self, message: Message) -> Message:
        """Keep a new message; a root gets its own ts as thread_ts with the first reply.

        docent's own takes the status text of its thread away.
        """
        self.all[message.channel, message.ts] = message
        if message.by_bot and not message.visible_to:
            texts = self.statuses.get((message.channel, str(message.thread_ts)), [])
            if texts and texts[-1]:
                texts.append("")
        return message

    def find(self, channel: str, ts: str) -> Message:
        """A message that can be reached by ts.

        Raises:
            SlackError: `message_not_found`.
        """
        message = self.all.get((channel, ts))
        if message is None or message.visible_to:
            raise SlackError("message_not_found", f"{channel} {ts}")
        return message

    def root(self, channel: str, thread_ts: str) -> Message:
        """The message a thread hangs on.

        Raises:
            SlackError: `thread_not_found`; `invalid_thread_ts` where it is itself a reply.
        """
        message = self.all.get((channel, thread_ts))
        if message is None or message.visible_to:
            raise SlackError("thread_not_found", f"{channel} {thread_ts}")
        if message.thread_ts not in {None, message.ts}:
            raise SlackError("invalid_thread_ts", "thread_ts is a reply's ts, not its parent's")
        return message

    def replies(self, root: Message) -> list[Message]:
        """The replies to a message, oldest first."""
        return [m for m in self.messages(root.channel, root.ts) if m.ts != root.ts]

    def messages(self, channel: str, thread_ts: str | None = None) -> list[Message]:
        """Messages of a channel, or a thread with its root, oldest first, ephemeral ones too."""
        found = (message for message in self.all.values() if message.channel == channel)
        if thread_ts is not None:
            found = (m for m in found if thread_ts in {m.thread_ts, m.ts})
        return sorted(found, key=lambda message: message.ts)
