"""Both transports know whether events can arrive."""

from __future__ import annotations

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client.transport import HttpTransport, SocketTransport
from rag_core.errors import SettingsError
from tests.bot.conftest import free_port
from tests.servers.slack.server import SlackServer


@pytest.fixture
def app(slack_server: SlackServer) -> AsyncApp:
    return AsyncApp(client=AsyncWebClient(slack_server.bot_token, base_url=slack_server.base_url))


async def test_a_socket_is_connected_while_it_is_open(slack_server: SlackServer, app: AsyncApp):
    transport = SocketTransport(app, slack_server.app_token)
    assert not await transport.is_connected()
    await transport.open()
    await slack_server.wait_connected()
    assert await transport.is_connected()
    await transport.close()
    assert not await transport.is_connected()


async def test_http_mode_is_connected_while_it_listens(app: AsyncApp):
    port = free_port()
    transport, other = HttpTransport(app, port), HttpTransport(app, port)
    assert not await transport.is_connected()
    await transport.open()
    assert await transport.is_connected()
    with pytest.raises(SettingsError):
        await other.open()
    assert not await other.is_connected()
    await other.close()
    await transport.close()
    assert not await transport.is_connected()
