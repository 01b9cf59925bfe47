"""A process dies in the middle of an answer; another one goes on with it, in the same place."""

import asyncio

import pytest
from sqlalchemy import update

from bot.storage import tables
from bot.storage.inbox import Inbox
from bot.texts import answers
from bot.types import IncomingMessage, MessageKey
from ingest.state.database_clock import DatabaseMoment
from rag_core.types import SearchStarted
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT, Gate, script
from tests.rag_core.waiting import wait_until
from tests.servers.slack.store import ALICE, GENERAL, TEAM, Message

ELSEWHERE = "another-boot pid:[1] 7 8 dead"  # a process of a machine that nobody can look at


def interrupted(
    docent: Docent, question: Message, *, posted: tuple[str, ...] = (), age: float = 0.0
) -> None:
    """Leave a question in the inbox as a process does that was killed."""
    inbox = Inbox(docent.engine, process=ELSEWHERE)
    key = MessageKey(TEAM, question.channel, question.ts)
    message = IncomingMessage("question", key, question.ts, ALICE, TEAM, "how is data stored?")
    assert inbox.add("f" * 32, message)
    assert inbox.take() is not None
    inbox.record_posted("f" * 32, posted)
    with docent.engine.begin() as connection:
        connection.execute(
            update(tables.inbox).values(
                leased_until=DatabaseMoment(-1), received_at=DatabaseMoment(-age)
            )
        )


async def dead_stream(docent: Docent, question: Message) -> str:
    """A stream that nobody will end."""
    client = docent.client
    started = await client.chat_startStream(
        channel=question.channel,
        thread_ts=question.ts,
        recipient_team_id=TEAM,
        recipient_user_id=ALICE,
        markdown_text="Milvus sto",
    )
    await client.agents_sessions_setStatus(
        channel_id=question.channel, thread_ts=question.ts, status="processing"
    )
    return str(started["ts"])


async def continued(docent: Docent, question: Message) -> Message:
    """The one message of docent, complete; nothing is left open."""
    reply = await docent.slack.wait_for_reply(question, containing=TEXT)
    await docent.slack.wait_for(lambda: not docent.slack.open_streams())
    await docent.slack.wait_for(lambda: not docent.slack.processing_threads())
    assert len(docent.slack.replies(question)) == 1
    return reply


async def test_a_half_written_answer_is_completed_in_its_place(docent: Docent):
    question = docent.slack.said("how is data stored?")
    ts = await dead_stream(docent, question)
    interrupted(docent, question, posted=(ts,))
    await docent.start()
    assert (await continued(docent, question)).ts == ts


async def test_a_message_that_was_posted_right_before_the_end_is_found(docent: Docent):
    question = docent.slack.said("how is data stored?")
    ts = await dead_stream(docent, question)
    interrupted(docent, question)
    await docent.start()
    assert (await continued(docent, question)).ts == ts


async def test_a_question_of_which_nothing_was_shown_is_answered(docent: Docent):
    question = docent.slack.said("how is data stored?")
    interrupted(docent, question)
    await docent.start()
    await continued(docent, question)


async def test_the_messages_of_other_answers_in_the_thread_stay(docent: Docent):
    question = docent.slack.said("how is data stored?")
    other = await docent.client.chat_postMessage(
        channel=GENERAL, thread_ts=question.ts, text="Another answer"
    )
    interrupted(docent, question)
    inbox = Inbox(docent.engine)
    key = MessageKey(TEAM, GENERAL, "5.0")
    inbox.add("e" * 32, IncomingMessage("question", key, question.ts, ALICE, TEAM, "why?"))
    inbox.take()
    inbox.end("e" * 32, "answered", posted=[str(other["ts"])])
    await docent.start()
    await docent.slack.wait_for_reply(question, containing=TEXT)
    assert len(docent.slack.replies(question)) == 2


@pytest.mark.parametrize(("age", "told"), [(5.0, False), (31.0, True)])
async def test_who_waited_for_long_reads_that_it_goes_on(docent: Docent, age: float, told: bool):
    question = docent.slack.said("how is data stored?")
    interrupted(docent, question, age=age)
    gate = Gate()
    docent.pipeline.script = [SearchStarted(), gate, *script()]
    await docent.start()
    await docent.reached(gate.reached)
    shown = await docent.slack.wait_for_message(lambda m: m.by_bot)
    assert (answers.CONTINUING in str(shown.tasks)) == told
    gate.open()
    await continued(docent, question)


async def test_a_question_that_ends_every_process_is_given_up(docent: Docent):
    question = docent.slack.said("how is data stored?")
    interrupted(docent, question)
    with docent.engine.begin() as connection:
        connection.execute(update(tables.inbox).values(attempts=5))
    await docent.start()
    await docent.slack.wait_for_reply(question, containing=answers.GAVE_UP)
    assert docent.pipeline.questions == []


async def test_two_processes_divide_the_questions(docent: Docent):
    await docent.start()
    await docent.start()
    questions = [await docent.slack.mention(f"question {n}") for n in range(6)]
    for question in questions:
        await continued(docent, question)
    assert len(docent.pipeline.questions) == 6


async def test_a_process_that_lost_a_question_writes_no_more(
    docent: Docent, caplog: pytest.LogCaptureFixture
):
    """It stood still for longer than its lease, and another one has taken over."""
    gate = Gate()
    docent.pipeline.script = [*script()[:3], gate, *script()[3:]]
    await docent.start()
    question = await docent.slack.mention("how is data stored?")
    await docent.reached(gate.reached)
    with docent.engine.begin() as connection:
        connection.execute(update(tables.inbox).values(owner=ELSEWHERE))
    await asyncio.to_thread(wait_until, lambda: "took over" in caplog.text)
    gate.open()
    await docent.reached(docent.pipeline.closed)
    assert docent.slack.open_streams()
    assert TEXT not in docent.slack.replies(question)[0].shown
