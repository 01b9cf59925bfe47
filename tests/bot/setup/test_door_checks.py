"""`docent doctor` says who may call the port for programs, and whether it answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from bot.settings import BotSettings
from bot.setup.door_checks import check_door
from tests.bot.calls.bench import open_bench
from tests.bot.door.door import TOKEN, find_free_port, open_door
from tests.servers.loopback import Loopback

TOKENS = f"ci:{TOKEN} editor:{TOKEN}-editor"


def test_without_a_port_nothing_is_set_up():
    found = check_door(BotSettings.load())
    assert (found.passed, found.is_set_up) == (True, False)


def test_what_keeps_docent_from_its_start_is_said():
    found = check_door(BotSettings.load(mcp_port=8090, mcp_host="0.0.0.0"))
    assert not found.passed
    assert "DOCENT_MCP_TOKENS" in found.says


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "every program on this machine may call"),
        ({"mcp_tokens": TOKENS}, "callers need the token of ci or the token of editor"),
    ],
)
def test_it_says_who_may_call(settings: dict[str, str], says: str):
    found = check_door(BotSettings.load(mcp_port=find_free_port(), **settings))
    assert found.passed
    assert found.says.startswith(says)
    assert "does not run here" in found.says
    assert TOKEN not in found.says


@pytest.mark.parametrize("tokens", ["", TOKENS])
async def test_it_says_whether_docent_answers(tmp_path: Path, tokens: str):
    known = {"ci": TOKEN} if tokens else {}
    async with (
        open_bench(tmp_path) as bench,
        open_door(bench, tokens=known, needs_proof=bool(tokens)) as door,
    ):
        settings = BotSettings.load(mcp_port=door.port, mcp_tokens=tokens or None)
        found = await asyncio.to_thread(check_door, settings)
    assert found.passed
    assert found.says.endswith(f"docent answers on 127.0.0.1 port {door.port}")


async def test_another_program_on_the_port_is_named():
    app = web.Application()
    app.router.add_get("/v1/openapi.json", _answer)
    server = Loopback(app)
    await server.start()
    try:
        settings = BotSettings.load(mcp_port=server.port)
        found = await asyncio.to_thread(check_door, settings)
    finally:
        await server.stop()
    assert (found.passed, found.says.startswith("another program answers")) == (False, True)


async def test_another_program_that_refuses_is_named():
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=401, headers={"Server": "nginx"})

    app = web.Application()
    app.router.add_get("/v1/openapi.json", refuse)
    server = Loopback(app)
    await server.start()
    secrets = {"slack_bot_token": "xoxb-1", "slack_signing_secret": "secret"}
    try:
        settings = BotSettings.load(mcp_port=server.port, mcp_hosts="docs.example.com", **secrets)
        found = await asyncio.to_thread(check_door, settings)
    finally:
        await server.stop()
    assert (found.passed, found.says.startswith("another program answers")) == (False, True)


async def _answer(_: web.Request) -> web.Response:
    return web.json_response({"info": {"title": "another"}})
