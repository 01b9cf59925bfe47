"""Which requests are Slack's, and what their bodies hold."""

from __future__ import annotations

import asyncio
import contextlib
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from bot.http_server import HttpLimits, RefusedError
from bot.slack.client.signed_requests import MAX_AGE_SECONDS, RequestReader, parse_payload
from tests.servers.slack.delivery import signature

SECRET, NOW = "s3cret", 1_700_000_000
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
EVENT = {"type": "event_callback", "event": {"type": "message"}}
COMMAND = {"command": "/docent", "user_id": "U1", "channel_id": "C1", "text": "payload=1"}


async def read(body: bytes, *, content_type: str = JSON, **changes: str | None) -> dict[str, Any]:
    """Read a signed request; a header that is changed to None is left out."""
    when = int(changes.pop("when", None) or NOW)
    headers = {
        "Content-Type": content_type,
        "X-Slack-Request-Timestamp": str(when),
        "X-Slack-Signature": signature(body, changes.pop("secret", None) or SECRET, when),
    }
    changed = {name.replace("_", "-").title(): value for name, value in changes.items()}
    kept = {name: value for name, value in (headers | changed).items() if value is not None}
    content = StreamReader(BaseProtocol(asyncio.get_running_loop()), limit=2**16)
    content.feed_data(body)
    content.feed_eof()
    request = make_mocked_request("POST", "/slack/events", headers=kept, payload=content)
    return await RequestReader(SECRET, lambda: NOW, HttpLimits()).read_payload(request)


async def test_a_signed_payload_is_read():
    assert await read(json.dumps(EVENT).encode()) == EVENT


@pytest.mark.parametrize("age", [-MAX_AGE_SECONDS, 0, MAX_AGE_SECONDS])
async def test_the_time_stamp_may_be_five_minutes_off(age: int):
    assert await read(json.dumps(EVENT).encode(), when=str(NOW + age)) == EVENT


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "another"},
        {"x_slack_signature": None},
        {"x_slack_signature": "v0=" + 64 * "0"},
        {"x_slack_signature": "v1=" + 64 * "0"},
        {"x_slack_request_timestamp": None},
        {"x_slack_request_timestamp": str(NOW + 1)},
        {"x_slack_request_timestamp": f" {NOW}.0"},
        {"when": str(NOW - MAX_AGE_SECONDS - 1)},
        {"when": str(NOW + MAX_AGE_SECONDS + 1)},
    ],
)
async def test_what_slack_has_not_signed_is_refused(changes: dict[str, str | None]):
    with pytest.raises(RefusedError) as refused:
        await read(json.dumps(EVENT).encode(), **changes)
    assert refused.value.status == HTTPStatus.UNAUTHORIZED


async def test_a_command_without_an_identity_is_known_by_its_signature():
    body = urlencode(COMMAND).encode()
    first = await read(body, content_type=FORM)
    assert first == COMMAND | {"trigger_id": signature(body, SECRET, NOW)}
    named = urlencode(COMMAND | {"trigger_id": "1.2"}).encode()
    assert (await read(named, content_type=FORM))["trigger_id"] == "1.2"


def test_the_payload_of_a_form_is_json():
    body = urlencode({"payload": json.dumps(EVENT)}).encode()
    assert parse_payload(body, FORM) == EVENT


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "text/plain", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        (b"", JSON, HTTPStatus.BAD_REQUEST),
        (b"[]", JSON, HTTPStatus.BAD_REQUEST),
        (b"\xff", JSON, HTTPStatus.BAD_REQUEST),
        (b'{"type": NaN}', JSON, HTTPStatus.BAD_REQUEST),
        (b'{"type": "a", "type": "b"}', JSON, HTTPStatus.BAD_REQUEST),
        (b'{"type": ' + b"[" * 100_000, JSON, HTTPStatus.BAD_REQUEST),
        (b"command=a&command=b", FORM, HTTPStatus.BAD_REQUEST),
        (b"payload=", FORM, HTTPStatus.BAD_REQUEST),
        (b"a=%ff", FORM, HTTPStatus.BAD_REQUEST),
        (b"a=1&" * 200, FORM, HTTPStatus.BAD_REQUEST),
        (b'{"type": "interactive_message", "actions": 5}', JSON, HTTPStatus.BAD_REQUEST),
    ],
)
def test_what_is_no_payload_is_refused(body: bytes, content_type: str, status: HTTPStatus):
    with pytest.raises(RefusedError) as refused:
        parse_payload(body, content_type)
    assert refused.value.status == status


@given(st.binary(max_size=200), st.sampled_from([JSON, FORM]))
def test_any_bytes_are_read_or_refused(body: bytes, content_type: str):
    with contextlib.suppress(RefusedError):
        assert isinstance(parse_payload(body, content_type), dict)
