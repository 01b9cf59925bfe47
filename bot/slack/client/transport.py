"""Transports: a WebSocket that docent opens, or HTTP requests that it serves."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import WSMessage, web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.http_server import HttpLimits, HttpServer
from bot.settings import BotSettings
from bot.slack.client.required_secrets import reveal_secret
from bot.slack.client.signed_requests import RequestReader
from rag_core.errors import SettingsError

EVENTS_PATH = "/slack/events"
HEALTH_PATH = "/healthz"
RETRY_HEADER = "x-slack-retry-num"

_RETRY = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """Address and port of HTTP mode, and the secret of Slack's signatures."""

    host: str
    port: int
    signing_secret: str = field(repr=False)


class ConnectionListener(Protocol):
    """Is told when events begin to arrive, and while they do."""

    def on_connected(self) -> None:
        """Take note of a new connection; events before it may be lost."""

    def on_heard(self) -> None:
        """Take note of a sign that the connection works."""


class Transport(Protocol):
    """A way in which Slack's events arrive."""

    async def open(self) -> None:
        """Begin to accept events."""

    async def is_connected(self) -> bool:
        """Return True while events can arrive."""

    async def close(self) -> None:
        """Accept no more events."""


def build_transport(
    app: AsyncApp, settings: BotSettings, listener: ConnectionListener
) -> Transport:
    """Build the HTTP transport if a port is set, else Socket Mode.

    Args:
        app: gets the events.
        settings: the port, or the token of Socket Mode.
        listener: is told of connections.

    Returns:
        The transport, which the caller opens.
    """
    if settings.http_port is not None:
        secret = reveal_secret(settings.slack_signing_secret)
        address = HttpAddress(settings.http_host, settings.http_port, secret)
        return HttpTransport(app, address, listener)
    return SocketTransport(app, reveal_secret(settings.slack_app_token), listener)


class SocketTransport:
    """Socket Mode: events arrive on a WebSocket."""

    def __init__(self, app: AsyncApp, app_token: str, listener: ConnectionListener) -> None:
        self._handler = AsyncSocketModeHandler(app, app_token)
        self._handler.client.on_message_listeners.append(self._on_frame)
        self._listener = listener

    async def open(self) -> None:
        """Connect; Bolt reopens a lost connection by itself."""
        await self._handler.connect_async()  # type: ignore[no-untyped-call]

    async def is_connected(self) -> bool:
        """Return True while the socket is open and Slack answers its pings."""
        return await self._handler.client.is_connected()

    async def close(self) -> None:
        """Accept no more events."""
        await self._handler.close_async()  # type: ignore[no-untyped-call]

    async def _on_frame(self, frame: WSMessage) -> None:
        """Tell the listener of Slack's hello, the first frame of each connection."""
        if json.loads(frame.data).get("type") == "hello":
            self._listener.on_connected()
        else:
            self._listener.on_heard()


class HttpTransport:
    """An HTTP server: signed requests on `/slack/events`, and `/healthz` for supervisors."""

    def __init__(
        self,
        app: AsyncApp,
        address: HttpAddress,
        listener: ConnectionListener,
        *,
        limits: HttpLimits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take what is served.

        Args:
            app: gets the payloads.
            address: where it is served, and the secret that requests are signed with.
            listener: is told that events can arrive.
            limits: for addresses and requests.
            clock: the time, in seconds since 1970.
        """
        self._app = app
        self._address = address
        self._listener = listener
        limits = limits or HttpLimits()
        self._reader = RequestReader(address.signing_secret, clock, limits)
        routes = {("POST", EVENTS_PATH): self._dispatch_request, ("GET", HEALTH_PATH): _answer_ok}
        self._server = HttpServer(routes, limits=limits)

    async def open(self) -> None:
        """Listen on the port.

        Raises:
            SettingsError: the port is taken or not allowed.
        """
        host, port = self._address.host, self._address.port
        try:
            await self._server.open(host, port)
        except OSError as error:
            raise SettingsError(
                f"Nothing can be served on DOCENT_HTTP_PORT={port} of DOCENT_HTTP_HOST={host}: "
                f"{error.strerror}."
            ) from error
        self._listener.on_connected()

    async def is_connected(self) -> bool:
        """Return True while the server listens."""
        return self._server.is_open

    async def close(self) -> None:
        """Accept no more requests."""
        await self._server.close()

    async def _dispatch_request(self, request: web.BaseRequest) -> web.StreamResponse:
        payload = await self._reader.read_payload(request)
        response = await self._app.async_dispatch(_build_bolt_request(payload, request.headers))
        return await to_aiohttp_response(response)


def _build_bolt_request(payload: dict[str, Any], headers: Mapping[str, str]) -> AsyncBoltRequest:
    """Build Bolt's request of a payload that is checked and parsed.

    Those of a socket are, too. If Bolt parsed it again, it would lose commands with the word
    "payload" in them. Headers are not signed: only the one that is read goes on.
    """
    retry = headers.get(RETRY_HEADER, "")
    known = {RETRY_HEADER: retry} if _RETRY.fullmatch(retry) else {}
    return AsyncBoltRequest(mode="socket_mode", body=payload, headers=dict(known))


async def _answer_ok(request: web.BaseRequest) -> web.Response:
    del request
    return web.Response(text="ok")
