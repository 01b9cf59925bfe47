"""Buttons below an answer: evidence, thumbs, and people who are asked instead."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete

from bot.slack.views import buttons, modals
from bot.storage import tables
from bot.storage.answers import Answers
from bot.storage.claims import Claims
from bot.storage.ratings import RatedAnswer, Ratings
from bot.texts import answers
from bot.texts import button_labels as words
from bot.types import MessageKey
from ingest.errors import StateError
from rag_core.types import AnswerDone, Passage
from tests.bot.conftest import Docent
from tests.bot.conversation.test_follow_ups import kept
from tests.bot.fakes import answer, chunk, citation, script
from tests.bot.slack.actions.test_commands import told
from tests.bot.storage.test_claims import age
from tests.servers.slack import events
from tests.servers.slack.delivery import Delivery
from tests.servers.slack.store import ALICE, BOB, GENERAL, Channel, Message, block_text

HELP = "C0HELP"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def not_found():
    passages = (citation(1), citation(2))
    return [*script()[:2], AnswerDone(answer("", citations=passages, status="not_found"))]


async def reply_to(docent: Docent, text: str = "is a < b stored?", **where) -> Message:
    """docent's answer to a question, once it is kept."""
    question = await docent.slack.mention(text, **where)
    reply = await docent.slack.wait_for_reply(question)
    await kept(docent, question)
    return reply


async def opened(docent: Docent) -> dict[str, Any]:
    """The modal that was opened last, once there is one."""
    await docent.slack.wait_for(lambda: docent.slack.store.views)
    return list(docent.slack.store.views.values())[-1]


def rated(docent: Docent) -> tuple[RatedAnswer, ...]:
    return Ratings(docent.engine).list_since(LONG_AGO, Answers(docent.engine, days=1))


async def rate(docent: Docent, reply: Message, thumb: str, *, user: str = ALICE) -> None:
    """A click on a thumb, once it is noted."""
    thanks = words.THANKS if thumb == "up" else words.THANKS_SORRY
    before = len(docent.slack.store.all)
    await docent.slack.action(reply, buttons.RATE, value=thumb_value(reply, thumb), user=user)
    await docent.slack.wait_for(lambda: len(docent.slack.store.all) > before)
    await docent.slack.wait_for_message(told(user, thanks))


def thumb_value(reply: Message, thumb: str) -> str:
    for block in [*reply.stream_blocks, *reply.blocks]:
        for element in block.get("elements", ()):
            if element.get("action_id") == buttons.RATE:
                side = "positive_button" if thumb == "up" else "negative_button"
                return str(element[side]["value"])
    raise LookupError("no thumbs")


def has(reply: Message, action_id: str) -> bool:
    found = [e for b in [*reply.stream_blocks, *reply.blocks] for e in b.get("elements", ())]
    return action_id in {element.get("action_id") for element in found}


def with_help_channel(docent: Docent) -> None:
    channel = Channel(HELP, "help", {ALICE, "U0DOCENT"})
    docent.slack.store.channels[HELP] = channel


# The evidence.


async def test_the_evidence_shows_the_passages_with_both_scores(docent: Docent):
    table = "Use **flush**:\n\n```python\nflush()\n```\n\n| a | b |\n|---|---|\n| <!here> | 2 |"
    shown = citation(1, chunk(1)), citation(2, replace(chunk(2), text=table))
    docent.pipeline.script = [*script()[:2], AnswerDone(answer("Text [1] [2].", citations=shown))]
    await docent.start()
    reply = await reply_to(docent)
    await docent.slack.action(reply, buttons.EVIDENCE, user=BOB)
    view = await opened(docent)
    text = block_text(view["blocks"])
    assert "*[1] <https://example.com/page1#where|Storage \u203a Where data lives>*" in text
    assert "Data lives in object storage." in text
    assert "*flush*" in text
    assert "```\nflush()\n```" in text
    assert "&lt;!here&gt;  2" in text
    assert text.count("retrieval 0.900 · rerank 0.800") == 2
    assert "is a &lt; b stored?" in text
    assert "<!here>" not in text


async def test_passages_that_are_not_cited_stand_below(docent: Docent):
    done = answer(citations=(citation(1),))
    extra = Passage(chunk(9, title="Other"), retrieval_score=0.4, rerank_score=None)
    done = replace(done, passages=(*done.passages, extra))
    docent.pipeline.script = [*script()[:2], AnswerDone(done)]
    await docent.start()
    await docent.slack.action(await reply_to(docent), buttons.EVIDENCE)
    text = block_text((await opened(docent))["blocks"])
    assert text.index("[1]") < text.index(words.NOT_CITED) < text.index("Other")
    assert "retrieval 0.400 · rerank -" in text


