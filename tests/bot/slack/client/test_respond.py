"""Posts to a response URL: each is sent once, and may have arrived without a word."""

import aiohttp
import pytest

from bot.slack.client.respond import build_respond
from tests.bot.conftest import Docent
from tests.servers.slack.store import ALICE, GENERAL, Message


def list_messages(docent: Docent) -> list[Message]:
    return list(docent.slack.store.all.values())


async def test_a_post_arrives_with_its_content(docent: Docent):
    respond = build_respond(docent.slack.response_urls.new(GENERAL, ALICE))
    response = await respond("Hello", blocks=None, response_type="ephemeral")
    assert getattr(response, "status_code", 0) == 200
    [message] = list_messages(docent)
    assert (message.shown, message.visible_to) == ("Hello", ALICE)


async def test_a_post_that_was_taken_without_a_word_is_not_repeated(docent: Docent):
    docent.slack.response_urls.unconfirmed = 1
    respond = build_respond(docent.slack.response_urls.new(GENERAL, ALICE))
    assert await respond("Hello") is None
    await respond("Goodbye")
    assert [message.shown for message in list_messages(docent)] == ["Hello", "Goodbye"]


async def test_a_post_that_never_left_is_an_error():
    respond = build_respond("http://127.0.0.1:1/response")
    with pytest.raises(aiohttp.ClientConnectorError):
        await respond("Hello")
