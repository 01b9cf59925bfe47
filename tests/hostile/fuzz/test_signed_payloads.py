"""What is signed may hold anything: it gets a status, and no traceback in the log."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.client.payloads import is_well_formed
from bot.slack.inbox.targets import SHORTCUT
from bot.slack.views import buttons, modals
from tests.bot.conftest import Docent
from tests.bot.scenarios.asking.test_asking import settled
from tests.hostile.fuzz.inputs import VALUES, documents, objects
from tests.hostile.fuzz.payloads import build_payloads, mutations
from tests.servers.slack import delivery
from tests.servers.slack.delivery import Delivery

KEYS = (
    *("type", "team", "enterprise", "user", "channel", "team_id", "enterprise_id", "user_id"),
    *("channel_id", "thread_ts", "authorizations", "event", "message", "previous_message", "item"),
    *("assistant_thread", "view", "callback_id", "action_id", "actions", "function_data", "inputs"),
    *("function_execution_id", "bot_access_token", "trigger_id", "response_url", "response_urls"),
    *("is_ext_shared_channel", "is_enterprise_install", "workflow_step", "container", "state"),
    *("ts", "event_ts", "edited", "subtype", "text", "blocks", "attachments", "files", "tab"),
    *("channel_type", "reaction", "item_user", "user_profile", "value", "command", "name"),
)
values = st.none() | st.integers() | st.booleans() | st.sampled_from(VALUES) | documents
anything = st.recursive(
    values, lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=6), max_leaves=20
)
parts = st.dictionaries(st.sampled_from(KEYS), anything | objects, max_size=8)

PERSON, HERE = {"id": "U0ALICE", "team_id": "T0TEAM"}, {"id": "C0GENERAL"}
VIEW = {"type": "modal", "callback_id": modals.WHY_BAD}
MESSAGE = {"type": "message", "user": "U0ALICE", "channel": "C0GENERAL", "ts": "1.1", "text": "?"}
EVENTS: list[dict[str, Any]] = [
    {"type": "event_callback", "event": MESSAGE | {"channel_type": "channel"}},
    {"type": "event_callback", "event": MESSAGE | {"subtype": "message_changed", "message": {}}},
    {"type": "event_callback", "event": {"type": "app_home_opened", "user": "U0ALICE"}},
    {"type": "event_callback", "event": {"type": "reaction_added", "user": "U0ALICE", "item": {}}},
    {"type": "event_callback", "event": {"type": "agent_session_stopped"}},
    {"type": "event_callback", "event": {"type": "function_executed"}},
    {"type": "url_verification"},
]
INTERACTIONS: list[dict[str, Any]] = [
    *({"type": kind, "user": PERSON} for kind in ("interactive_message", "dialog_submission")),
    *({"type": kind, "user": PERSON} for kind in ("shortcut", "block_suggestion", "workflow_step")),
    {"type": "block_actions", "user": PERSON, "actions": [{"action_id": buttons.RATE}]},
    {"type": "view_submission", "user": PERSON, "view": VIEW},
    {"type": "view_closed", "user": PERSON, "view": VIEW},
    {
        "type": "message_action",
        "user": PERSON,
        "channel": HERE,
        "message": MESSAGE,
        "callback_id": SHORTCUT,
    },
]
COMMANDS: list[dict[str, Any]] = [
    {"command": "/docent", "user_id": "U0ALICE", "channel_id": "C0GENERAL", "text": "help"},
    {"command": "/docent", "type": "block_actions"},
]
shapes = st.sampled_from([*EVENTS, *INTERACTIONS, *COMMANDS, {}])


@st.composite
def payloads(draw: st.DrawFn) -> dict[str, Any]:
    """A payload of Slack's with anything in some of its places."""
    payload = draw(shapes) | draw(parts)
    for place in draw(st.sets(st.sampled_from(["event", "view", "user", "message", "channel"]))):
        if isinstance(payload.get(place), dict):
            payload[place] = payload[place] | draw(parts)
    return payload


def test_whole_payloads_are_well_formed():
    assert [each for each in build_payloads(1) if not is_well_formed(each[1])] == []


async def test_a_signed_payload_gets_a_status_and_no_traceback(
    docent: Docent, caplog: pytest.LogCaptureFixture
):
    kinds = st.sampled_from(["interactive", "events_api"])
    await send_all(docent, st.tuples(kinds, payloads()), caplog)


async def test_any_value_in_any_place_gets_a_status_and_no_traceback(
    docent: Docent, caplog: pytest.LogCaptureFixture
):
    await send_all(docent, mutations(), caplog)
    await docent.starts.aclose()  # so that no answer comes later
    docent.slack.violations.clear()  # it was asked about threads that are not there


async def send_all(
    docent: Docent,
    deliveries: st.SearchStrategy[tuple[str, dict[str, Any]]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Send payloads, signed; none may bring a traceback, neither at once nor later."""
    await docent.start_http()
    loop = asyncio.get_running_loop()

    async def send(kind: str, payload: dict[str, Any]) -> int:
        url, secret = str(docent.slack.events_url), docent.slack.signing_secret
        return (await delivery.post(url, Delivery(kind, payload), secret)).status

    def read_faults() -> list[str]:
        return [line.getMessage() for line in caplog.records if line.exc_info]

    @given(deliveries)
    def check(sent: tuple[str, dict[str, Any]]) -> None:
        kind, payload = sent
        status = asyncio.run_coroutine_threadsafe(send(kind, payload), loop).result()
        assert status < 500
        assert status != 200 or kind == "slash_commands" or is_well_formed(payload)
        assert read_faults() == []

    await asyncio.to_thread(check)
    await settled(docent)
    assert read_faults() == []
