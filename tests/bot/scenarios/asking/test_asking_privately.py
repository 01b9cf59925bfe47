"""`/docent ask` and the message shortcut: seen by the asker alone, until they share it."""

import pytest

from bot.slack.inbox.targets import SHORTCUT
from bot.slack.views import buttons
from bot.texts import answers
from bot.texts import asking as words
from rag_core.errors import StoreUnavailableError
from rag_core.types import AnswerDone, Scope
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT, Gate, answer, script
from tests.bot.scenarios.asking.test_asking import settled
from tests.bot.slack.actions.test_answer_buttons import HELP, has, with_help_channel
from tests.bot.slack.actions.test_commands import told
from tests.servers.slack.store import ALICE, BOB, GENERAL, PRIVATE, Message


async def asked(docent: Docent, question: str = "how is data stored?", **where: str) -> Message:
    """The private answer to a question of Alice's."""
    await docent.slack.slash("/docent", f"ask {question}", **where)
    return await docent.slack.wait_for_message(told(ALICE, answers.SOURCES))


def public(docent: Docent, containing: str) -> list[Message]:
    everything = docent.slack.store.all.values()
    return [m for m in everything if m.by_bot and not m.visible_to and containing in m.shown]


async def test_the_asker_alone_sees_the_answer_with_its_sources(docent: Docent):
    await docent.start()
    reply = await asked(docent)
    assert reply.visible_to == ALICE
    assert TEXT in reply.shown
    assert "[1] <https://example.com/page1#where|" in reply.shown
    assert "revision `a1b2c3d`" in reply.shown
    assert docent.slack.calls("chat.postMessage") == []
    assert [one.text for one in docent.pipeline.questions] == ["how is data stored?"]


async def test_a_sign_of_life_comes_before_the_answer(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [gate, *script()]
    await docent.start()
    await docent.slack.slash("/docent", "ask how?")
    await docent.slack.wait_for_message(told(ALICE, words.ASK_SEARCHING))
    gate.open()
    await docent.slack.wait_for_message(told(ALICE, TEXT))


async def test_it_asks_of_the_scope_of_the_channel(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "scope version=2.6")
    await docent.slack.wait_for_message(told(ALICE, "Done"))
    assert "version `2.6`" in (await asked(docent)).shown
    assert docent.pipeline.questions[-1].scope == Scope(version="2.6")


async def test_without_a_question_it_says_how_to_ask(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "ask  ")
    await docent.slack.wait_for_message(told(ALICE, words.ASK_USAGE))


async def test_who_may_not_ask_is_refused(docent: Docent):
    await docent.start(allowed_users=BOB)
    await docent.slack.slash("/docent", "ask how?")
    await docent.slack.wait_for_message(told(ALICE, answers.NOT_FOR_YOU))
    assert docent.pipeline.questions == []


async def test_a_failure_is_told_and_nothing_can_be_shared(docent: Docent):
    docent.pipeline.script = [StoreUnavailableError("no Milvus")]
    await docent.start()
    await docent.slack.slash("/docent", "ask how?")
    reply = await docent.slack.wait_for_message(told(ALICE, answers.ERRORS[StoreUnavailableError]))
    with pytest.raises(LookupError):
        await docent.slack.action(reply, buttons.SHARE)


async def test_what_is_not_documented_can_not_be_shared(docent: Docent):
    docent.pipeline.script = [AnswerDone(answer("", status="not_found"))]
    await docent.start()
    await docent.slack.slash("/docent", "ask who is the king?")
    reply = await docent.slack.wait_for_message(told(ALICE, answers.NOT_FOUND))
    with pytest.raises(LookupError):
        await docent.slack.action(reply, buttons.SHARE)


async def test_people_can_be_asked_where_nothing_was_found(docent: Docent):
    docent.pipeline.script = [AnswerDone(answer("", status="not_found"))]
    with_help_channel(docent)
    await docent.start(help_channel=HELP)
    await docent.slack.slash("/docent", "ask who is the king?")
    reply = await docent.slack.wait_for_message(told(ALICE, answers.NOT_FOUND))
    assert has(reply, buttons.ASK_PEOPLE)


@pytest.mark.parametrize("paragraphs", [30, 90])
async def test_a_long_answer_stays_within_five_messages(docent: Docent, paragraphs: int):
    text = "\n\n".join(f"Paragraph {n}. " + "word " * 200 for n in range(paragraphs))
    docent.pipeline.script = [AnswerDone(answer(text))]
    await docent.start()
    await asked(docent)
    said = [m for m in docent.slack.store.all.values() if m.visible_to == ALICE]
    assert "Paragraph 0." in said[1].shown
    whole = f"Paragraph {paragraphs - 1}." in said[-1].shown
    assert whole != (words.TOO_LONG_FOR_ONE in said[-1].shown)
    assert len(said) <= 5


async def test_shared_it_is_there_for_all_and_no_longer_for_one(docent: Docent):
    await docent.start()
    reply = await asked(docent, "how is <!here> stored?")
    await docent.slack.action(reply, buttons.SHARE)
    shared = await docent.slack.wait_for_message(
        lambda m: m.visible_to is None and TEXT in m.shown and m.by_bot
    )
    assert shared.channel == GENERAL
    assert shared.thread_ts is None
    assert shared.shown.startswith(f"> <@{ALICE}> asked: how is")
    assert "<!here>" not in shared.shown
    assert answers.SOURCES in shared.shown
    await docent.slack.wait_for(lambda: (GENERAL, reply.ts) not in docent.slack.store.all)
    await docent.slack.message("and how is it deleted?", thread_ts=shared.ts)
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)
    assert docent.pipeline.questions[1].history[0].text.endswith(TEXT)


