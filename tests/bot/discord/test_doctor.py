"""`docent doctor --discord` against a strict local API of Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner

from bot.cli import app
from bot.discord import doctor
from bot.discord.doctor import check_discord
from bot.discord.invitation import PERMISSIONS, build_invitation
from bot.settings import BotSettings
from rag_core.models.known_answers import CheckResult
from tests.servers.loopback import Loopback

TOKEN = "discord-token"
APP, GUILD, OTHER, FORUM, CHANNEL, HIDDEN, USER, ROLE = (
    f"{number}00000000000000000" for number in range(1, 9)
)
ALL = sum(PERMISSIONS.values())
LIMITED_CONTENT, FULL_CONTENT = 1 << 19, 1 << 18


class Api:
    """Answers reads as Discord does, and knows nothing else."""

    def __init__(self) -> None:
        self.flags = 0
        self.is_public = False
        self.status = 0
        self.guilds = [{"id": GUILD, "name": "Milvus", "permissions": str(ALL)}]
        self.channels: dict[str, dict[str, Any]] = {
            FORUM: {"id": FORUM, "name": "help", "type": 15, "guild_id": GUILD},
            CHANNEL: {"id": CHANNEL, "name": "general", "type": 0, "guild_id": GUILD},
        }
        self.application = web.Application(middlewares=[self._check])
        for path, handler in {
            "/applications/@me": self._describe_app,
            "/users/@me/guilds": self._list_guilds,
            "/guilds/{id}/roles": self._list_roles,
            "/channels/{id}": self._show_channel,
            "/users/{id}": self._show_user,
        }.items():
            self.application.router.add_get(path, handler)

    @web.middleware
    async def _check(self, request: web.Request, handler: Any) -> web.StreamResponse:
        assert request.headers["User-Agent"].startswith("DiscordBot (")
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            return web.json_response({"message": "401: Unauthorized", "code": 0}, status=401)
        if self.status:
            return web.json_response({"message": "?"}, status=self.status)
        return await handler(request)

    async def _describe_app(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"id": APP, "name": "docent", "flags": self.flags, "bot_public": self.is_public}
        )

    async def _list_guilds(self, request: web.Request) -> web.Response:
        limit, after = int(request.query["limit"]), int(request.query["after"])
        assert 1 <= limit <= 200
        later = [guild for guild in self.guilds if int(guild["id"]) > after]
        return web.json_response(sorted(later, key=lambda guild: int(guild["id"]))[:limit])

    async def _list_roles(self, request: web.Request) -> web.Response:
        if request.match_info["id"] not in {guild["id"] for guild in self.guilds}:
            return web.json_response({"message": "Missing Access", "code": 50001}, status=403)
        return web.json_response([{"id": ROLE, "name": "Moderators"}])

    async def _show_channel(self, request: web.Request) -> web.Response:
        channel = request.match_info["id"]
        if channel == HIDDEN:
            return web.json_response({"message": "Missing Access", "code": 50001}, status=403)
        if channel not in self.channels:
            return web.json_response({"message": "Unknown Channel", "code": 10003}, status=404)
        return web.json_response(self.channels[channel])

    async def _show_user(self, request: web.Request) -> web.Response:
        if request.match_info["id"] != USER:
            return web.json_response({"message": "Unknown User", "code": 10013}, status=404)
        return web.json_response({"id": USER, "username": "ada"})


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    api = Api()
    server = Loopback(api.application)
    await server.start()
    monkeypatch.setattr(doctor, "API_URL", f"http://127.0.0.1:{server.port}")
    yield api
    await server.stop()


def settings(**changes: object) -> BotSettings:
    values = {"discord_bot_token": TOKEN, "discord_guilds": GUILD, "discord_admins": USER}
    return BotSettings.load(**(values | changes))


async def check(**changes: object) -> dict[str, CheckResult]:
    return {result.name: result for result in await check_discord(settings(**changes))}


async def wrong(**changes: object) -> dict[str, str]:
    results = (await check(**changes)).values()
    return {result.name: result.says for result in results if not result.passed}


async def test_all_is_well(api: Api):
    api.flags = LIMITED_CONTENT
    results = await check(
        discord_admins=f"{ROLE} {USER}", discord_follow_ups=True, discord_forums=FORUM
    )
    assert all(result.passed for result in results.values())
    assert {name: result.says for name, result in results.items()} == {
        "Discord token": "docent is the app docent",
        "message-content intent": "is on",
        f"DOCENT_DISCORD_GUILDS {GUILD}": "Milvus: docent is a member with all permissions that "
        "it needs",
        f"DOCENT_DISCORD_FORUMS {FORUM}": "help is a forum",
        f"DOCENT_DISCORD_ADMINS {USER}": "is the user ada",
        f"DOCENT_DISCORD_ADMINS {ROLE}": "is the role Moderators",
        "invitation": build_invitation(APP),
    }


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("token", "says"),
    [
        (None, "DISCORD_BOT_TOKEN is not set: copy it from "),
        ("  ", "DISCORD_BOT_TOKEN is not set: copy it from "),
        ("other", "Discord refused DISCORD_BOT_TOKEN: copy it again from "),
    ],
)
async def test_a_token_that_is_missing_or_wrong(token: str | None, says: str):
    found = await wrong(discord_bot_token=token)
    assert list(found) == ["Discord token"]
    assert found["Discord token"].startswith(says)
    assert token is None or token.strip() == "" or token not in found["Discord token"]


async def test_discord_is_in_trouble(api: Api):
    api.status = 503
    assert await wrong() == {
        "Discord token": "Discord answered with status 503; try again in a moment."
    }


async def test_discord_can_not_be_reached(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "API_URL", "http://127.0.0.1:9")
    assert await wrong() == {"Discord token": "Discord can't be reached (ClientConnectorError)."}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"discord_follow_ups": True}, "DOCENT_DISCORD_FOLLOW_UPS needs it"),
        ({"discord_forums": FORUM}, "DOCENT_DISCORD_FORUMS needs it"),
    ],
)
async def test_an_intent_that_a_setting_needs_is_off(
    api: Api, changes: dict[str, object], named: str
):
    found = await wrong(**changes)
    assert list(found) == ["message-content intent"]
    assert named in found["message-content intent"]
    api.flags = FULL_CONTENT
    assert await wrong(**changes) == {}


@pytest.mark.usefixtures("api")
async def test_without_such_a_setting_the_intent_may_be_off():
    assert (await check())["message-content intent"].says == "is off, and no setting needs it"


async def test_a_server_without_docent_without_permissions_and_without_sense(api: Api):
    lacking = ALL & ~PERMISSIONS["Create Public Threads"] & ~PERMISSIONS["Add Reactions"]
    api.guilds = [{"id": GUILD, "name": "Milvus", "permissions": str(lacking)}]
    found = await wrong(discord_guilds=f"{GUILD} {OTHER} Milvus")
    assert found[f"DOCENT_DISCORD_GUILDS {GUILD}"].startswith(
        "Milvus: missing Add Reactions, Create Public Threads. "
    )
    assert "docent is not in this server" in found[f"DOCENT_DISCORD_GUILDS {OTHER}"]
    assert found["DOCENT_DISCORD_GUILDS Milvus"].startswith("is not an id")


async def test_servers_that_are_not_named_are_told(api: Api):
    api.guilds.append({"id": OTHER, "name": "Elsewhere", "permissions": "0"})
    results = await check()
    assert results["other servers"].says == "docent is also in Elsewhere, where it does nothing"
    empty = await check(discord_guilds="")
    assert "direct messages only" in empty["DOCENT_DISCORD_GUILDS"].says


async def test_all_servers_are_read_page_by_page(api: Api):
    api.guilds = [
        {"id": f"{number + 10**17}", "name": f"{number}", "permissions": str(ALL)}
        for number in range(401)
    ]
    last = api.guilds[-1]["id"]
    results = await check(discord_guilds=last)
    assert results[f"DOCENT_DISCORD_GUILDS {last}"].passed


async def test_forums_that_are_none(api: Api):
    api.flags = LIMITED_CONTENT
    away = "9" + FORUM[1:]
    api.channels[away] = {"id": away, "name": "far", "type": 15, "guild_id": OTHER}
    unknown = "9" * 18
    found = await wrong(discord_forums=f"{CHANNEL}, {HIDDEN}, {away}, {unknown}, #help")
    by_forum = {name.removeprefix("DOCENT_DISCORD_FORUMS "): says for name, says in found.items()}
    assert by_forum[CHANNEL].startswith("general is not a forum")
    assert "docent may not see it" in by_forum[HIDDEN]
    assert "docent may not see it" in by_forum[unknown]
    assert "DOCENT_DISCORD_GUILDS does not name" in by_forum[away]
    assert by_forum["#help"].startswith("is not an id")


@pytest.mark.usefixtures("api")
async def test_admins_that_nobody_knows():
    unknown = "9" * 18
    found = await wrong(discord_admins=f"{unknown} ada")
    assert "Discord knows no such user" in found[f"DOCENT_DISCORD_ADMINS {unknown}"]
    assert found["DOCENT_DISCORD_ADMINS ada"].startswith("is not an id")
    nobody = await check(discord_admins="")
    assert "accepts no commands for admins" in nobody["DOCENT_DISCORD_ADMINS"].says


async def test_a_public_bot_is_told(api: Api):
    api.is_public = True
    assert "anyone may use it" in (await check())["invitation"].says


@pytest.mark.usefixtures("api")
async def test_the_command_line_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISCORD_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("DOCENT_DISCORD_GUILDS", OTHER)
    ran = await asyncio.to_thread(CliRunner().invoke, app, ["doctor", "--discord"])
    assert ran.exit_code == 1
    assert "Discord token: docent is the app docent" in ran.stdout
    assert "wrong" in ran.stdout
    assert TOKEN not in ran.stdout
