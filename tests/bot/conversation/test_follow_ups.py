"""Follow-ups without a mention: only in docent's threads, and only what speaks to it."""

import pytest

from bot.conversation import follow_ups
from bot.texts import answers
from tests.bot.conftest import Docent
from tests.bot.fakes import Gate, script
from tests.bot.scenarios.asking.test_asking import settled
from tests.servers.slack.store import ALICE, BOB, GROUP, PRIVATE, Message


async def answered(docent: Docent, **where: str) -> Message:
    """A question of Alice's that docent has answered."""
    question = await docent.slack.mention("how is data stored?", **where)
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await kept(docent, question)
    return question


async def kept(docent: Docent, question: Message) -> None:
    """The answer is in the state database: the claim of its question is settled after that."""
    thread = (question.channel, question.thread_ts or question.ts)
    await docent.slack.wait_for(
        lambda: docent.slack.store.sessions.get(thread, [])[-1:] == ["active"]
    )


async def ignored(
    docent: Docent, text: str, question: Message, *, user: str = ALICE, held: int = 0
) -> bool:
    """Whether a message in the thread of a question is passed over."""
    count = len(docent.pipeline.questions)
    await docent.slack.message(text, thread_ts=question.ts, user=user, channel=question.channel)
    await settled(docent, held=held)
    return len(docent.pipeline.questions) == count


@pytest.mark.parametrize("channel", ["C0GENERAL", PRIVATE, GROUP])
async def test_the_asker_needs_no_second_mention(docent: Docent, channel: str):
    await docent.start()
    question = await answered(docent, channel=channel)
    follow_up = await docent.slack.message(
        "and how is it deleted?", thread_ts=question.ts, channel=channel
    )
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)
    asked = docent.pipeline.questions[1]
    assert asked.text == "and how is it deleted?"
    assert [turn.role for turn in asked.history] == ["user", "assistant"]
    await docent.slack.wait_for(lambda: len(docent.slack.replies(follow_up)) == 2)


async def test_the_follow_up_survives_a_restart(docent: Docent):
    async with docent.running():
        await docent.slack.wait_connected()
        question = await answered(docent)
    await docent.start()
    await docent.slack.message("and how is it deleted?", thread_ts=question.ts)
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)


async def test_somebody_else_may_ask_right_after_the_answer(docent: Docent):
    await docent.start()
    question = await answered(docent)
    await docent.slack.message("what about logs?", thread_ts=question.ts, user=BOB)
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)


async def test_people_who_talk_to_each_other_are_left_alone(docent: Docent):
    await docent.start()
    question = await answered(docent)
    docent.slack.said("is that right, Bob", thread_ts=question.ts)
    assert await ignored(docent, "why do you ask?", question, user=BOB)


@pytest.mark.parametrize("failures", [1, 3])
async def test_a_thread_that_can_not_be_read_does_not_silence_the_asker(
    docent: Docent, failures: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(follow_ups, "READ_PAUSES", (0.0, 0.0))
    await docent.start()
    question = await answered(docent)
    docent.slack.fail("conversations.replies", "internal_error", times=failures)
    await docent.slack.message("the same for logs", thread_ts=question.ts)
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)
    assert docent.pipeline.questions[1].history


async def test_where_nothing_is_known_of_a_thread_others_are_left_alone(
    docent: Docent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(follow_ups, "READ_PAUSES", (0.0, 0.0))
    await docent.start()
    question = await answered(docent)
    docent.slack.fail("conversations.replies", "internal_error", times=3)
    assert await ignored(docent, "why do you ask?", question, user=BOB)


ABOUT_OTHERS = [f"does <@{BOB}> need a token?", "how do I ping <!here> from a webhook?"]


@pytest.mark.parametrize("text", ABOUT_OTHERS)
async def test_alone_with_docent_one_may_ask_about_others(docent: Docent, text: str):
    await docent.start()
    question = await answered(docent)
    await docent.slack.message(text, thread_ts=question.ts)
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)


@pytest.mark.parametrize("text", [*ABOUT_OTHERS, "?", "help"])
async def test_where_others_write_too_they_are_meant(docent: Docent, text: str):
    await docent.start()
    question = await answered(docent)
    docent.slack.said("is that right, Alice", thread_ts=question.ts, user=BOB)
    assert await ignored(docent, text, question)
    assert all(answers.HINT[:20] not in reply.shown for reply in docent.slack.replies(question))


@pytest.mark.parametrize("text", ["?", "help"])
async def test_alone_with_docent_a_call_for_help_is_heard(docent: Docent, text: str):
    await docent.start()
    question = await answered(docent)
    await docent.slack.message(text, thread_ts=question.ts)
    await docent.slack.wait_for_reply(question, containing=answers.HINT[:20])


async def test_a_note_to_others_is_left_alone(docent: Docent):
    await docent.start()
    question = await answered(docent)
    assert await ignored(docent, f"that is for <@{BOB}>", question)


@pytest.mark.parametrize("text", ["thanks!", "that did it", f"<@{BOB}> how did you do it?"])
async def test_what_asks_nothing_of_docent_is_passed_over(docent: Docent, text: str):
    await docent.start()
    question = await answered(docent)
    assert await ignored(docent, text, question)


async def test_threads_of_other_people_are_not_even_read(docent: Docent):
    await docent.start()
    root = docent.slack.said("how is data stored?")
    assert await ignored(docent, "does anybody know?", root)
    assert not docent.slack.calls("conversations.replies")


@pytest.mark.parametrize("order", ["after", "before"])
async def test_a_mention_in_docents_thread_is_answered_once(docent: Docent, order: str):
    await docent.start()
    question = await answered(docent)
    docent.slack.double_mentions = order
    await docent.slack.mention("and how is it deleted?", thread_ts=question.ts)
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)
    await settled(docent)
    assert len(docent.pipeline.questions) == 2


async def test_two_replicas_follow_up_once(docent: Docent):
    await docent.start()
    await docent.start()
    question = await answered(docent)
    docent.slack.deliver_twice = True
    await docent.slack.message("and how is it deleted?", thread_ts=question.ts)
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)
    await settled(docent)
    assert len(docent.pipeline.questions) == 2


async def test_a_follow_up_may_come_while_the_answer_is_written(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [gate, *script()]
    await docent.start()
    question = await docent.slack.dm("how is data stored?")
    await docent.reached(gate.reached)
    docent.pipeline.script = script()
    await docent.slack.dm("and how is it deleted?", thread_ts=question.ts)
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)
    gate.open()
    await docent.slack.wait_for(lambda: len(docent.slack.replies(question)) == 2)


async def test_in_a_channel_it_may_come_while_the_first_answer_is_written(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [gate, *script()]
    await docent.start()
    question = await docent.slack.mention("how is data stored?")
    await docent.reached(gate.reached)
    docent.pipeline.script = script()
    assert await ignored(docent, "why do you ask?", question, user=BOB, held=1)
    await docent.slack.message("and how is it deleted?", thread_ts=question.ts)
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)
    gate.open()
    await docent.slack.wait_for(lambda: len(docent.slack.replies(question)) == 2)
