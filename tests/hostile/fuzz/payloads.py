"""Whole payloads of each kind, as Slack sends them, and the same with any value in any place."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from bot.slack.inbox.targets import SHORTCUT
from bot.slack.views import buttons, modals
from tests.hostile.fuzz.inputs import VALUES, documents
from tests.servers.slack import events
from tests.servers.slack.store import ALICE, BOT_USER, GENERAL, TEAM, Channel, Message

Place = tuple[str | int, ...]
"""The keys and numbers that lead to a value within a payload."""

ACTIONS = (buttons.RATE, buttons.EVIDENCE, buttons.ASK_PEOPLE, buttons.STOP, buttons.SHARE)
PERSON = (ALICE, "alice")
HERE = Channel(GENERAL, "general", {ALICE, BOT_USER})
DIRECT = Channel("D0ALICE", "", {ALICE, BOT_USER})
URLS = {"response_url": "", "trigger_id": "1.1.a"}
VIEW = {"id": "V1", "hash": "1.a", "type": "modal", "callback_id": modals.WHY_BAD}
TEXT = f"<@{BOT_USER}> how is data stored?"

WORDS: list[dict[str, Any]] = [
    {"type": "text", "text": "how is data stored?", "style": {"code": True, "bold": True}},
    {"type": "link", "url": "https://e.test/x", "text": "here"},
    {"type": "date", "timestamp": 1720710212, "format": "{date}", "fallback": "July"},
    {"type": "emoji", "name": "books"},
    {"type": "user", "user_id": ALICE},
    {"type": "channel", "channel_id": GENERAL},
    {"type": "usergroup", "usergroup_id": "S1"},
    {"type": "broadcast", "range": "here"},
    {"type": "color", "value": "#fff"},
]
SECTION = {"type": "rich_text_section", "elements": WORDS}
ITEMS = {"type": "rich_text_list", "style": "ordered", "indent": 1, "offset": 2}
BLOCKS: list[dict[str, Any]] = [
    {
        "type": "rich_text",
        "elements": [
            SECTION,
            ITEMS | {"elements": [SECTION]},
            {"type": "rich_text_preformatted", "language": "sh", "elements": WORDS[:1]},
            {"type": "rich_text_quote", "elements": WORDS[:1]},
        ],
    },
    {
        "type": "table",
        "rows": [
            [
                {"type": "raw_text", "text": "a"},
                {"type": "rich_text", "elements": [SECTION]},
            ]
        ],
    },
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*a* <https://e.test|b>"},
        "fields": [{"type": "plain_text", "text": "c"}],
    },
    {"type": "context", "elements": [{"type": "image", "alt_text": "a"}]},
    {"type": "image", "title": {"type": "plain_text", "text": "a"}, "alt_text": "b"},
]
FILES: list[dict[str, Any]] = [
    {
        "id": "F1",
        "name": "a.log",
        "title": "a",
        "mimetype": "text/plain",
        "size": 12,
        "mode": "tombstone",
        "url_private": "",
    }
]
ATTACHMENTS: list[dict[str, Any]] = [
    {
        "is_msg_unfurl": True,
        "author_id": ALICE,
        "author_name": "Alice",
        "from_url": "https://e.test/archives/C1/p1",
        "text": "the disk is full",
        "files": FILES,
        "message_blocks": [
            {"team": TEAM, "message": {"user": ALICE, "blocks": BLOCKS[:1], "attachments": []}}
        ],
        "attachments": [{"author_id": ALICE, "text": "inner", "is_share": True}],
    },
    {
        "fallback": "a",
        "title": "Alert",
        "pretext": "b",
        "text": "c",
        "fields": [{"title": "d", "value": "e", "short": True}],
        "blocks": BLOCKS[2:3],
    },
]
PROFILE = {"team": TEAM, "name": "alice", "is_restricted": False, "is_ultra_restricted": False}


def build_message(number: int, **changes: Any) -> Message:
    """Build a message with all that one may hold; its time is its number."""
    ts = f"1700000000.{number:06d}"
    parts = {"blocks": BLOCKS, "files": FILES, "attachments": ATTACHMENTS} | changes
    return Message(GENERAL, ts, ALICE, TEXT, thread_ts=ts, **parts)


def build_payloads(number: int) -> list[tuple[str, dict[str, Any]]]:
    """Build a payload of each kind, and how Slack delivers it; each has its own time."""
    message = build_message(number)
    edited = build_message(number, edited=f"1700000001.{number:06d}")
    urls = URLS | {"trigger_id": f"{number}.1.a"}
    user = {"user_team": TEAM, "user_profile": PROFILE}
    sent = [
        events.said(message, HERE, kind="app_mention") | user,
        events.said(message, HERE, kind="message") | user,
        events.said(message, DIRECT, kind="message") | user | {"channel": DIRECT.id},
        events.changed(edited, message.as_json() | {"text": "?"}, HERE),
        events.tombstone(message, HERE),
        events.deleted(message, HERE),
        events.opened(ALICE, DIRECT.id, "home"),
        events.opened(ALICE, DIRECT.id, "messages"),
        {
            "type": "reaction_added",
            "user": ALICE,
            "item_user": BOT_USER,
            "reaction": "books",
            "item": {"type": "message", "channel": GENERAL, "ts": message.ts},
            "event_ts": message.ts,
        },
        {"type": "agent_session_stopped", "channel": GENERAL, "thread_ts": message.ts},
    ]
    form = events.submitted(VIEW | {"blocks": []}, {}, user=PERSON)
    form["view"]["private_metadata"] = "a-1"
    form["view"]["state"] = {"values": {"b": {modals.COMMENT: {"value": "wrong"}}}}
    action = {"type": "button", "block_id": "b", "value": "up a-1"}
    clicks = [
        events.clicked(message, action | {"action_id": each}, user=PERSON, urls=urls)
        for each in ACTIONS
    ]
    pointed = events.pointed_at(message, SHORTCUT, user=PERSON, channel=HERE, urls=urls)
    commands = [
        events.slash("/docent", text, user=PERSON, channel=HERE, urls=urls)
        for text in ("help", "scope", "ask how is data stored?")
    ]
    interactions = [form, form | {"type": "view_closed"}, *clicks, pointed]
    return [
        *(("events_api", events.callback(each)) for each in sent),
        *(("interactive", each) for each in interactions),
        *(("slash_commands", each) for each in commands),
    ]


def iterate_places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the places of all values within a value."""
    inner = enumerate(value) if isinstance(value, list) else ()
    for key, each in value.items() if isinstance(value, dict) else inner:
        yield (*place, key)
        yield from iterate_places(each, (*place, key))


