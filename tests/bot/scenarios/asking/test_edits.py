"""A question that is edited is answered again in place; one that is deleted is let go."""

import pytest

from bot.slack.inbox.messages import EDIT_SECONDS
from bot.texts import answers
from tests.bot.conftest import Docent
from tests.bot.conversation.test_follow_ups import answered
from tests.bot.fakes import TEXT, Gate, script
from tests.bot.scenarios.asking.test_asking import settled
from tests.servers.slack.store import BOT_USER

NEW = "It is deleted at once [1]."


async def test_an_edited_question_is_answered_again_in_place(docent: Docent):
    await docent.start()
    question = await answered(docent)
    [before] = docent.slack.replies(question)
    docent.pipeline.script = script(NEW)
    await docent.slack.edit(question, f"<@{BOT_USER}> how is data deleted?")
    await docent.slack.wait_for_reply(question, containing=NEW)
    [after] = docent.slack.replies(question)
    assert after.ts == before.ts
    assert TEXT not in after.shown
    assert docent.pipeline.questions[-1].text == "how is data deleted?"


async def test_an_edit_is_answered_once_however_often_it_comes(docent: Docent):
    await docent.start()
    await docent.start()
    question = await answered(docent)
    docent.slack.deliver_twice = True
    await docent.slack.edit(question, f"<@{BOT_USER}> how is data deleted?")
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)
    await settled(docent)
    assert len(docent.pipeline.questions) == 2


async def test_each_edit_is_answered(docent: Docent):
    await docent.start()
    question = await answered(docent)
    for number, text in enumerate(("why?", "when?", "why?"), start=2):
        docent.pipeline.script = script(f"Answer {number} [1].")
        await docent.slack.edit(question, f"<@{BOT_USER}> {text}", after=number)
        await docent.slack.wait_for_reply(question, containing=f"Answer {number} [1].")
    assert len(docent.slack.replies(question)) == 1


async def test_an_edit_while_the_answer_is_written_starts_it_anew(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [*script()[:3], gate, *script()]
    await docent.start()
    question = await docent.slack.mention("how is data stored?")
    live = await docent.slack.wait_for_message(lambda m: m.live and m.markdown)
    docent.pipeline.script = script(NEW)
    await docent.slack.edit(question, f"<@{BOT_USER}> how is data deleted?")
    gate.open()
    reply = await docent.slack.wait_for_reply(question, containing=NEW)
    assert reply.ts == live.ts
    assert answers.STOPPED not in reply.shown


@pytest.mark.parametrize(
    ("text", "after"),
    [("how is data stored?", 5), ("how is data deleted?", EDIT_SECONDS + 60), ("", 5)],
    ids=["the same text", "too late", "nothing left"],
)
async def test_other_edits_change_nothing(docent: Docent, text: str, after: float):
    await docent.start()
    question = await answered(docent)
    await docent.slack.edit(question, f"<@{BOT_USER}> {text}", after=after)
    await settled(docent)
    assert len(docent.pipeline.questions) == 1


async def test_an_edit_of_what_was_not_answered_is_passed_over(docent: Docent):
    await docent.start()
    said = await docent.slack.message("how is data stored?")
    await docent.slack.edit(said, "how is data deleted?")
    await settled(docent)
    assert docent.pipeline.questions == []


async def test_a_mention_that_was_forgotten_can_be_added(docent: Docent):
    await docent.start()
    said = await docent.slack.message("how is data stored?")
    docent.slack.deliver_twice = True
    await docent.slack.edit(said, f"<@{BOT_USER}> how is data stored?")
    await docent.slack.wait_for_reply(said, containing=TEXT)
    await settled(docent)
    assert len(docent.pipeline.questions) == 1


async def test_a_mention_without_a_question_can_be_completed(docent: Docent):
    await docent.start()
    said = await docent.slack.mention("")
    await docent.slack.wait_for_reply(said, containing=answers.HINT)
    await docent.slack.edit(said, f"<@{BOT_USER}> how is data stored?")
    await docent.slack.wait_for_reply(said, containing=TEXT)


async def test_a_deleted_question_has_its_unfinished_answer_stopped(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [*script()[:3], gate, *script()]
    await docent.start()
    question = await docent.slack.mention("how is data stored?")
    await docent.slack.wait_for_message(lambda m: m.live and m.markdown)
    await docent.slack.delete(question)
    await docent.slack.wait_for(lambda: not docent.slack.replies(question))
    gate.open()
    await docent.reached(docent.pipeline.closed)


async def test_a_finished_answer_outlives_its_question(docent: Docent):
    await docent.start()
    question = await answered(docent)
    await docent.slack.delete(question)
    await settled(docent)
    assert len(docent.slack.replies(question)) == 1
