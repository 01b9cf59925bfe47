"""When something fails, the asker is told in one kind sentence: scenarios through the real app."""

import json

import pytest
from sqlalchemy import text

from bot.app_parts import Intervals
from bot.slack.views import buttons
from bot.texts import answers
from rag_core.errors import (
    DocentError,
    EmptyQuestionError,
    IndexMismatchError,
    IndexMissingError,
    LLMUnavailableError,
    ModelUnavailableError,
    QuestionTooLongError,
    SettingsError,
    StoreLockedError,
    StoreUnavailableError,
)
from rag_core.types import AnswerDone, SearchStarted, TextDelta
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT, Gate, answer, script

FAILURES = [
    EmptyQuestionError,
    QuestionTooLongError,
    StoreUnavailableError,
    StoreLockedError,
    IndexMissingError,
    IndexMismatchError,
    ModelUnavailableError,
    LLMUnavailableError,
    SettingsError,
]


@pytest.mark.parametrize("failure", FAILURES)
async def test_each_family_of_errors_has_its_sentence(docent: Docent, failure: type[DocentError]):
    docent.pipeline.script = [SearchStarted(), failure("what the operator reads")]
    await docent.start()
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question)
    assert reply.markdown == answers.ERRORS[failure]
    assert reply.task["status"] == "error"


async def test_an_unforeseen_error_shows_no_trace(docent: Docent):
    docent.pipeline.script = [SearchStarted(), ZeroDivisionError("division by zero")]
    await docent.start()
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question)
    assert reply.markdown == answers.UNEXPECTED


async def test_a_failure_half_way_keeps_what_was_shown(docent: Docent):
    docent.pipeline.script = [TextDelta("Milvus stores"), StoreUnavailableError("gone")]
    await docent.start()
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question)
    assert reply.markdown.startswith("Milvus stores\n\n")
    assert reply.markdown.endswith(answers.ERRORS[StoreUnavailableError])


async def test_failures_are_told_without_streaming_too(docent: Docent):
    docent.slack.lack_streaming()
    docent.pipeline.script = [SearchStarted(), StoreUnavailableError("gone")]
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question, containing=answers.ERRORS[StoreUnavailableError])
    assert len(docent.slack.replies(question)) == 1


async def test_the_bot_goes_on_after_a_failure(docent: Docent):
    docent.pipeline.script = [ZeroDivisionError()]
    await docent.start()
    await docent.slack.wait_for_reply(await docent.slack.mention("how?"))
    docent.pipeline.script = script()
    question = await docent.slack.mention("and now?")
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)


async def test_a_degraded_answer_says_so(docent: Docent):
    docent.pipeline.script = [SearchStarted(), AnswerDone(answer(degraded=("no_llm",)))]
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question, containing=answers.DEGRADED["no_llm"])


async def test_with_a_broken_state_database_questions_are_answered_without_buttons(docent: Docent):
    await docent.start()
    with docent.engine.begin() as connection:
        for table in ("bot_inbox", "bot_answers", "bot_scopes", "bot_claims"):
            connection.execute(text(f"DROP TABLE {table}"))
    docent.slack.double_mentions = "before"
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question, containing=TEXT)
    assert buttons.EVIDENCE not in json.dumps(reply.blocks)
    last = await docent.slack.mention("and when?")
    await docent.slack.wait_for_reply(last, containing=TEXT)
    assert len(docent.slack.replies(question)) == 1
    assert len(docent.pipeline.questions) == 2


async def test_an_answer_cut_by_a_shutdown_says_so(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [SearchStarted(), gate, *script()]
    async with docent.running(intervals=Intervals(flush_seconds=0, grace_seconds=0)):
        question = await docent.slack.mention("how?")
        await docent.reached(gate.reached)
    gate.open()
    await docent.slack.wait_for_reply(question, containing=answers.PAUSED)
    docent.pipeline.script = script()
    await docent.start()
    await docent.slack.wait_for_reply(question, containing=TEXT)
    assert len(docent.slack.replies(question)) == 1
