"""The messages of an answer: posted once by all tries, posted anew where someone deleted them."""

import contextlib
from collections.abc import AsyncIterator

from bot.discord.client.gateway import DiscordClient, build_client
from bot.discord.reply.place import Place
from bot.discord.reply.posted import PostedMessages
from bot.types import IncomingMessage, MessageKey
from tests.servers.discord.server import TOKEN, DiscordServer
from tests.servers.discord.store import ALICE, BOT, GENERAL, GUILD


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[DiscordClient]:
    client = build_client(reads_content=False)
    try:
        await client.open(TOKEN)
        await client.wait_until_listed()
        yield client
    finally:
        await client.end()


def ask(server: DiscordServer) -> IncomingMessage:
    ts = server.store.add(GENERAL, ALICE, f"<@{BOT}> how?")["id"]
    key = MessageKey(GUILD, GENERAL, ts)
    return IncomingMessage("question", key, ts, ALICE, GUILD, "how?", surface="discord")


async def test_a_process_that_died_has_posted_for_the_next_one(discord_server: DiscordServer):
    message = ask(discord_server)
    async with opened() as client:
        await PostedMessages(Place(client, message)).show(["searching"])
        later = PostedMessages(Place(client, message))
        await later.show(["the answer"])
    [own] = discord_server.list_own(message.key.ts)
    assert (own["content"], later.ids) == ("the answer", (own["id"],))


async def test_what_it_has_posted_is_found_when_the_nonce_is_forgotten(
    discord_server: DiscordServer,
):
    message = ask(discord_server)
    async with opened() as client:
        first = PostedMessages(Place(client, message))
        await first.show(["one", "two"])
        place = Place(client, message)
        assert await place.find_own(known=()) == first.ids
        assert await place.find_own(known=first.ids[:1]) == first.ids[1:]


async def test_a_message_that_someone_deleted_is_posted_anew(discord_server: DiscordServer):
    message = ask(discord_server)
    async with opened() as client:
        posted = PostedMessages(Place(client, message))
        await posted.show(["one", "two"])
        [first, _] = discord_server.list_own(message.key.ts)
        await discord_server.remove(first)
        await posted.show(["ONE", "TWO"])
    shown = [each["content"] for each in discord_server.list_own(message.key.ts)]
    assert shown == ["ONE", "TWO"]


async def test_parts_that_are_no_longer_needed_are_deleted(discord_server: DiscordServer):
    message = ask(discord_server)
    async with opened() as client:
        posted = PostedMessages(Place(client, message))
        await posted.show(["one", "two"])
        await posted.show(["one"])
    assert [each["content"] for each in discord_server.list_own(message.key.ts)] == ["one"]
