"""Delivery of payloads to the app: over Socket Mode, or as signed HTTP requests."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import urllib.parse
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web

from tests.servers.slack.store import APP
from tests.servers.waiting import Changes

MOST_SOCKETS = 10
RETRIES = 3


@dataclass(frozen=True)
class Ack:
    """The app's answer to one delivery. `payload` is what came with it, `seconds` how long it
    took; `status` is the HTTP status, 200 for Socket Mode.
    """

    kind: str
    payload: Any
    seconds: float
    status: int = 200


@dataclass(frozen=True)
class Delivery:
    """A payload on its way: `kind` is events_api, slash_commands or interactive."""

    kind: str
    payload: dict[str, Any]
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True)
class _Pending:
    delivery: Delivery
    socket: web.WebSocketResponse
    sent: float
    ack: asyncio.Future[Ack]


@dataclass(frozen=True, eq=False)
class _Connection:
    socket: web.WebSocketResponse
    transport: Any
    process: str


class Sockets:
    """The Socket Mode side: hello, envelopes, acks, disconnects.

    Attributes:
        preferred: name of the process that gets the next deliveries while it is connected; empty
            sends them to any one connection.
        loses_acks: whether acks get lost on their way, so that they never reach Slack.
        lost_acks: how many were lost.
    """

    def __init__(self, changes: Changes, report: Callable[[str, str], None]) -> None:
        self.acks: list[Ack] = []
        self.opened = 0
        self.preferred = ""
        self.loses_acks = False
        self.lost_acks = 0
        self._changes = changes
        self._report = report
        self._open: list[_Connection] = []
        self._tickets: dict[str, str] = {}
        self._pending: dict[str, _Pending] = {}
        self._done: set[str] = set()
        self._turn = 0

    @property
    def count(self) -> int:
        """Connections open now."""
        return len(self._open)

    @property
    def unacked(self) -> int:
        """Deliveries that were sent and not acked yet."""
        return len(self._pending)

    def is_connected(self, process: str) -> bool:
        """Return whether a process has a connection."""
        return any(each.process == process for each in self._open)

    def ticket(self, process: str = "") -> str:
        """Lets one connection of a process in."""
        ticket = uuid.uuid4().hex
        self._tickets[ticket] = process
        return ticket

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One WebSocket connection, from hello to its end."""
        process = self._tickets.pop(request.query.get("ticket", ""), None)
        if process is None:
            return web.Response(status=403)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.count >= MOST_SOCKETS:
            self._report("socket", f"more than {MOST_SOCKETS} connections")
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            return socket
        entry = _Connection(socket, request.transport, process)
        await self._hello(socket)
        self._open.append(entry)
        self.opened += 1
        self._changes.notify()
        try:
            async for frame in socket:
                self._received(frame)
        finally:
            self._open.remove(entry)
            self._lost(socket)
            self._changes.notify()
        return socket

    async def _hello(self, socket: web.WebSocketResponse) -> None:
        hello = {
            "type": "hello",
            "num_connections": self.count + 1,
            "connection_info": {"app_id": APP},
            "debug_info": {"host": "local", "build_number": 1, "approximate_connection_time": 60},
        }
        await socket.send_json(hello)

    async def send(self, delivery: Delivery, timeout: float) -> Ack:
        """Deliver on any one connection; an event whose connection is lost is sent again.

        Raises:
            TimeoutError: no connection, or no ack.
            ConnectionResetError: the connection was lost under a command or an action.
        """
        while True:
            try:
                return await self._send_once(delivery, timeout)
            except ConnectionResetError:
                if delivery.kind != "events_api" or delivery.attempt >= RETRIES:
                    raise
                again = delivery.attempt + 1
                delivery = Delivery(delivery.kind, delivery.payload, again, "timeout")

    async def _send_once(self, delivery: Delivery, timeout: float) -> Ack:
        await self._changes.until(lambda: self.count, timeout, lambda: "the app is not connected")
        socket = self._choose()
        envelope = str(uuid.uuid4())
        ack: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._pending[envelope] = _Pending(delivery, socket, time.monotonic(), ack)
        await socket.send_json(_envelope(envelope, delivery))
        self._changes.notify()
        try:
            async with asyncio.timeout(timeout):
                return await ack
        except TimeoutError:
            raise TimeoutError(f"the app did not ack: {delivery}") from None

    def _choose(self) -> web.WebSocketResponse:
        """One of the open connections, each in its turn."""
        self._turn += 1
        preferred = [each for each in self._open if each.process == self.preferred]
        chosen = preferred or self._open
        return chosen[self._turn % len(chosen)].socket

    def _received(self, frame: aiohttp.WSMessage) -> None:
        """An ack, or something an app has no business to send."""
        if frame.type is not WSMsgType.TEXT:
            return
        if self.loses_acks:
            self.lost_acks += 1
            self._changes.notify()
            return
        body = json.loads(frame.data)
        envelope = body.get("envelope_id")
        if envelope in self._done:
            self._report("ack", f"{envelope} acked twice")
        elif envelope not in self._pending or set(body) - {"envelope_id", "payload"}:
            self._report("ack", f"not an ack: {body}")
        else:
            self._acked(envelope, body.get("payload"))

    def _acked(self, envelope: str, payload: Any) -> None:
        pending = self._pending.pop(envelope)
        self._done.add(envelope)
        ack = Ack(pending.delivery.kind, payload, time.monotonic() - pending.sent)
        self.acks.append(ack)
        if not pending.ack.done():
            pending.ack.set_result(ack)
        self._changes.notify()

    def _lost(self, socket: web.WebSocketResponse) -> None:
        for envelope, pending in list(self._pending.items()):
            if pending.socket is socket:
                del self._pending[envelope]
                if not pending.ack.done():
                    pending.ack.set_exception(ConnectionResetError("socket lost before the ack"))

    def abort(self) -> None:
        """Cut every connection without a word, like a network that fails."""
        for each in self._open:
            each.transport.abort()

    async def close(self) -> None:
        """Close every connection politely."""
        for each in list(self._open):
            await each.socket.close()

    async def ask_to_reconnect(self, reason: str) -> None:
        """Tell every connection that it will end: `warning` or `refresh_requested`."""
        for each in list(self._open):
            await each.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {}})


