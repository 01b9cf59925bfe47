"""Both transports know whether events can arrive."""

from __future__ import annotations

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client.transport import HttpAddress, HttpTransport, SocketTransport
from rag_core.errors import SettingsError
from tests.bot.conftest import free_port
from tests.servers.slack.server import SlackServer


class Listener:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.connections = 0
        self.signs = 0

    def on_connected(self) -> None:
        self.connections += 1

    def on_heard(self) -> None:
        self.signs += 1


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def app(slack_server: SlackServer) -> AsyncApp:
    return AsyncApp(client=AsyncWebClient(slack_server.bot_token, base_url=slack_server.base_url))


async def test_a_socket_is_connected_while_it_is_open(
    slack_server: SlackServer, app: AsyncApp, listener: Listener
):
    transport = SocketTransport(app, slack_server.app_token, listener)
    assert not await transport.is_connected()
    await transport.open()
    await slack_server.wait_connected()
    assert await transport.is_connected()
    await transport.close()
    assert not await transport.is_connected()


async def test_http_mode_is_connected_while_it_listens(app: AsyncApp, listener: Listener):
    port = free_port()
    transport, other = (
        HttpTransport(app, HttpAddress("127.0.0.1", port, "secret"), listener) for _ in range(2)
    )
    assert not await transport.is_connected()
    await transport.open()
    assert await transport.is_connected()
    with pytest.raises(SettingsError):
        await other.open()
    assert not await other.is_connected()
    await other.close()
    await transport.close()
    assert not await transport.is_connected()
    assert listener.connections == 1


async def test_each_connection_of_a_socket_is_told_and_so_are_its_events(
    slack_server: SlackServer, app: AsyncApp, listener: Listener
):
    async def accept() -> None:
        pass

    app.event("app_mention")(accept)
    transport = SocketTransport(app, slack_server.app_token, listener)
    await transport.open()
    await slack_server.wait_connected()
    await slack_server.mention("how?")
    assert (listener.connections, listener.signs) == (1, 1)
    await slack_server.sockets.ask_to_reconnect("refresh_requested")
    await slack_server.wait_connected(2)
    await slack_server.mention("and then?")
    assert listener.connections == 2
    await transport.close()