async def test_two_clicks_share_once(docent: Docent):
    await docent.start()
    reply = await asked(docent)
    await docent.slack.action(reply, buttons.SHARE)
    await docent.slack.action(reply, buttons.SHARE)
    await docent.slack.wait_for(lambda: public(docent, TEXT))
    await settled(docent)
    assert len([m for m in public(docent, TEXT) if m.channel == GENERAL]) == 1


async def test_where_docent_is_no_member_it_is_shared_by_the_response_url(docent: Docent):
    docent.slack.lack("chat.postMessage", error="not_in_channel")
    await docent.start()
    reply = await asked(docent)
    await docent.slack.action(reply, buttons.SHARE)
    await docent.slack.wait_for(lambda: public(docent, TEXT))


async def test_without_kept_texts_nothing_can_be_shared(docent: Docent):
    await docent.start(keep_days=0)
    reply = await asked(docent)
    with pytest.raises(LookupError):
        await docent.slack.action(reply, buttons.SHARE)


async def test_an_answer_that_was_forgotten_is_not_shared(docent: Docent):
    async with docent.running():
        await docent.slack.wait_connected()
        reply = await asked(docent)
    async with docent.running(keep_days=0):
        await docent.slack.wait_connected(2)
    await docent.start()
    await docent.slack.action(reply, buttons.SHARE)
    await docent.slack.wait_for_message(told(ALICE, words.SHARE_GONE))


async def test_the_shortcut_answers_its_user_alone_and_shares_in_the_thread(docent: Docent):
    await docent.start()
    said = docent.slack.said("how is data stored?", user=BOB)
    await docent.slack.shortcut(said, SHORTCUT)
    reply = await docent.slack.wait_for_message(told(ALICE, answers.SOURCES))
    assert [one.text for one in docent.pipeline.questions] == ["how is data stored?"]
    await docent.slack.action(reply, buttons.SHARE)
    shared = await docent.slack.wait_for_reply(said, containing=TEXT)
    assert shared.thread_ts == said.ts


async def test_the_shortcut_in_a_thread_knows_what_was_said_before(docent: Docent):
    await docent.start()
    root = docent.slack.said("Milvus crashed", channel=PRIVATE)
    said = docent.slack.said("is that known?", thread_ts=root.ts, channel=PRIVATE)
    await docent.slack.shortcut(said, SHORTCUT)
    reply = await docent.slack.wait_for_message(told(ALICE, answers.SOURCES))
    assert reply.thread_ts == root.ts
    [question] = docent.pipeline.questions
    assert [turn.text for turn in question.history] == ["Milvus crashed"]


async def test_a_private_answer_makes_the_thread_none_of_docents(docent: Docent):
    await docent.start()
    root = docent.slack.said("how is data stored?", user=BOB)
    await docent.slack.shortcut(root, SHORTCUT)
    await docent.slack.wait_for_message(told(ALICE, answers.SOURCES))
    await docent.slack.message("does anybody know?", thread_ts=root.ts)
    await settled(docent)
    assert len(docent.pipeline.questions) == 1


async def test_the_shortcut_says_what_it_can_not_do(docent: Docent):
    await docent.start(allowed_users=BOB)
    said = docent.slack.said("", user=BOB)
    await docent.slack.shortcut(said, SHORTCUT, user=BOB)
    await docent.slack.wait_for_message(told(BOB, words.NO_QUESTION_THERE))
    await docent.slack.shortcut(said, SHORTCUT)
    await docent.slack.wait_for_message(told(ALICE, answers.NOT_FOR_YOU))


async def test_asking_privately_over_http(docent: Docent):
    await docent.start_http()
    reply = await asked(docent)
    await docent.slack.action(reply, buttons.SHARE)
    await docent.slack.wait_for(lambda: public(docent, TEXT))
    await docent.slack.shortcut(docent.slack.said("how?", user=BOB), SHORTCUT, user=BOB)
    await docent.slack.wait_for_message(told(BOB, TEXT))
