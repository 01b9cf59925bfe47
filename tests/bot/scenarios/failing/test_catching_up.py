"""Asked while docent was away: each question is answered once it is back, and told so."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import select

from bot.slack.views import buttons
from bot.storage import tables
from bot.texts import answers
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT
from tests.servers.slack.store import ALICE, BOB, BOT_USER, GENERAL, GROUP, PRIVATE, Message

ME = f"<@{BOT_USER}>"
HOUR = 60


def ago(seconds: float) -> str:
    """A time stamp of so many seconds before now."""
    return f"{time.time() - seconds:.6f}"


def say_directly(docent: Docent, text: str, *, user: str = ALICE, **more: object) -> Message:
    channel = docent.slack.store.open_direct(user).id
    return docent.slack.said(text, channel=channel, user=user, **more)


async def catch_up(docent: Docent, **changes: object) -> None:
    await docent.start(**({"catch_up_minutes": HOUR} | changes))


async def wait_for_answers(docent: Docent, question: Message, count: int) -> None:
    """Wait until the thread of a question has so many complete answers."""

    def is_complete() -> bool:
        replies = docent.slack.replies(question)
        return [TEXT in each.shown and not each.live for each in replies] == [True] * count

    await docent.slack.wait_for(is_complete, what=f"{count} answers")


async def wait_for_last(docent: Docent, last: Message) -> list[str]:
    """Wait until the last missed question is answered; the questions that were asked."""
    await docent.slack.wait_for_reply(last, containing=TEXT)
    return [question.text for question in docent.pipeline.questions]


@pytest.mark.parametrize("channel", [GENERAL, PRIVATE, GROUP])
async def test_a_mention_is_answered_and_says_that_docent_was_away(docent: Docent, channel: str):
    question = docent.slack.said(f"{ME} how is data stored?", channel=channel)
    await catch_up(docent)
    reply = await docent.slack.wait_for_reply(question, containing=TEXT)
    assert answers.AWAY in reply.shown
    assert len(docent.slack.replies(question)) == 1


async def test_a_direct_message_is_answered(docent: Docent):
    question = say_directly(docent, "how is data stored?", user=BOB)
    await catch_up(docent)
    assert answers.AWAY in (await docent.slack.wait_for_reply(question, containing=TEXT)).shown


async def test_what_is_asked_now_does_not_say_that_docent_was_away(docent: Docent):
    missed = docent.slack.said(f"{ME} how is data stored?")
    await catch_up(docent)
    await docent.slack.wait_for_reply(missed, containing=TEXT)
    live = await docent.slack.mention("and where?")
    assert answers.AWAY not in (await docent.slack.wait_for_reply(live, containing=TEXT)).shown


async def test_a_mention_in_the_thread_of_an_old_message_is_answered(docent: Docent):
    root = docent.slack.said("our cluster is slow", ts=ago(3 * 86_400))
    question = docent.slack.said(f"{ME} how is data stored?", thread_ts=root.ts, user=BOB)
    await catch_up(docent)
    await docent.slack.wait_for_reply(question, containing=TEXT)


async def test_a_mention_is_found_in_a_thread_that_is_not_on_the_last_pages(docent: Docent):
    await docent.start()
    first = await docent.slack.mention("what is a segment?", ts=ago(2 * 86_400))
    await docent.slack.wait_for_reply(first, containing=TEXT)
    await docent.starts.aclose()
    for _ in range(205):
        docent.slack.said("chatter")
    question = docent.slack.said(f"{ME} how is data stored?", thread_ts=first.ts)
    docent.pipeline.questions.clear()
    await catch_up(docent)
    await wait_for_answers(docent, question, 2)
    assert [each.text for each in docent.pipeline.questions] == ["how is data stored?"]


async def test_only_what_is_for_docent_and_not_answered_yet_is_asked(docent: Docent):
    await docent.start()
    answered = await docent.slack.mention("what is a segment?")
    await docent.slack.wait_for_reply(answered, containing=TEXT)
    await docent.starts.aclose()
    docent.pipeline.questions.clear()
    docent.slack.said(f"{ME} how old is too old?", ts=ago(HOUR * 60 + 30))
    docent.slack.said("how do people talk?")
    docent.slack.said(f"{ME} what says another bot?", bot_id="B0OTHER")
    docent.slack.said(f"{ME} what says a bot of Slack?", subtype="bot_message", user="USLACKBOT")
    docent.slack.said("what about the group?", channel=GROUP)
    last = docent.slack.said(f"{ME} how is data stored?")
    await catch_up(docent)
    assert await wait_for_last(docent, last) == ["how is data stored?"]


async def test_what_was_answered_before_the_inbox_existed_is_left_alone(docent: Docent):
    store = docent.slack.store
    for thread in (docent.slack.said(f"{ME} what is a segment?"), say_directly(docent, "and?")):
        store.add(
            Message(thread.channel, store.new_ts(), BOT_USER, text="It is.", thread_ts=thread.ts)
        )
    last = docent.slack.said(f"{ME} how is data stored?")
    await catch_up(docent)
    assert await wait_for_last(docent, last) == ["how is data stored?"]


async def test_the_answer_to_another_question_of_the_thread_says_nothing(docent: Docent):
    """It came after the second question, which docent never got."""
    await docent.start()
    first = await docent.slack.mention("what is a segment?")
    second = docent.slack.said(f"{ME} how is data stored?", thread_ts=first.ts, user=BOB)
    await wait_for_answers(docent, first, 1)
    await docent.starts.aclose()
    await catch_up(docent)
    await wait_for_answers(docent, second, 2)
    assert [question.text for question in docent.pipeline.questions] == [
        "what is a segment?",
        "how is data stored?",
    ]


async def test_an_edited_message_is_answered_as_it_stands_now(docent: Docent):
    question = docent.slack.said(f"{ME} how is daata stored?")
    question.text, question.edited = f"{ME} how is data stored?", ago(0)
    question.blocks = []
    gone = docent.slack.said(f"{ME} how is it deleted?")
    del docent.slack.store.all[gone.channel, gone.ts]
    last = docent.slack.said(f"{ME} and then?")
    await catch_up(docent)
    await docent.slack.wait_for_reply(question, containing=TEXT)
    # Different threads are answered beside each other, in any order.
    assert sorted(await wait_for_last(docent, last)) == ["and then?", "how is data stored?"]


async def test_questions_enter_the_inbox_oldest_first_across_conversations(docent: Docent):
    second = docent.slack.said(f"{ME} two?", channel=PRIVATE, ts=ago(200))
    first = say_directly(docent, "one?", ts=ago(300))
    last = docent.slack.said(f"{ME} three?", ts=ago(100))
    await catch_up(docent)
    await wait_for_last(docent, last)
    query = select(tables.inbox.c.ts).order_by(tables.inbox.c.received_at)
    with docent.engine.connect() as connection:
        assert list(connection.scalars(query)) == [first.ts, second.ts, last.ts]


async def test_a_question_of_an_automatic_channel_is_answered(docent: Docent):
    question = docent.slack.said("how is data stored?")
    await catch_up(docent, auto_channels=GENERAL)
    await docent.slack.wait_for_reply(question, containing=TEXT)


async def test_zero_minutes_read_nothing(docent: Docent):
    docent.slack.said(f"{ME} how is data stored?")
    await catch_up(docent, catch_up_minutes=0)
    live = await docent.slack.mention("and where?")
    await docent.slack.wait_for_reply(live, containing=TEXT)
    assert docent.slack.calls("users.conversations") == []
    assert len(docent.pipeline.questions) == 1


async def test_two_replicas_answer_once(docent: Docent):
    questions = [docent.slack.said(f"{ME} what is {number}?") for number in range(6)]
    await catch_up(docent)
    await catch_up(docent)
    for question in questions:
        await docent.slack.wait_for_reply(question, containing=TEXT)
    await docent.slack.wait_for(lambda: len(docent.slack.calls("users.conversations")) == 8)
    await docent.starts.aclose()
    assert [len(docent.slack.replies(each)) for each in questions] == [1] * 6


async def test_a_restart_answers_nothing_again(docent: Docent):
    question = docent.slack.said(f"{ME} how is data stored?")
    await catch_up(docent)
    await docent.slack.wait_for_reply(question, containing=TEXT)
    await docent.starts.aclose()
    last = docent.slack.said(f"{ME} and then?")
    await catch_up(docent)
    await docent.slack.wait_for_reply(last, containing=TEXT)
    assert len(docent.slack.replies(question)) == 1


async def test_a_refused_question_is_not_refused_again(docent: Docent):
    await docent.start(allowed_users=BOB)
    refused = await docent.slack.mention("how is data stored?")
    await docent.slack.wait_for(lambda: docent.slack.calls("chat.postEphemeral"))
    await docent.starts.aclose()
    last = docent.slack.said(f"{ME} and then?", user=BOB)
    await catch_up(docent, allowed_users=BOB)
    await docent.slack.wait_for_reply(last, containing=TEXT)
    assert len(docent.slack.calls("chat.postEphemeral")) == 1
    assert docent.slack.replies(refused) == []


async def test_what_is_said_while_the_connection_is_cut_is_answered(docent: Docent):
    await catch_up(docent)
    live = await docent.slack.mention("what is a segment?")
    await docent.slack.wait_for_reply(live, containing=TEXT)
    docent.slack.sockets.abort()
    question = docent.slack.said(f"{ME} how is data stored?")
    await docent.slack.wait_connected(2)
    reply = await docent.slack.wait_for_reply(question, containing=TEXT, timeout=30)
    assert answers.AWAY in reply.shown
    assert len(docent.slack.replies(live)) == 1


async def test_over_http_the_start_catches_up(docent: Docent):
    question = docent.slack.said(f"{ME} how is data stored?")
    await docent.start_http(catch_up_minutes=HOUR)
    await docent.slack.wait_for_reply(question, containing=TEXT)


async def test_the_answer_has_its_buttons(docent: Docent):
    question = docent.slack.said(f"{ME} how is data stored?")
    await catch_up(docent)
    reply = await docent.slack.wait_for_reply(question, containing=TEXT)
    await docent.slack.action(reply, buttons.EVIDENCE)
