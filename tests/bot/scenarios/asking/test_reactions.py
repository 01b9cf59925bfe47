"""A reaction asks docent about a message, where `DOCENT_EMOJI` is set."""

import pytest

from bot.slack.inbox.messages import ListenerConfig
from bot.slack.inbox.targets import parse_reaction
from bot.texts import answers
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT
from tests.bot.scenarios.asking.test_asking import settled
from tests.bot.slack.inbox.test_access import told
from tests.servers.slack.store import ALICE, BOB


async def test_the_message_is_answered_in_its_thread_once(docent: Docent):
    await docent.start(emoji=":books:")
    said = docent.slack.said("how is data stored?", user=BOB)
    await docent.slack.react(said, "books")
    reply = await docent.slack.wait_for_reply(said, containing=answers.SOURCES)
    assert TEXT in reply.shown
    docent.slack.deliver_twice = True
    await docent.slack.react(said, "books", user=BOB)
    await settled(docent)
    assert [one.text for one in docent.pipeline.questions] == ["how is data stored?"]


async def test_a_message_in_a_thread_comes_with_what_was_said_before(docent: Docent):
    await docent.start(emoji="books")
    root = docent.slack.said("Milvus crashed")
    said = docent.slack.said("is that known?", thread_ts=root.ts, user=BOB)
    await docent.slack.react(said, "books")
    reply = await docent.slack.wait_for_reply(said, containing=TEXT)
    assert reply.thread_ts == root.ts
    assert [turn.text for turn in docent.pipeline.questions[0].history] == ["Milvus crashed"]


async def test_it_is_off_by_default_and_other_emojis_do_nothing(docent: Docent):
    said = docent.slack.said("how is data stored?", user=BOB)
    async with docent.running():
        await docent.slack.wait_connected()
        await docent.slack.react(said, "books")
        await settled(docent)
    await docent.start(emoji="books")
    await docent.slack.react(said, "eyes")
    await settled(docent)
    assert docent.pipeline.questions == []


async def test_docents_own_answers_are_not_questions(docent: Docent):
    await docent.start(emoji="books")
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question, containing=TEXT)
    await docent.slack.react(reply, "books")
    await settled(docent)
    assert len(docent.pipeline.questions) == 1


async def test_a_mention_that_was_answered_is_not_answered_again(docent: Docent):
    await docent.start(emoji="books")
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question, containing=TEXT)
    await docent.slack.react(question, "books", user=BOB)
    await settled(docent)
    assert len(docent.pipeline.questions) == 1


async def test_who_may_not_ask_is_told_alone(docent: Docent):
    docent.slack.store.teams[BOB] = "T0OTHER"
    await docent.start(emoji="books")
    said = docent.slack.said("how is data stored?")
    await docent.slack.react(said, "books", user=BOB)
    await docent.slack.wait_for(lambda: told(docent, BOB, answers.NOT_FOR_GUESTS))
    await docent.slack.react(said, "books", user=ALICE)
    await docent.slack.wait_for_reply(said, containing=TEXT)


async def test_the_tone_of_a_skin_is_no_other_emoji(docent: Docent):
    await docent.start(emoji="wave")
    said = docent.slack.said("how is data stored?", user=BOB)
    await docent.slack.react(said, "wave::skin-tone-2")
    await docent.slack.wait_for_reply(said, containing=TEXT)


@pytest.mark.parametrize(
    "event",
    [
        {"reaction": "books", "item": {"type": "file", "file": "F1"}, "user": "U1"},
        {"reaction": "books", "user": "U1"},
        {
            "reaction": "books",
            "item": {"type": "message", "channel": "C1", "ts": "1.2"},
            "user": "U0",
        },
    ],
)
def test_reactions_on_other_things_point_at_nothing(event: dict):
    assert parse_reaction(event, ListenerConfig("U0", "T1", emoji="books")) is None
