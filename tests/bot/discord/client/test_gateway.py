"""The connection: its intents, its sessions, and the sentences of one that can't stand."""

import contextlib
from collections.abc import AsyncIterator

import discord
import pytest

from bot.discord.client import gateway
from bot.discord.client.gateway import DiscordClient, build_client
from bot.errors import DiscordUnavailableError
from tests.servers.discord.server import TOKEN, DiscordServer
from tests.servers.discord.store import ALICE, GENERAL


@contextlib.asynccontextmanager
async def opened(client: DiscordClient) -> AsyncIterator[DiscordClient]:
    try:
        await client.open(TOKEN)
        yield client
    finally:
        await client.end()


@pytest.mark.parametrize(("reads_content", "intents"), [(False, 4_609), (True, 37_377)])
async def test_no_more_intents_than_needed(
    discord_server: DiscordServer, reads_content: bool, intents: int
):
    discord_server.gateway.allowed_intents = 1 << 15
    async with opened(build_client(reads_content=reads_content)):
        assert [each.intents for each in discord_server.gateway.sessions] == [intents]


async def test_a_lost_connection_is_resumed_with_what_was_missed(discord_server: DiscordServer):
    client = build_client(reads_content=False)
    heard: list[str] = []

    @client.event
    async def on_message(message: discord.Message) -> None:
        heard.append(message.content)
        discord_server.changes.notify()

    async with opened(client):
        await discord_server.gateway.drop()
        await discord_server.say(GENERAL, ALICE, "<@800000000000000001> still there?")
        await discord_server.wait_for(lambda: heard)
        assert discord_server.gateway.resumed == 1
        assert len(discord_server.gateway.sessions) == 1


@pytest.mark.parametrize(
    ("code", "part"),
    [(4004, "DISCORD_BOT_TOKEN"), (4013, "update docent"), (4014, "DOCENT_DISCORD_FORUMS")],
)
async def test_a_connection_that_discord_refuses_is_one_sentence(
    discord_server: DiscordServer, code: int, part: str
):
    discord_server.gateway.close_code = code
    with pytest.raises(DiscordUnavailableError, match=part):
        async with opened(build_client(reads_content=False)):
            pass
    assert len(discord_server.gateway.sessions) == 1


async def test_an_intent_that_is_not_switched_on_is_one_sentence(discord_server: DiscordServer):
    assert discord_server.gateway.allowed_intents == 0
    with pytest.raises(DiscordUnavailableError, match="Message Content Intent"):
        async with opened(build_client(reads_content=True)):
            pass


async def test_a_wrong_token_begins_no_session(discord_server: DiscordServer):
    client = build_client(reads_content=False)
    with pytest.raises(DiscordUnavailableError, match="DISCORD_BOT_TOKEN"):
        await client.open("wrong")
    await client.end()
    assert discord_server.gateway.sessions == []


async def test_the_sessions_of_a_day_are_bounded(
    discord_server: DiscordServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(gateway, "IDENTIFIES", 0)
    with pytest.raises(DiscordUnavailableError, match="0 sessions"):
        async with opened(build_client(reads_content=False)):
            pass
    assert discord_server.gateway.sessions == []


async def test_sessions_of_yesterday_do_not_count(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gateway, "IDENTIFIES", 1)
    now = [0.0]
    client = DiscordClient(reads_content=False, clock=lambda: now[0])
    await client.before_identify_hook(None, initial=True)
    with pytest.raises(DiscordUnavailableError):
        await client.before_identify_hook(None, initial=True)
    now[0] = gateway.DAY_SECONDS + 1
    await client.before_identify_hook(None, initial=True)


async def test_a_rate_limit_is_obeyed(discord_server: DiscordServer):
    async with opened(build_client(reads_content=False)) as client:
        discord_server.limited = [0.01]
        place = client.get_partial_messageable(int(GENERAL))
        message = await place.send("hello @everyone")
        discord_server.limited = [0.01]
        await message.edit(content="again")
    assert [each.method for each in discord_server.calls][-4:] == ["POST", "POST", "PATCH", "PATCH"]
    [own] = discord_server.list_own(GENERAL)
    assert own["content"] == "again"
