"""Channels in which docent answers uncalled, and group direct messages."""

import pytest

from bot.texts import answers
from rag_core.errors import StoreUnavailableError
from rag_core.types import AnswerDone
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT, Gate, answer, script
from tests.bot.scenarios.asking.test_asking import settled
from tests.servers.slack.store import GENERAL, GROUP


async def test_every_question_of_an_auto_channel_is_answered(docent: Docent):
    await docent.start(auto_channels=GENERAL)
    question = await docent.slack.message("how is data stored?")
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    assert TEXT in reply.shown
    assert reply.thread_ts == question.ts


async def test_nothing_is_shown_before_there_is_an_answer(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [*script()[:-1], gate, script()[-1]]
    await docent.start(auto_channels=GENERAL)
    question = await docent.slack.message("how is data stored?")
    await docent.reached(gate.reached)
    assert docent.slack.replies(question) == []
    assert not docent.slack.calls("agents.sessions.setStatus")
    gate.open()
    await docent.slack.wait_for_reply(question, containing=TEXT)


@pytest.mark.parametrize(
    "ending",
    [
        AnswerDone(answer("", status="not_found")),
        AnswerDone(answer("Kings live in castles.", citations=(), degraded=("unsupported",))),
        StoreUnavailableError("no Milvus"),
    ],
)
async def test_what_is_not_documented_is_passed_over(docent: Docent, ending):
    docent.pipeline.script = [*script()[:2], ending]
    await docent.start(auto_channels=GENERAL)
    question = await docent.slack.message("who is the king?")
    await docent.reached(docent.pipeline.closed)
    docent.pipeline.script = script()
    await docent.slack.dm("are you done?")
    await docent.slack.wait_for_message(lambda m: m.by_bot and TEXT in m.shown)
    assert docent.slack.replies(question) == []


async def test_what_was_passed_over_begins_no_conversation(docent: Docent):
    """Neither a reply in its thread nor an edit of it makes docent say that it found nothing."""
    docent.pipeline.script = [*script()[:2], AnswerDone(answer("", status="not_found"))]
    await docent.start(auto_channels=GENERAL)
    question = await docent.slack.message("who is the king?")
    await docent.reached(docent.pipeline.closed)
    await settled(docent)
    await docent.slack.message("what does he do?", thread_ts=question.ts)
    await docent.slack.edit(question, "who is the kind king?")
    docent.pipeline.script = script()
    await settled(docent)
    assert len(docent.pipeline.questions) == 1
    assert docent.slack.replies(question) == []


async def test_an_edit_is_answered_as_quietly_as_the_question(docent: Docent):
    await docent.start(auto_channels=GENERAL)
    question = await docent.slack.message("how is data stored?")
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    docent.pipeline.script = [*script()[:2], StoreUnavailableError("no Milvus")]
    await docent.slack.edit(question, "how is data kept?")
    await docent.reached(docent.pipeline.closed)
    docent.pipeline.script = script()
    await docent.slack.dm("are you done?")
    await docent.slack.wait_for_message(lambda m: m.by_bot and TEXT in m.shown)
    (reply,) = docent.slack.replies(question)
    assert TEXT in reply.shown
    assert "no Milvus" not in reply.shown


@pytest.mark.parametrize("text", ["good morning!", "<@U0BOB> how are you?", "<!here> who is up?"])
async def test_what_is_no_question_to_the_channel_is_passed_over(docent: Docent, text: str):
    await docent.start(auto_channels=GENERAL)
    await docent.slack.message(text)
    await settled(docent)
    assert docent.pipeline.questions == []


async def test_replies_between_people_in_an_auto_channel_are_passed_over(docent: Docent):
    await docent.start(auto_channels=GENERAL)
    root = docent.slack.said("I broke it")
    await docent.slack.message("how did you do that?", thread_ts=root.ts)
    await settled(docent)
    assert docent.pipeline.questions == []


async def test_other_channels_stay_as_they_are(docent: Docent):
    await docent.start(auto_channels="C0OTHER, C0MORE")
    await docent.slack.message("how is data stored?")
    await settled(docent)
    assert docent.pipeline.questions == []


async def test_a_group_direct_message_wants_a_mention(docent: Docent):
    await docent.start()
    await docent.slack.message("how is data stored?", channel=GROUP)
    docent.slack.double_mentions = "before"
    question = await docent.slack.mention("how is data stored?", channel=GROUP)
    await docent.slack.wait_for_reply(question, containing=TEXT)
    await settled(docent)
    assert len(docent.pipeline.questions) == 1
