"""What the pipeline is told of a thread."""

from collections.abc import Iterable

import pytest

from bot.slack.inbox import thread_history
from bot.slack.inbox.thread_history import MAX_PAGES, MAX_PROBES, PAGE_SIZE
from bot.texts import answers
from rag_core.types import Turn
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT, citation, script
from tests.servers.slack.store import BOB, BOT, BOT_USER, Message
from tests.servers.slack.switches import Fault


async def follow_up(docent: Docent, question: Message, text: str = "and then?") -> list[Turn]:
    """The history of a question that is asked in the thread of another."""
    count = len(docent.pipeline.questions)
    await docent.slack.mention(text, thread_ts=question.ts)
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) > count)
    return list(docent.pipeline.questions[-1].history)


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_follow_up_comes_with_question_and_answer(docent: Docent, streaming: bool):
    if not streaming:
        docent.slack.lack_streaming()
    await docent.start()
    question = await docent.slack.mention("how is data stored?")
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    assert "docs read" in reply.shown
    assert await follow_up(docent, question) == [
        Turn("user", "how is data stored?"),
        Turn("assistant", TEXT),
    ]


async def test_the_first_question_has_no_history_and_reads_none(docent: Docent):
    await docent.start()
    question = await docent.slack.dm("how?")
    await docent.slack.wait_for_reply(question)
    assert docent.pipeline.questions[0].history == ()
    assert not docent.slack.calls("conversations.replies")


async def test_history_survives_a_restart(docent: Docent):
    question = docent.slack.said("how is data stored?")
    body = "It is stored."
    docent.slack.store.add(
        Message(
            question.channel, docent.slack.store.new_ts(), BOT_USER, body, question.ts, bot_id=BOT
        )
    )
    await docent.start()
    assert await follow_up(docent, question) == [
        Turn("user", "how is data stored?"),
        Turn("assistant", body),
    ]


async def test_other_people_are_quoted_and_other_bots_left_out(docent: Docent):
    question = docent.slack.said("we get `error 7` since the upgrade", user=BOB)
    bot = docent.slack.said("ALERT", user="U0OTHERBOT", thread_ts=question.ts)
    bot.bot_id = "B0OTHER"
    joined = docent.slack.said("<@U0BOB> has joined", user=BOB, thread_ts=question.ts)
    joined.subtype = "channel_join"
    await docent.start()
    history = await follow_up(docent, question, "what is that?")
    assert history == [Turn("user", "> we get `error 7` since the upgrade")]


async def test_what_was_said_after_the_question_is_not_history(docent: Docent):
    await docent.start()
    root = docent.slack.said("how is data stored?")
    ts = docent.slack.store.new_ts()
    docent.slack.said("never mind", thread_ts=root.ts)
    await docent.slack.mention("and then?", thread_ts=root.ts, ts=ts)
    await docent.slack.wait_for(lambda: docent.pipeline.questions)
    assert [turn.text for turn in docent.pipeline.questions[0].history] == ["how is data stored?"]


async def test_a_thread_that_can_not_be_read_does_not_cost_the_answer(
    docent: Docent, caplog: pytest.LogCaptureFixture
):
    docent.slack.fail("conversations.replies", "internal_error", times=9)
    await docent.start()
    question = docent.slack.said("how?")
    follow = await docent.slack.mention("and then?", thread_ts=question.ts)
    await docent.slack.wait_for_reply(follow, containing=answers.SOURCES)
    assert docent.pipeline.questions[0].history == ()
    assert "could not be read" in caplog.text


DAY = 86_400.0


def long_thread(docent: Docent, seconds_before: Iterable[float]) -> Message:
    """A thread with messages so long ago, the first of them a year ago."""
    now = float(docent.slack.store.new_ts())
    question = docent.slack.said("how?", ts=f"{now - 365 * DAY:.6f}")
    for number, before in enumerate(seconds_before):
        docent.slack.said(f"message {number}", thread_ts=question.ts, ts=f"{now - before:.6f}")
    return question


