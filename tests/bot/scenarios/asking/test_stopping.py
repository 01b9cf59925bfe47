"""The Stop button below an answer that is written by editing."""

from dataclasses import replace

import pytest

from bot.app import run_app
from bot.slack.views import buttons
from bot.texts import answers
from bot.texts import asking as words
from tests.bot.conftest import INTERVALS, Docent
from tests.bot.fakes import TEXT, Gate, script
from tests.bot.slack.actions.test_commands import told
from tests.servers.slack.store import ALICE, BOB, Message


async def being_written(docent: Docent) -> tuple[Message, Message, Gate]:
    """A question, the message in which it is being answered, and what holds the rest back."""
    docent.slack.lack_streaming()
    docent.slack.lack("agents.sessions.setStatus")
    gate = Gate()
    docent.pipeline.script = [*script()[:3], gate, *script()[3:]]
    await docent.start()
    question = await docent.slack.mention("how is data stored?")
    await docent.reached(gate.reached)
    shown = await docent.slack.wait_for_message(lambda m: m.by_bot and "Milvus" in m.shown)
    return question, shown, gate


async def test_it_ends_the_answer_and_the_pipeline(docent: Docent):
    question, shown, gate = await being_written(docent)
    await docent.slack.action(shown, buttons.STOP)
    reply = await docent.slack.wait_for_reply(question, containing=answers.STOPPED)
    assert reply.shown.startswith("Milvus stores")
    assert TEXT not in reply.shown
    gate.open()
    await docent.reached(docent.pipeline.closed)
    with pytest.raises(LookupError):
        await docent.slack.action(reply, buttons.STOP)


async def test_only_the_asker_stops(docent: Docent):
    question, shown, gate = await being_written(docent)
    await docent.slack.action(shown, buttons.STOP, user=BOB)
    await docent.slack.wait_for_message(told(BOB, words.STOP_NOT_YOURS))
    gate.open()
    await docent.slack.wait_for_reply(question, containing=TEXT)


async def test_a_complete_answer_has_no_such_button(docent: Docent):
    question, _, gate = await being_written(docent)
    gate.open()
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    with pytest.raises(LookupError):
        await docent.slack.action(reply, buttons.STOP)


async def test_an_answer_of_a_process_that_is_gone_can_not_be_stopped(docent: Docent):
    _, shown, gate = await being_written(docent)
    other = docent.slack.store.add(
        Message(shown.channel, docent.slack.store.new_ts(), shown.user, blocks=shown.blocks)
    )
    await docent.slack.action(other, buttons.STOP)
    await docent.slack.wait_for_message(told(ALICE, words.STOP_TOO_LATE))
    gate.open()


@pytest.mark.parametrize("is_deleted", [True, False])
@pytest.mark.parametrize("lacking", [(), ("assistant.threads.setStatus",)])
async def test_nothing_stays_of_a_question_that_ended_while_it_waited(
    docent: Docent, lacking: tuple[str, ...], is_deleted: bool
):
    docent.slack.lack(*lacking)
    gate = Gate()
    docent.pipeline.script = [gate, *script()]
    settings = docent.settings()
    parts = replace(docent.parts(settings), max_questions=1)
    await docent.starts.enter_async_context(run_app(settings, parts, intervals=INTERVALS))
    await docent.slack.wait_connected()
    first = await docent.slack.mention("how?")
    await docent.reached(gate.reached)
    thread = docent.slack.said("Nobody knows where.", user=BOB)
    second = await docent.slack.mention("and where?", user=BOB, thread_ts=thread.ts)
    here, place = (thread.channel, thread.ts), answers.render_place(1)
    statuses = docent.slack.store.statuses
    if lacking:
        await docent.slack.wait_for_reply(second, containing=place)
    else:
        await docent.slack.wait_for(lambda: statuses.get(here) == [place])
    await (docent.slack.delete(second) if is_deleted else docent.slack.stop(second))
    await docent.slack.wait_for(
        lambda: not docent.slack.replies(second) and here not in docent.slack.processing_threads()
    )
    gate.open()
    await docent.slack.wait_for_reply(first, containing=answers.SOURCES)
    assert docent.slack.processing_threads() == []
    assert len(docent.pipeline.questions) == 1
