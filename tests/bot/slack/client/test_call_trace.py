"""Requests to Slack are counted by method and status, and secret addresses stay out."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from bot.health.metrics import Metrics
from bot.slack.client.call_trace import OTHER, build_call_trace, get_method
from tests.bot.conftest import free_port
from tests.servers.loopback import Loopback

BASE = "https://slack.com/api/"


@pytest.mark.parametrize(
    ("url", "method"),
    [
        ("https://slack.com/api/chat.postMessage", "chat.postMessage"),
        ("https://slack.com/api/users.info?user=U1", "users.info"),
        ("https://SLACK.com:443/api/auth.test", "auth.test"),
        ("https://slack.com/api/", OTHER),
        ("https://slack.com/api/a/b", OTHER),
        ("https://slack.com/files/T1/F1", OTHER),
        ("https://hooks.slack.com/api/T0/secret", OTHER),
        ("https://files.slack.com/api/secret", OTHER),
    ],
)
def test_only_methods_of_the_web_api_are_named(url: str, method: str):
    assert get_method(url, BASE) == method


async def test_each_try_is_counted_with_its_status():
    statuses = iter([429, 200])

    async def answer(request: web.Request) -> web.Response:
        del request
        return web.Response(status=next(statuses))

    app = web.Application()
    app.router.add_post("/api/chat.update", answer)
    server, metrics = Loopback(app), Metrics()
    await server.start()
    base = f"http://127.0.0.1:{server.port}/api/"
    async with aiohttp.ClientSession(trace_configs=[build_call_trace(metrics, base)]) as session:
        for _ in range(2):
            async with session.post(f"{base}chat.update"):
                pass
    await server.stop()
    shown = metrics.render().decode()
    assert 'docent_slack_calls_total{method="chat.update",status="429"} 1.0' in shown
    assert 'docent_slack_calls_total{method="chat.update",status="200"} 1.0' in shown


async def test_a_request_without_a_response_is_counted_as_unreachable():
    metrics, base = Metrics(), f"http://127.0.0.1:{free_port()}/api/"
    async with aiohttp.ClientSession(trace_configs=[build_call_trace(metrics, base)]) as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"{base}auth.test")
    assert 'method="auth.test",status="unreachable"} 1.0' in metrics.render().decode()


async def test_a_request_that_docent_gives_up_is_no_failure_of_slack():
    arrived, metrics = asyncio.Event(), Metrics()

    async def hang(request: web.Request) -> web.Response:
        del request
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    app = web.Application()
    app.router.add_get("/api/auth.test", hang)
    server = Loopback(app)
    await server.start()
    base = f"http://127.0.0.1:{server.port}/api/"
    async with aiohttp.ClientSession(trace_configs=[build_call_trace(metrics, base)]) as session:
        call = asyncio.create_task(session.get(f"{base}auth.test"))
        await arrived.wait()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    await server.stop()
    assert "docent_slack_calls_total{" not in metrics.render().decode()
