"""Transports: a WebSocket that docent opens, or HTTP requests that it serves."""

from __future__ import annotations

import json
from typing import Protocol

from aiohttp import WSMessage, web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.settings import BotSettings
from bot.slack.client.connection import reveal_secret
from rag_core.errors import SettingsError

EVENTS_PATH = "/slack/events"
HEALTH_PATH = "/healthz"


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
        return HttpTransport(app, settings.http_port, listener)
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

    def __init__(self, app: AsyncApp, port: int, listener: ConnectionListener) -> None:
        self._app = app
        self._port = port
        self._listener = listener
        server = web.Application()
        server.router.add_post(EVENTS_PATH, self._dispatch_request)
        server.router.add_get(HEALTH_PATH, _answer_health_check)
        self._runner = web.AppRunner(server, access_log=None, shutdown_timeout=5)

    async def open(self) -> None:
        """Listen on the port, on all interfaces.

        Raises:
            SettingsError: the port is taken or not allowed.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, port=self._port).start()
        except OSError as error:
            raise SettingsError(
                f"Nothing can be served on DOCENT_HTTP_PORT={self._port}: {error.strerror}."
            ) from error
        self._listener.on_connected()

    async def is_connected(self) -> bool:
        """Return True while the server listens."""
        return bool(self._runner.addresses)

    async def close(self) -> None:
        """Accept no more requests."""
        await self._runner.cleanup()

    async def _dispatch_request(self, request: web.Request) -> web.Response:
        response = await self._app.async_dispatch(await to_bolt_request(request))
        return await to_aiohttp_response(response)


async def _answer_health_check(request: web.Request) -> web.Response:
    del request
    return web.Response(text="ok")