async def test_evidence_that_is_kept_no_longer_says_so(docent: Docent):
    await docent.start()
    reply = await reply_to(docent)
    with docent.engine.begin() as connection:
        connection.execute(delete(tables.answers))
    await docent.slack.action(reply, buttons.EVIDENCE)
    assert words.ANSWER_GONE in block_text((await opened(docent))["blocks"])


async def test_a_modal_that_can_not_be_opened_is_told(docent: Docent):
    docent.slack.lack("views.open", error="expired_trigger_id")
    await docent.start()
    await docent.slack.action(await reply_to(docent), buttons.EVIDENCE)
    await docent.slack.wait_for_message(told(ALICE, answers.UNEXPECTED))


async def test_a_click_from_another_workspace_is_a_guests(docent: Docent):
    """Slack names the workspace of who clicked as `team`, which is not docent's."""
    await docent.start()
    reply = await reply_to(docent)
    payload = events.clicked(
        reply,
        events.find_action(reply, buttons.EVIDENCE, None),
        user=(BOB, "bob"),
        urls={"response_url": docent.slack.response_urls.new(GENERAL, BOB), "trigger_id": "t"},
    )
    payload["team"], payload["user"]["team_id"] = {"id": "T0OTHER"}, "T0OTHER"
    await docent.slack.deliver(Delivery("interactive", payload))
    await docent.slack.wait_for_message(told(BOB, answers.NOT_FOR_GUESTS))
    assert not docent.slack.calls("views.open")


async def test_who_may_not_ask_sees_no_evidence_and_rates_nothing(docent: Docent):
    await docent.start(allowed_users=ALICE)
    reply = await reply_to(docent)
    for action_id in (buttons.EVIDENCE, buttons.RATE):
        await docent.slack.action(reply, action_id, user=BOB)
    await docent.slack.wait_for(
        lambda: sum(map(told(BOB, answers.NOT_FOR_YOU), docent.slack.store.all.values())) == 2
    )
    assert not docent.slack.store.views
    assert rated(docent) == ()


async def test_where_texts_are_not_kept_there_are_no_buttons(docent: Docent):
    await docent.start(keep_days=0)
    reply = await reply_to(docent)
    assert not has(reply, buttons.RATE)
    assert not has(reply, buttons.EVIDENCE)


async def test_a_database_that_fails_at_a_click_is_told(docent: Docent, monkeypatch):
    await docent.start()
    reply = await reply_to(docent)

    def broken(*_: object) -> None:
        raise StateError("the disk is gone")

    monkeypatch.setattr(Answers, "find", broken)
    await docent.slack.action(reply, buttons.EVIDENCE)
    await docent.slack.wait_for_message(told(ALICE, answers.ERRORS[StateError]))


# Thumbs.


async def test_a_thumb_up_is_stored_with_what_it_is_about(docent: Docent):
    await docent.start()
    reply = await reply_to(docent, "how is data stored?")
    await rate(docent, reply, "up", user=BOB)
    [found] = rated(docent)
    assert (found.rating.verdict, found.rating.user) == ("up", BOB)
    assert found.record.question == "how is data stored?"
    assert found.record.answer is not None
    assert found.record.answer.revision.startswith("a1b2c3d")
    assert len(found.record.answer.passages) == 2
    assert not docent.slack.store.views


async def explained(docent: Docent) -> None:
    """The reason of a rating is stored; no call of Slack tells it."""
    async with asyncio.timeout(10):
        while not rated(docent)[0].rating.reason:  # noqa: ASYNC110  (a thread stores it, which knows no event)
            await asyncio.sleep(0.01)


async def test_a_thumb_down_asks_why_and_stores_it(docent: Docent):
    await docent.start()
    reply = await reply_to(docent)
    await rate(docent, reply, "down")
    view = await opened(docent)
    await docent.slack.submit(view, {modals.REASON: "outdated", modals.COMMENT: " since 2.5 "})
    await explained(docent)
    [found] = rated(docent)
    assert found.rating.verdict == "down"
    assert (found.rating.reason, found.rating.comment) == ("outdated", "since 2.5")


async def test_a_form_may_be_sent_empty(docent: Docent):
    await docent.start()
    await rate(docent, await reply_to(docent), "down")
    ack = await docent.slack.submit(await opened(docent), {})
    assert not ack.payload
    [found] = rated(docent)
    assert found.rating.reason == ""


async def test_changing_ones_mind_overwrites(docent: Docent):
    await docent.start()
    reply = await reply_to(docent)
    await rate(docent, reply, "down")
    await docent.slack.submit(await opened(docent), {modals.REASON: "wrong"})
    await explained(docent)
    await rate(docent, reply, "up")
    [found] = rated(docent)
    assert (found.rating.verdict, found.rating.reason) == ("up", "")


async def test_everybody_has_a_thumb_of_their_own(docent: Docent):
    await docent.start()
    reply = await reply_to(docent)
    await rate(docent, reply, "up", user=ALICE)
    await rate(docent, reply, "down", user=BOB)
    assert {(r.rating.user, r.rating.verdict) for r in rated(docent)} == {
        (ALICE, "up"),
        (BOB, "down"),
    }


