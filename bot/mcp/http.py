"""MCP over HTTP: the SDK's endpoint, behind docent's own server and its proofs."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from aiohttp import web
from mcp.server.mcpserver import Context
from mcp.server.transport_security import TransportSecuritySettings

from bot.calls.library import Library
from bot.calls.requests import Caller
from bot.door.proofs import Call
from bot.errors import CallRefusedError
from bot.mcp.server import build_server

_CALL = "docent.call"


class McpEndpoint:
    """Answers requests of `/mcp`, in both eras of the protocol, without sessions."""

    def __init__(self, library: Library) -> None:
        server = build_server(library, find_caller=_find_caller)
        # Answers are streams, so that progress arrives and a client that hangs up is noticed.
        server.streamable_http_app(
            stateless_http=True,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        self._manager = server.session_manager
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to answer."""
        started = asyncio.Event()
        # Its group of tasks has to end in the task that began it.
        self._running = asyncio.create_task(self._run(started))
        await started.wait()

    async def _run(self, started: asyncio.Event) -> None:
        async with self._manager.run():
            started.set()
            await self._stopping.wait()

    async def close(self) -> None:
        """End the calls that are still open."""
        self._stopping.set()
        if self._running is not None:
            await self._running

    async def handle(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        """Answer a request whose caller is known."""
        answer = _Answer(request, call)
        await self._manager.handle_request(answer.build_scope(), answer.receive, answer.send)
        return await answer.end()


class _Answer:
    """One request as ASGI has it, which is how the SDK takes it."""

    def __init__(self, request: web.BaseRequest, call: Call) -> None:
        self._request = request
        self._call = call
        self._is_read = False
        self._response = web.StreamResponse()

    def build_scope(self) -> dict[str, Any]:
        """Build the scope of the request."""
        request = self._request
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.path,
            "raw_path": request.path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.raw_headers],
            "client": None,
            "server": None,
            "state": {},
            _CALL: self._call,
        }

    async def receive(self) -> dict[str, Any]:
        """Return the body, and nothing after it."""
        if self._is_read:  # aiohttp cancels the handler when the client hangs up
            await asyncio.Event().wait()
        self._is_read = True
        return {"type": "http.request", "body": self._call.body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send the head of the answer, or a piece of its body."""
        if message["type"] == "http.response.start":
            self._response.set_status(message["status"])
            for name, value in message["headers"]:
                self._response.headers.add(name.decode("latin-1"), value.decode("latin-1"))
            await self._response.prepare(self._request)
        elif body := message.get("body"):
            await self._response.write(body)

    async def end(self) -> web.StreamResponse:
        """End the answer, and return it."""
        if not self._response.prepared:
            await self._response.prepare(self._request)
        await self._response.write_eof()
        return self._response


def _find_caller(context: Context[Any, Any]) -> Caller:
    """Return who calls a tool.

    Raises:
        CallRefusedError: they may not ask.
    """
    request: Any = context.request_context.request
    call: Call = request.scope[_CALL]
    if call.refusal:
        raise CallRefusedError(call.refusal)
    return call.caller