NUMBERS = [0, -1, 10**30, 1e308, float("inf"), True, False, None]
TEXTS = ["12 KB", "x", "-1", "1e9", "nan", "\ud800", "\x00", "[[[[", "[5]", '{"a": 1}', "9" * 30]
SHAPES: list[Any] = [[], {}, [[]], [{}], [5], [[5]], [None], {"a": {"a": 1}}, ["x"], {"x": []}]
json_values = st.sampled_from([*NUMBERS, *TEXTS, *VALUES, *SHAPES]) | documents
kinds = st.integers(0, len(build_payloads(1)) - 1)


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A whole payload in which up to three values are others, or missing."""
    kind, payload = build_payloads(draw(st.integers(0, 999_999)))[draw(kinds)]
    payload = copy.deepcopy(payload)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(list(iterate_places(payload))))
        holder: Any = payload
        for key in place[:-1]:
            holder = holder[key]
        if draw(st.booleans()) and draw(st.booleans()):
            del holder[place[-1]]
        else:
            holder[place[-1]] = copy.deepcopy(draw(json_values))
    return kind, encode_form(payload) if kind == "slash_commands" else payload


def encode_form(payload: dict[str, Any]) -> dict[str, Any]:
    """A command as a form can carry it: texts that UTF-8 has."""
    return {key: str(value).encode(errors="replace").decode() for key, value in payload.items()}
