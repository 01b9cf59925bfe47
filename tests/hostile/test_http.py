"""HTTP mode under attack: raw bytes on real sockets, against the real app."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.texts import answers
from ingest.state.database import open_state
from tests.bot.conftest import Docent
from tests.bot.slack.actions.test_commands import told
from tests.hostile.attacks import Attack, each_attack, read_attacks
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import ALICE

EVENT = '{"type": "event_callback", "event": {"type": "nothing"}}'


@dataclass(frozen=True)
class Reply:
    """What came back on the socket."""

    status: int
    body: str


@dataclass(frozen=True)
class Outcome:
    """What an attack brought: a reply, and lines in the log that tell of a fault."""

    reply: Reply
    faults: list[str]


class FaultCollector(logging.Handler):
    """Keeps the lines that no attack may cause: errors, and those with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            self.lines.append(record.getMessage())


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What all attacks brought, one after the other against one app."""
    return asyncio.run(strike_all(tmp_path_factory.mktemp("http")))


async def strike_all(folder: Path) -> dict[str, Outcome]:
    """Send each attack, and a command after it, which must be answered."""
    engine, faults = open_state(f"sqlite:///{folder / 'state.sqlite'}"), FaultCollector()
    outcomes: dict[str, Outcome] = {}
    async with SlackServer() as slack, AsyncExitStack() as starts:
        logging.getLogger().addHandler(faults)
        starts.callback(logging.getLogger().removeHandler, faults)
        docent = Docent(slack, engine, starts)
        base = await docent.start_http()
        helped = told(ALICE, answers.HELP.split("\n", 1)[0])
        for attack in read_attacks("http"):
            reply = await exchange(base, build_request(attack, slack.signing_secret))
            await slack.slash("/docent", "help")
            message = await slack.wait_for_message(helped)
            del slack.store.all[message.channel, message.ts]
            outcomes[attack["name"]] = Outcome(reply, faults.lines)
            faults.lines = []
    engine.dispose()
    assert slack.violations == []
    return outcomes


@each_attack("http")
def test_attacks_get_a_status_and_one_line(attack: Attack, outcomes: dict[str, Outcome]):
    outcome = outcomes[attack["name"]]
    assert outcome.reply.status == attack["status"]
    assert len(outcome.reply.body.splitlines()) <= 1
    assert not {"signature", "stamp", "secret"} & set(outcome.reply.body.lower().split())
    assert outcome.faults == []


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
