"""`/docent scope`: scenarios through the real app."""

import pytest

from bot import asking_words as words
from rag_core.types import Scope
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT
from tests.bot.test_commands import told
from tests.servers.slack_store import ALICE, BOB, PRIVATE


async def set_scope(docent: Docent, limits: str) -> None:
    await docent.slack.slash("/docent", f"scope {limits}")
    await docent.slack.wait_for_message(told(ALICE, "Done"))


async def test_a_channel_asks_of_its_scope_and_the_footer_says_so(docent: Docent):
    await docent.start()
    await set_scope(docent, "version=2.6 language=en")
    question = await docent.slack.mention("how is data stored?")
    reply = await docent.slack.wait_for_reply(question, containing=TEXT)
    assert "version `2.6` · language `en`" in reply.shown
    elsewhere = await docent.slack.mention("how is data stored?", channel=PRIVATE)
    assert "2.6" not in (await docent.slack.wait_for_reply(elsewhere, containing=TEXT)).shown
    asked = [question.scope for question in docent.pipeline.questions]
    assert asked == [Scope(version="2.6", language="en"), Scope()]


async def test_it_survives_a_restart_and_can_be_cleared(docent: Docent):
    async with docent.running():
        await docent.slack.wait_connected()
        await set_scope(docent, "source=docs")
    await docent.start()
    await docent.slack.slash("/docent", "SCOPE", user=BOB)
    await docent.slack.wait_for_message(told(BOB, "asked of: source `docs`"))
    await docent.slack.slash("/docent", "scope clear")
    await docent.slack.wait_for_message(told(ALICE, words.SCOPE_CLEARED))
    await docent.slack.slash("/docent", "scope", user=BOB)
    await docent.slack.wait_for_message(told(BOB, words.SCOPE_ALL))


@pytest.mark.parametrize("limits", ["2.6", "colour=red", "version='2"])
async def test_what_is_no_scope_is_explained(docent: Docent, limits: str):
    await docent.start()
    await docent.slack.slash("/docent", f"scope {limits}")
    await docent.slack.wait_for_message(told(ALICE, words.SCOPE_USAGE))


async def test_only_admins_change_what_a_channel_asks_of(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "scope version=2.6", user=BOB)
    await docent.slack.wait_for_message(told(BOB, words.SCOPE_ADMINS_ONLY))
    direct = docent.slack.store.open_direct(BOB).id
    await docent.slack.slash("/docent", "scope version=2.6", user=BOB, channel=direct)
    await docent.slack.wait_for_message(told(BOB, "version `2.6`"))
    question = await docent.slack.dm("how is data stored?", user=BOB)
    reply = await docent.slack.wait_for_reply(question, containing=TEXT)
    assert "version `2.6`" in reply.shown


async def test_a_scope_can_call_nobody(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "scope version='<!here>'")
    message = await docent.slack.wait_for_message(told(ALICE, "Done"))
    assert "<!here>" not in message.shown
