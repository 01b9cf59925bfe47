"""Which payloads have the shape of Slack's."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.client.payloads import is_well_formed

USER, CHANNEL = {"id": "U1", "team_id": "T1"}, {"id": "C1"}
CLICK = {"type": "block_actions", "user": USER, "actions": [{"action_id": "a", "value": "v"}]}
FORM = {"type": "view_submission", "user": USER, "view": {"type": "modal", "callback_id": "c"}}
SHORTCUT = {
    "type": "message_action",
    "user": USER,
    "channel": CHANNEL,
    "message": {"ts": "1.1", "text": "how?"},
}
EVENT = {"type": "event_callback", "event": {"type": "message", "user": "U1", "ts": "1.1"}}
COMMAND = {"command": "/docent", "user_id": "U1", "channel_id": "C1", "text": ""}


OTHERS = [
    {"type": "hello"},
    {"type": "url_verification", "challenge": "c"},
    {"ssl_check": "1", "token": "t"},
    {"type": "interactive_message", "callback_id": "c", "actions": [{"name": "n"}], "user": USER},
    {"type": "event_callback", "event": {"type": "channel_created", "channel": CHANNEL}},
    {"type": "event_callback", "event": {"type": "user_change", "user": USER | {"profile": {}}}},
    {"type": "event_callback", "event": {"type": "pin_added", "item": {"message": {"ts": "1.1"}}}},
    EVENT | {"authorizations": [{"team_id": "T1", "enterprise_id": None, "is_bot": True}]},
    CLICK | {"team": None, "enterprise": {"id": "E1", "name": "acme"}, "channel": CHANNEL},
]


@pytest.mark.parametrize("payload", [CLICK, FORM, SHORTCUT, EVENT, COMMAND, *OTHERS])
def test_what_slack_sends_is_well_formed(payload: dict[str, Any]):
    assert is_well_formed(payload)


MALFORMED = [
    {"type": "interactive_message", "callback_id": 5, "actions": 5, "user": 5},
    {"type": "interactive_message", "callback_id": "c", "actions": [5], "user": USER},
    {"type": "anything", "channel": 5},
    {"type": "anything", "response_urls": 5},
    {"type": "anything", "authorizations": [{"authorizations": [5]}]},
    {"type": "event_callback", "event": {"type": "anything", "channel": 5}},
    {"type": "event_callback", "event": {"type": "anything", "message": {"user": 5}}},
    {"type": 5},
    {"type": "url_verification", "challenge": 5},
    FORM | {"view": {"callback_id": "c"}},
    FORM | {"view": {"type": "modal"}},
    CLICK | {"actions": []},
    CLICK | {"actions": "a"},
    CLICK | {"actions": [1]},
    CLICK | {"actions": [{"action_id": ["a"]}]},
    CLICK | {"user": {}},
    CLICK | {"user": {"id": ["U1"]}},
    CLICK | {"user": "U1"},
    FORM | {"view": []},
    FORM | {"user": None},
    SHORTCUT | {"message": "how?"},
    SHORTCUT | {"message": {"ts": 1.1}},
    SHORTCUT | {"channel": {"id": {}}},
    {"type": "event_callback"},
    {"type": "event_callback", "event": []},
    {"type": "event_callback", "event": {"type": "message", "user": ["U1"]}},
    {"type": "event_callback", "event": {"type": "message", "ts": 1}},
    COMMAND | {"user_id": ["U1"]},
    COMMAND | {"channel_id": ""},
]


@pytest.mark.parametrize("payload", MALFORMED)
def test_what_slack_never_sends_is_malformed(payload: dict[str, Any]):
    assert not is_well_formed(payload)


def test_depth_is_no_error():
    payload: dict[str, Any] = {"type": "anything"}
    for _ in range(5_000):
        payload = {"type": "anything", "event": payload}
    assert isinstance(is_well_formed(payload), bool)
