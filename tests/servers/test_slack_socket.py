"""The local Slack through the real Bolt app and Socket Mode client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.slack import SlackServer


@asynccontextmanager
async def running(slack: SlackServer) -> AsyncIterator[AsyncApp]:
    client = AsyncWebClient(slack.bot_token, base_url=slack.base_url)
    app = AsyncApp(client=client)
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=1)
    await handler.connect_async()
    try:
        yield app
    finally:
        await handler.close_async()


async def test_a_mention_is_answered_in_its_thread(slack_server):
    async with running(slack_server) as app:

        @app.event("app_mention")
        async def answer(event, client):
            await client.chat_postMessage(
                channel=event["channel"], thread_ts=event["ts"], text="hi"
            )

        question = await slack_server.mention("hello?")
        reply = await slack_server.wait_for_reply(question)
    assert reply.shown == "hi"
    assert reply.thread_ts == question.ts
