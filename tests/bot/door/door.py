"""A door on a free port, over a desk, and what its callers send."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.api.routes import Api
from bot.door.app import DoorApp
from bot.door.rules import DoorRules
from bot.http_server import HttpLimits
from bot.mcp.http import McpEndpoint
from tests.bot.calls.bench import Bench
from tests.servers.slack.delivery import signature

TOKEN = "0123456789abcdef-ci"
SECRET = "slack-signing-secret"
TEAM = "T1"
ARGUMENTS = {
    "ask_docs": {"question": "Where does data live?"},
    "read_page": {"page": "guide.md"},
    "search_docs": {"query": "data"},
}


class Admission:
    """Slack's people: one of this team may ask."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    async def refuse_person(self, user: str, team: str, enterprise: str) -> str:
        self.asked.append((user, team, enterprise))
        return "" if team == TEAM and user != "UGUEST" else "I may not answer you."


@dataclass
class Door:
    """An open door."""

    port: int
    bench: Bench
    admission: Admission
    session: aiohttp.ClientSession = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def post(
        self, path: str, body: object, *, token: str = TOKEN, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        """Send JSON, or bytes as they are; the status, the parsed answer, and its headers."""
        sent = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.post(f"{self.url}{path}", data=data, headers=sent) as response:
            text = await response.text()
            found = dict(response.headers)
        try:
            return response.status, json.loads(text), found
        except ValueError:
            return response.status, text, found

    async def call_tool(
        self, name: str = "search_docs", slack: object = None, *, token: str = "", **changes: str
    ) -> tuple[int, Any]:
        """Call a tool as Slack does: signed, with the person in the message."""
        body = build_call(name, slack)
        when = int(changes.pop("when", "") or time.time())
        secret = changes.pop("secret", SECRET)
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-06-18",
            "X-Slack-Request-Timestamp": str(when),
            "X-Slack-Signature": signature(body, secret, when),
            **{each.replace("_", "-"): value for each, value in changes.items()},
        }
        status, said, _ = await self.post("/mcp", body, token=token, **headers)
        return status, parse_stream(said) if isinstance(said, str) else said


def build_call(name: str, slack: object = None, **arguments: object) -> bytes:
    """A call of a tool, with what `_meta.slack` says."""
    asked = arguments or ARGUMENTS[name]
    params: dict[str, object] = {"name": name, "arguments": asked}
    if slack is not None:
        params["_meta"] = {"slack": slack}
    return json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    ).encode()


def parse_stream(text: str) -> Any:
    """The last message of a stream."""
    lines = [line for line in text.splitlines() if line.startswith("data:")]
    return json.loads(lines[-1].removeprefix("data:")) if lines else text


def build_rules(**changes: Any) -> DoorRules:
    rules: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 0,
        "hosts": frozenset(("127.0.0.1", "localhost", "docs.example.com")),
        "tokens": {"ci": TOKEN, "editor": f"{TOKEN}-editor"},
        "signing_secret": SECRET,
        "needs_proof": True,
        "calls": 4,
    }
    return DoorRules(**(rules | changes))


def find_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.asynccontextmanager
async def open_door(
    bench: Bench, *, call_seconds: float = 30.0, limits: HttpLimits | None = None, **changes: Any
) -> AsyncIterator[Door]:
    port, admission = find_free_port(), Admission()
    api = Api(bench.library, bench.database, call_seconds=call_seconds)
    door = DoorApp(
        build_rules(**{"port": port, **changes}),
        McpEndpoint(bench.library),
        api,
        admission,
        limits=limits,
    )
    await door.open()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        try:
            yield Door(port, bench, admission, session)
        finally:
            await door.close()
            await door.end()
