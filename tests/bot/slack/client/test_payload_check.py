"""Which payloads reach a listener, and which end in one line of the log."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.client.payload_check import is_well_formed
from tests.bot.conftest import Docent
from tests.servers.slack import delivery
from tests.servers.slack.delivery import Delivery

USER, CHANNEL = {"id": "U1", "team_id": "T1"}, {"id": "C1"}
CLICK = {"type": "block_actions", "user": USER, "actions": [{"action_id": "a", "value": "v"}]}
FORM = {"type": "view_submission", "user": USER, "view": {"callback_id": "c"}}
SHORTCUT = {
    "type": "message_action",
    "user": USER,
    "channel": CHANNEL,
    "message": {"ts": "1.1", "text": "how?"},
}
EVENT = {"type": "event_callback", "event": {"type": "message", "user": "U1", "ts": "1.1"}}
COMMAND = {"command": "/docent", "user_id": "U1", "channel_id": "C1", "text": ""}


@pytest.mark.parametrize("payload", [CLICK, FORM, SHORTCUT, EVENT, COMMAND, {"type": "hello"}])
def test_what_slack_sends_is_well_formed(payload: dict[str, Any]):
    assert is_well_formed(payload)


MALFORMED = [
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


async def test_over_http_it_is_refused_with_400(docent: Docent, caplog: pytest.LogCaptureFixture):
    await docent.start_http()
    ack = await delivery.post(
        str(docent.slack.events_url),
        Delivery("interactive", CLICK | {"actions": []}),
        docent.slack.signing_secret,
    )
    assert ack.status == 400
    assert "Traceback" not in caplog.text


async def test_over_a_socket_it_is_acknowledged(docent: Docent, caplog: pytest.LogCaptureFixture):
    await docent.start()
    await docent.slack.deliver(Delivery("interactive", CLICK | {"actions": []}))
    assert "A payload that is not one of Slack's was refused." in caplog.text
    assert "Traceback" not in caplog.text
