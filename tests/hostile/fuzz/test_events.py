"""Events and payloads of Slack: ids and times are as Slack signs them, all else is anything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.slack.actions.deliveries import read_delivery
from bot.slack.client.payloads import is_well_formed
from bot.slack.content.message_content import read_content
from bot.slack.inbox.messages import ListenerConfig, parse_deletion, parse_edit, parse_event
from bot.types import IncomingMessage, MessageKey
from tests.hostile.fuzz.inputs import MARKDOWN, VALUES, documents, objects, texts

CONFIG = ListenerConfig(bot_user="UBOT", team="T1", auto_channels=("C1",), emoji="books")
EVENT = {"type": "message", "user": "U1", "channel": "D1", "ts": "1700000000.000100"}
EDITED = EVENT | {"edited": {"ts": "1700000001.000100"}, "text": "What is a segment?"}

names = st.none() | st.sampled_from(VALUES)
times = st.none() | st.decimals(0, 2**33, places=6).map(str)
contents = st.fixed_dictionaries(
    {},
    optional={
        "text": texts(MARKDOWN),
        "blocks": st.lists(objects, max_size=4) | documents,
        "attachments": st.lists(objects, max_size=4) | documents,
        "files": st.lists(objects, max_size=4) | documents,
    },
)
more = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("subtype", "user", "channel", "team", "bot_id", "user_team"), names)
    | {"thread_ts": times, "event_ts": times, "deleted_ts": times, "channel_type": names},
)

wild = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        (
            *("subtype", "user", "channel", "team", "bot_id", "user_team", "thread_ts", "ts"),
            *("event_ts", "deleted_ts", "channel_type", "edited", "message", "previous_message"),
        ),
        times | names | documents | objects,
    ),
)


@given(contents, more)
def test_an_event_is_a_message_or_none(content, other):
    assert isinstance(parse_event(EVENT | content | other, CONFIG), IncomingMessage | None)


@given(contents, contents, more)
def test_an_edit_is_a_message_or_none(new, old, other):
    event = EVENT | {"message": EDITED | new | other, "previous_message": EDITED | old}
    assert isinstance(parse_edit(event, CONFIG), IncomingMessage | None)
    assert isinstance(parse_deletion(event | other, CONFIG), MessageKey | None)


@given(contents, contents, wild, wild)
def test_an_event_with_anything_in_it_is_refused_or_read(new, old, outside, inside):
    event = EVENT | {"message": EDITED | new | inside, "previous_message": EDITED | old} | outside
    if is_well_formed({"type": "event_callback", "event": event}):
        assert isinstance(parse_event(event, CONFIG), IncomingMessage | None)
        assert isinstance(parse_edit(event, CONFIG), IncomingMessage | None)
        assert isinstance(parse_deletion(event, CONFIG), MessageKey | None)


@given(contents)
def test_the_content_of_a_message_is_read(content):
    assert isinstance(read_content(EVENT | content, bot_user="UBOT").text, str)


@given(st.lists(objects, max_size=3), objects, names)
def test_a_payload_has_an_identity(actions, view, user):
    for payload in ({"actions": actions}, {"view": view}, {"trigger_id": user}, {}):
        assert isinstance(read_delivery(payload | {"user": {"id": user}}), str)