def _envelope(envelope_id: str, delivery: Delivery) -> dict[str, Any]:
    body: dict[str, Any] = {
        "envelope_id": envelope_id,
        "type": delivery.kind,
        "payload": delivery.payload,
        "accepts_response_payload": delivery.kind != "events_api",
    }
    if delivery.kind == "events_api":
        body |= {"retry_attempt": delivery.attempt, "retry_reason": delivery.reason}
    return body


def signature(body: bytes, secret: str, timestamp: int) -> str:
    """Slack's v0 signature of a request body."""
    base = b"v0:%d:%s" % (timestamp, body)
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def encode(delivery: Delivery) -> tuple[bytes, str]:
    """Body and content type: events are JSON, commands a form, actions JSON inside a form."""
    if delivery.kind == "events_api":
        return json.dumps(delivery.payload).encode(), "application/json"
    form = delivery.payload
    if delivery.kind == "interactive":
        form = {"payload": json.dumps(delivery.payload)}
    return urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded"


async def post(url: str, delivery: Delivery, secret: str, *, timestamp: int | None = None) -> Ack:
    """Send a delivery to the app's HTTP endpoint, signed with the secret."""
    body, content_type = encode(delivery)
    when = int(time.time()) if timestamp is None else timestamp
    headers = {
        "Content-Type": content_type,
        "X-Slack-Request-Timestamp": str(when),
        "X-Slack-Signature": signature(body, secret, when),
    }
    if delivery.attempt:
        headers["X-Slack-Retry-Num"] = str(delivery.attempt)
        headers["X-Slack-Retry-Reason"] = delivery.reason
    started = time.monotonic()
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers) as response,
    ):
        text = await response.text()
    payload = json.loads(text) if response.content_type == "application/json" else text or None
    return Ack(delivery.kind, payload, time.monotonic() - started, response.status)
