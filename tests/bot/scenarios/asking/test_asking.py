"""Who is answered, where, and how often: scenarios through the real app."""

import asyncio

import pytest

from bot.storage.inbox_view import InboxView
from bot.texts import answers
from rag_core.types import AnswerDone
from tests.bot.conftest import PATIENCE, Docent
from tests.bot.fakes import TEXT, Gate, answer, script
from tests.servers.slack.store import ALICE, BOB, PRIVATE


async def test_a_mention_is_answered_once_in_its_thread(docent: Docent):
    await docent.start()
    question = await docent.slack.mention("how is data stored?")
    reply = await docent.slack.wait_for_reply(question)
    assert TEXT in reply.markdown
    assert "[1] <https://example.com/page1#where|" in reply.shown
    assert "docs read <!date^1772334000^{ago}|2026-03-01 03:00 UTC>" in reply.shown
    assert "revision `a1b2c3d`" in reply.shown
    assert reply.stream == "stopped"
    assert reply.thread_ts == question.ts
    assert [asked.text for asked in docent.pipeline.questions] == ["how is data stored?"]


async def test_a_direct_message_is_answered_in_its_thread(docent: Docent):
    await docent.start()
    question = await docent.slack.dm("how is data stored?")
    reply = await docent.slack.wait_for_reply(question)
    assert reply.thread_ts == question.ts
    assert TEXT in reply.markdown


async def test_a_question_in_a_thread_is_answered_in_that_thread(docent: Docent):
    await docent.start()
    root = docent.slack.said("we had an outage")
    question = await docent.slack.mention("what now?", thread_ts=root.ts)
    reply = await docent.slack.wait_for_reply(question)
    assert reply.thread_ts == root.ts


async def test_a_private_channel_is_answered_like_any_other(docent: Docent):
    await docent.start()
    question = await docent.slack.mention("how?", channel=PRIVATE)
    await docent.slack.wait_for_reply(question, containing=TEXT)


@pytest.mark.parametrize("order", ["after", "before"])
async def test_the_doubled_message_of_a_mention_adds_nothing(docent: Docent, order: str):
    docent.slack.double_mentions = order
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question)
    await settled(docent)
    assert len(docent.pipeline.questions) == 1


async def test_a_retried_delivery_is_not_answered_again(docent: Docent):
    docent.slack.deliver_twice = True
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question)
    await settled(docent)
    assert len(docent.pipeline.questions) == 1
    assert len(docent.slack.replies(question)) == 1


async def test_two_replicas_give_one_answer(docent: Docent):
    docent.slack.deliver_twice = True
    await docent.start()
    await docent.start()
    questions = [await docent.slack.mention(f"question {n}") for n in range(6)]
    for question in questions:
        await docent.slack.wait_for_reply(question)
    await settled(docent)
    assert len(docent.pipeline.questions) == 6


async def test_bots_and_joins_are_not_answered(docent: Docent):
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question)
    await docent.slack.message("a bot's words", bot_id="B0OTHER", user=BOB)
    await docent.slack.message("<@U0BOB> has joined", subtype="channel_join")
    await docent.slack.message("people talking among themselves")
    await settled(docent)
    assert len(docent.pipeline.questions) == 1


async def test_docents_own_words_are_not_answered(docent: Docent):
    await docent.start()
    question = await docent.slack.dm("how?")
    await docent.slack.wait_for_reply(question)
    own = docent.slack.replies(question)[0]
    await docent.slack.event(
        {**own.as_json(), "channel": own.channel, "channel_type": "im", "event_ts": own.ts}
    )
    await settled(docent)
    assert len(docent.pipeline.questions) == 1


async def test_a_mention_without_a_question_gets_a_hint(docent: Docent):
    await docent.start()
    question = await docent.slack.mention("")
    await docent.slack.wait_for_reply(question, containing=answers.HINT[:20])
    assert docent.pipeline.questions == []


async def test_a_question_nobody_documented_gets_the_nearest_pages(docent: Docent):
    docent.pipeline.script = [*script()[:2], AnswerDone(answer("", status="not_found"))]
    await docent.start()
    question = await docent.slack.mention("who is the king?")
    reply = await docent.slack.wait_for_reply(question)
    assert answers.NOT_FOUND in reply.shown
    assert answers.NEAREST in reply.shown
    assert answers.SOURCES not in reply.shown


async def test_the_first_sign_of_life_needs_no_pipeline(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [gate, *script()]
    await docent.start()
    question = await docent.slack.dm("how?")
    live = await docent.slack.wait_for_message(lambda m: m.live)
    assert live.task["title"] == answers.SEARCHING
    thread = (question.channel, question.ts)
    await docent.slack.wait_for(lambda: docent.slack.store.sessions.get(thread) == ["processing"])
    gate.open()
    await docent.slack.wait_for_reply(question)
    await docent.slack.wait_for(
        lambda: docent.slack.store.sessions[thread] == ["processing", "active"]
    )


async def test_a_session_status_that_fails_stops_nothing(docent: Docent):
    docent.slack.lack("agents.sessions.setStatus")
    await docent.start()
    for _ in range(2):
        question = await docent.slack.dm("how?")
        await docent.slack.wait_for_reply(question, containing=TEXT)
    assert len(docent.slack.calls("agents.sessions.setStatus")) == 1


async def test_a_pipeline_that_blocks_delays_nobody_else(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [gate, *script()]
    await docent.start()
    slow = await docent.slack.mention("something slow")
    await docent.reached(gate.reached)
    docent.pipeline.script = script()
    quick = await docent.slack.dm("something quick", user=BOB)
    await docent.slack.wait_for_reply(quick)
    await docent.slack.slash("/docent", "help")
    assert not any(m.stream == "stopped" for m in docent.slack.replies(slow))
    gate.open()
    await docent.slack.wait_for_reply(slow)


async def test_many_questions_at_once_are_all_answered(docent: Docent):
    await docent.start()
    questions = await asyncio.gather(
        *(docent.slack.dm(f"question {n}", user=ALICE) for n in range(20))
    )
    for question in questions:
        await docent.slack.wait_for_reply(question, containing=TEXT)


async def settled(docent: Docent, *, held: int = 0) -> None:
    """Wait until docent has handled every event before, and one more question.

    Questions that the test itself holds at a gate stay open.
    """
    slack, questions = docent.slack, docent.pipeline.questions
    slack.double_mentions, slack.deliver_twice = None, False
    # An event is recorded before it is acknowledged, and its listener runs after that.
    await slack.wait_for(lambda: not slack.sockets.unacked)
    while listeners := [task for task in asyncio.all_tasks() if is_listener(task)]:
        await asyncio.wait(listeners)
    question = await slack.dm("are you done?", user=BOB)
    await slack.wait_for_reply(question)
    view = InboxView(docent.engine)
    async with asyncio.timeout(PATIENCE):
        # The database tells nobody that a question ended.
        while sum((await asyncio.to_thread(view.count_open)).values()) > held:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    own = [asked for asked in questions if asked.text == "are you done?"]
    assert len(own) == 1
    questions.remove(own[0])


def is_listener(task: asyncio.Task[object]) -> bool:
    """Return whether Bolt runs a listener in a task."""
    return "run_ack_function_asynchronously" in task.get_coro().__qualname__