async def test_thumbs_go_with_their_answer(docent: Docent):
    await docent.start()
    await rate(docent, await reply_to(docent), "up")
    later = datetime.now(UTC) + timedelta(days=91)
    Answers(docent.engine, days=90, clock=lambda: later).purge()
    with docent.engine.connect() as connection:
        assert connection.execute(tables.ratings.select()).all() == []


# People who are asked instead.


def asked_in_help(docent: Docent) -> list[Message]:
    return docent.slack.messages(HELP)


async def test_people_are_asked_once_with_a_link_to_the_thread(docent: Docent):
    with_help_channel(docent)
    docent.pipeline.script = not_found()
    await docent.start(help_channel=HELP)
    reply = await reply_to(docent)
    await docent.slack.action(reply, buttons.ASK_PEOPLE)
    await docent.slack.wait_for_message(told(ALICE, words.render_passed_on(HELP)))
    [asked] = asked_in_help(docent)
    assert f"<@{ALICE}>" in asked.shown
    assert "is a < b stored?" in asked.shown
    path = f"{GENERAL}/p{str(reply.thread_ts).replace('.', '')}"
    assert f"<https://docent-test.slack.com/archives/{path}|" in asked.shown
    plain = asked.blocks[1]["text"]
    assert plain["type"] == "plain_text"
    assert "a &lt; b" in asked.text
    await docent.slack.action(reply, buttons.ASK_PEOPLE, user=BOB)
    await docent.slack.wait_for_message(told(BOB, words.render_already_passed_on(HELP)))
    assert len(asked_in_help(docent)) == 1


async def test_an_answer_that_was_found_has_no_such_button_until_it_is_rated_down(docent: Docent):
    with_help_channel(docent)
    await docent.start(help_channel=HELP)
    reply = await reply_to(docent)
    assert not has(reply, buttons.ASK_PEOPLE)
    await rate(docent, reply, "down")
    thanks = await docent.slack.wait_for_message(told(ALICE, words.THANKS_SORRY))
    assert thanks.thread_ts == reply.thread_ts
    await docent.slack.action(thanks, buttons.ASK_PEOPLE)
    await docent.slack.wait_for_message(told(ALICE, words.render_passed_on(HELP)))
    assert len(asked_in_help(docent)) == 1


async def test_without_a_channel_there_is_no_button(docent: Docent):
    docent.pipeline.script = not_found()
    await docent.start()
    reply = await reply_to(docent)
    assert not has(reply, buttons.ASK_PEOPLE)
    await rate(docent, reply, "down")
    thanks = await docent.slack.wait_for_message(told(ALICE, words.THANKS_SORRY))
    assert not thanks.blocks


async def test_a_direct_message_is_passed_on_without_a_link(docent: Docent):
    with_help_channel(docent)
    docent.pipeline.script = not_found()
    await docent.start(help_channel=HELP)
    question = await docent.slack.dm("how?")
    reply = await docent.slack.wait_for_reply(question)
    await kept(docent, question)
    await docent.slack.action(reply, buttons.ASK_PEOPLE)
    await docent.slack.wait_for_message(told(ALICE, words.render_passed_on(HELP)))
    [asked] = asked_in_help(docent)
    assert "archives" not in asked.shown


async def test_people_who_can_not_be_reached_may_be_tried_again(docent: Docent):
    docent.pipeline.script = not_found()
    with_help_channel(docent)
    docent.slack.store.channels[HELP].members.discard("U0DOCENT")
    await docent.start(help_channel=HELP)
    reply = await reply_to(docent)
    await docent.slack.action(reply, buttons.ASK_PEOPLE)
    await docent.slack.wait_for_message(told(ALICE, words.PEOPLE_UNREACHABLE))
    docent.slack.store.channels[HELP].members.add("U0DOCENT")
    await docent.slack.action(reply, buttons.ASK_PEOPLE)
    await docent.slack.wait_for_message(told(ALICE, words.render_passed_on(HELP)))


async def test_a_process_that_died_before_it_asked_people_does_not_stop_others(docent: Docent):
    docent.pipeline.script = not_found()
    with_help_channel(docent)
    await docent.start(help_channel=HELP)
    reply = await reply_to(docent)
    with docent.engine.connect() as connection:
        row = connection.execute(tables.answers.select()).one()
    key = MessageKey(row.team, row.channel, f"people-{row.id[:24]}")
    assert Claims(docent.engine).take(key)
    age(docent.engine, timedelta(days=365))
    await docent.slack.action(reply, buttons.ASK_PEOPLE)
    await docent.slack.wait_for_message(told(ALICE, words.render_passed_on(HELP)))
    assert len(asked_in_help(docent)) == 1