@pytest.mark.parametrize("pause", [0.5, 60.0, DAY / 4])
async def test_of_a_long_thread_the_end_is_read(docent: Docent, pause: float):
    question = long_thread(docent, (number * pause for number in range(1_200, 0, -1)))
    await docent.start()
    history = await follow_up(docent, question)
    assert [turn.text for turn in history] == [
        "how?",
        *(f"message {n}" for n in range(1_190, 1_200)),
    ]
    assert 1 < len(docent.slack.calls("conversations.replies")) <= 1 + MAX_PROBES


async def test_a_long_thread_that_rested_begins_with_its_question(docent: Docent):
    half_a_year = [180 * DAY + number for number in range(300, 0, -1)]
    question = long_thread(docent, [*half_a_year, 20.0, 10.0])
    await docent.start()
    history = await follow_up(docent, question)
    assert [turn.text for turn in history] == ["how?", *(f"message {n}" for n in range(292, 302))]
    assert len(docent.slack.calls("conversations.replies")) <= 1 + MAX_PROBES + MAX_PAGES


async def test_a_thread_whose_end_is_not_found_counts_as_unreadable(
    docent: Docent, caplog: pytest.LogCaptureFixture
):
    question = long_thread(
        docent, (number / 10_000 for number in range(PAGE_SIZE * (MAX_PAGES + 1), 0, -1))
    )
    await docent.start()
    assert await follow_up(docent, question) == []
    assert "The end of a thread could not be found" in caplog.text


async def test_a_rate_limit_does_not_hold_up_the_answer(docent: Docent):
    docent.slack.rate_limit("conversations.replies", times=9, retry_after=600)
    await docent.start()
    question = docent.slack.said("how?")
    follow = await docent.slack.mention("and then?", thread_ts=question.ts)
    await docent.slack.wait_for_reply(follow, containing=answers.SOURCES)
    assert len(docent.slack.calls("conversations.replies")) == 1


async def test_of_a_thread_that_is_read_too_slowly_the_beginning_counts(
    docent: Docent,
):
    question = long_thread(docent, (float(number) for number in range(PAGE_SIZE + 1, 0, -1)))
    docent.slack.refuse_calls(
        lambda method, values: method == "conversations.replies" and "oldest" in values,
        Fault("ratelimited", status=429, retry_after=600),
    )
    await docent.start()
    assert [turn.text for turn in await follow_up(docent, question)] == ["how?"]


async def test_a_thread_that_is_never_read_is_given_up(
    docent: Docent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(thread_history, "READ_SECONDS", 0.01)
    docent.slack.hold("conversations.replies")
    await docent.start()
    root = docent.slack.said("how?")
    question = await docent.slack.mention("and then?", thread_ts=root.ts)
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)


async def test_one_thread_that_can_not_be_read_does_not_cost_the_conversation(docent: Docent):
    await docent.start()
    first = await docent.slack.dm("how is data stored?")
    await docent.slack.wait_for_reply(first, containing=answers.SOURCES)
    second = await docent.slack.dm("how is it read?")
    await docent.slack.wait_for_reply(second, containing=answers.SOURCES)
    docent.slack.refuse_calls(
        lambda method, values: method == "conversations.replies" and values["ts"] == second.ts,
        Fault("ratelimited", status=429, retry_after=600),
    )
    third = await docent.slack.dm("and deleted?")
    await docent.slack.wait_for_reply(third, containing=answers.SOURCES)
    history = [turn.text for turn in docent.pipeline.questions[-1].history]
    assert history == ["how is data stored?", TEXT, "how is it read?"]


async def test_the_first_sign_of_life_does_not_wait_for_history(docent: Docent):
    held = docent.slack.hold("conversations.replies")
    await docent.start()
    root = docent.slack.said("how?")
    question = await docent.slack.mention("and then?", thread_ts=root.ts)
    await docent.slack.wait_for_message(lambda m: m.live)
    assert docent.pipeline.questions == []
    held.set()
    await docent.slack.wait_for_reply(question)


async def test_sources_are_no_part_of_history(docent: Docent):
    docent.pipeline.script = script("Look [1].")
    docent.slack.lack_streaming()
    await docent.start()
    question = await docent.slack.mention("where?")
    await docent.slack.wait_for_reply(question, containing=citation(1).passage.chunk.url)
    history = await follow_up(docent, question)
    assert history[-1] == Turn("assistant", "Look [1].")
