"""HTTP mode under attack: raw bytes on real sockets, against the real app."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import Any

import pytest

from bot.texts import answers
from tests.bot.conftest import Docent
from tests.bot.slack.actions.test_commands import told
from tests.hostile.attacks import Attack, each_attack
from tests.servers.slack.store import ALICE

EVENT = '{"type": "event_callback", "event": {"type": "nothing"}}'


@dataclass(frozen=True)
class Reply:
    """What came back on the socket."""

    status: int
    body: str


@each_attack("http")
async def test_attacks_get_a_status_and_one_line(
    docent: Docent, attack: Attack, caplog: pytest.LogCaptureFixture
):
    base = await docent.start_http()
    reply = await exchange(base, build_request(attack, docent.slack.signing_secret))
    assert reply.status == attack["status"]
    assert len(reply.body.splitlines()) <= 1
    assert not {"signature", "stamp", "secret"} & set(reply.body.lower().split())
    assert [line for line in caplog.records if line.exc_info or line.levelname == "ERROR"] == []
    await docent.slack.slash("/docent", "help")
    await docent.slack.wait_for_message(told(ALICE, answers.HELP.split("\n", 1)[0]))


def build_request(attack: Attack, secret: str) -> bytes:
    """The bytes of an attack."""
    if "raw" in attack:
        return encode(attack["raw"])
    body = encode(attack.get("body", EVENT))
    stamp = attack.get("timestamp", str(int(time.time()) - attack.get("age", 0))).encode()
    key = attack.get("secret", secret).encode()
    right = "v0=" + hmac.new(key, b"v0:" + stamp + b":" + body, hashlib.sha256).hexdigest()
    headers = {
        "Host": b"docent",
        "Content-Length": b"%d" % len(body),
        "Content-Type": attack.get("content_type", "application/json").encode(),
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": attack.get("signature", right).encode("latin-1"),
    }
    unsigned = () if attack.get("signed", True) else ("X-Slack-Request-Timestamp",)
    left_out = {attack.get("without"), *unsigned, *(("X-Slack-Signature",) if unsigned else ())}
    lines = [f"{attack.get('method', 'POST')} {attack.get('path', '/slack/events')} HTTP/1.1"]
    sent = [line.encode() for line in (*lines, *attack.get("headers", ()))]
    sent += [
        name.encode() + b": " + value for name, value in headers.items() if name not in left_out
    ]
    return b"\r\n".join(sent) + b"\r\n\r\n" + body


def encode(parts: Any) -> bytes:
    """Latin-1; of a list, each text as often as it says."""
    if isinstance(parts, str):
        return parts.encode("latin-1")
    return b"".join(text.encode("latin-1") * times for text, times in parts)


async def exchange(base: str, request: bytes) -> Reply:
    """Send bytes, and read until the other side hangs up."""
    host, _, port = base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return Reply(int(head.split()[1]), body.decode())
    finally:
        writer.close()
