"""docent on a local Discord: where it answers, how the answer appears, what it leaves alone."""

import asyncio
from dataclasses import replace

import pytest

from bot.texts import answers
from rag_core.types import AnswerDone, TextDelta
from tests.bot.conftest import INTERVALS
from tests.bot.discord.conftest import DiscordDocent
from tests.bot.fakes import Gate, answer, script
from tests.servers.discord.store import (
    ALICE,
    ALICE_DIRECT,
    BOB,
    BOT,
    ELSEWHERE,
    GENERAL,
    HELP_FORUM,
)

ASK = f"<@{BOT}> how does Milvus store data?"
DONE = answers.SOURCES


async def test_a_mention_is_answered_in_a_thread_of_its_own(on_discord: DiscordDocent):
    await on_discord.start()
    question = await on_discord.server.say(GENERAL, ALICE, ASK)
    [reply] = await on_discord.server.wait_for_reply(question["id"], DONE)
    thread = on_discord.server.store.channels[question["id"]]
    assert (thread.name, thread.typing) == ("how does Milvus store data?", 1)
    assert "object storage" in reply["content"]
    assert not on_discord.server.list_own(GENERAL)
    assert [each.text for each in on_discord.docent.pipeline.questions] == [
        "how does Milvus store data?"
    ]


async def test_a_direct_message_is_answered_beside_it(on_discord: DiscordDocent):
    await on_discord.start()
    question = await on_discord.server.say(ALICE_DIRECT, ALICE, "how does Milvus store data?")
    [reply] = await on_discord.server.wait_for_reply(ALICE_DIRECT, DONE)
    assert reply["message_reference"]["message_id"] == question["id"]


async def test_a_mention_in_a_thread_is_answered_there_with_what_was_said(
    on_discord: DiscordDocent,
):
    first = on_discord.server.store.add(GENERAL, BOB, f"<@{BOT}> my segments do not load")
    thread = on_discord.server.store.open_thread(GENERAL, "segments", first["id"])
    await on_discord.start()
    question = await on_discord.server.say(thread.id, ALICE, f"<@{BOT}> why is that?")
    [reply] = await on_discord.server.wait_for_reply(thread.id, DONE)
    assert reply["message_reference"]["message_id"] == question["id"]
    [asked] = on_discord.docent.pipeline.questions
    assert [turn.text for turn in asked.history] == ["> my segments do not load"]


async def test_a_mention_in_a_forum_post_is_answered_in_place(on_discord: DiscordDocent):
    await on_discord.start()
    post = await on_discord.server.open_post(ALICE, "Storage", ASK)
    await on_discord.server.wait_for_reply(post["id"], DONE)
    [asked] = on_discord.docent.pipeline.questions
    assert asked.text == "Storage\nhow does Milvus store data?"
    assert not [each for each in on_discord.server.calls if each.path.endswith("/threads")]


async def test_a_forum_post_is_answered_by_itself_where_that_is_set(on_discord: DiscordDocent):
    on_discord.server.gateway.allowed_intents = 1 << 15
    await on_discord.start(discord_forums=HELP_FORUM)
    post = await on_discord.server.open_post(ALICE, "Storage", "How does Milvus store data?")
    await on_discord.server.wait_for_reply(post["id"], DONE)


async def test_a_forum_post_without_an_answer_gets_silence(on_discord: DiscordDocent):
    on_discord.server.gateway.allowed_intents = 1 << 15
    on_discord.docent.pipeline.script = [AnswerDone(answer("", citations=(), status="not_found"))]
    await on_discord.start(discord_forums=HELP_FORUM)
    post = await on_discord.server.open_post(ALICE, "Storage", "How does Milvus store data?")
    direct = await on_discord.server.say(ALICE_DIRECT, ALICE, "how?")
    await on_discord.server.wait_for(lambda: on_discord.server.list_own(direct["channel_id"]))
    assert on_discord.server.list_own(post["id"]) == []


async def test_nothing_is_said_in_a_server_that_is_not_named(on_discord: DiscordDocent):
    await on_discord.start()
    other = await on_discord.server.say(ELSEWHERE, ALICE, ASK)
    question = await on_discord.server.say(GENERAL, ALICE, ASK)
    await on_discord.server.wait_for_reply(question["id"], DONE)
    assert not on_discord.server.list_own(ELSEWHERE)
    assert other["id"] not in on_discord.server.store.channels
    assert len(on_discord.docent.pipeline.questions) == 1


async def test_the_text_grows_by_edits_and_stale_ones_are_left_out(on_discord: DiscordDocent):
    gate = Gate()
    done = AnswerDone(answer("One two three [1]."))
    steps = [TextDelta(part) for part in ("One ", "two ", "three ", "[1].")]
    on_discord.docent.pipeline.script = [*steps, gate, done]
    await on_discord.start(intervals=replace(INTERVALS, flush_seconds=30))
    question = await on_discord.server.say(GENERAL, ALICE, ASK)
    await on_discord.docent.reached(gate.reached)
    await on_discord.server.wait_for(lambda: on_discord.server.list_own(question["id"]))
    gate.open()
    await on_discord.server.wait_for_reply(question["id"], DONE)
    edits = [each for each in on_discord.server.calls if each.method == "PATCH"]
    assert len(edits) == 1


async def test_a_long_answer_comes_in_parts_in_order(on_discord: DiscordDocent):
    text = "\n\n".join(f"Paragraph {number} " + "word " * 60 + "[1]." for number in range(20))
    on_discord.docent.pipeline.script = script(text)
    await on_discord.start()
    question = await on_discord.server.say(GENERAL, ALICE, ASK)
    parts = await on_discord.server.wait_for_reply(question["id"], DONE)
    assert len(parts) > 2
    assert "Paragraph 0 " in parts[0]["content"]
    assert DONE in parts[-1]["content"]
    nonces = [
        each.body["nonce"] for each in on_discord.server.calls if "nonce" in (each.body or ())
    ]
    assert len(set(nonces)) == len(parts)


async def test_an_answer_stands_in_a_channel_that_takes_no_thread(on_discord: DiscordDocent):
    await on_discord.start()
    on_discord.server.takes_threads = False
    question = await on_discord.server.say(GENERAL, ALICE, ASK)
    [reply] = await on_discord.server.wait_for_reply(GENERAL, DONE)
    assert reply["message_reference"]["message_id"] == question["id"]


async def test_rate_limits_delay_an_answer_and_nothing_else(on_discord: DiscordDocent):
    await on_discord.start()
    on_discord.server.limited = [0.01, 0.01]
    question = await on_discord.server.say(GENERAL, ALICE, ASK)
    assert len(await on_discord.server.wait_for_reply(question["id"], DONE)) == 1


async def test_a_greeting_gets_a_hint_and_thanks_a_reaction(on_discord: DiscordDocent):
    await on_discord.start()
    await on_discord.server.say(ALICE_DIRECT, ALICE, "hello")
    await on_discord.server.wait_for(lambda: on_discord.server.list_own(ALICE_DIRECT))
    thanks = await on_discord.server.say(ALICE_DIRECT, ALICE, "thanks!")
    await on_discord.server.wait_for(lambda: thanks.get("docent_reactions"))
    assert on_discord.docent.pipeline.questions == []


async def test_slack_and_discord_are_answered_by_one_process(on_discord: DiscordDocent):
    slack = on_discord.docent.slack
    await on_discord.start(slack_bot_token=slack.bot_token, slack_app_token=slack.app_token)
    await slack.wait_connected()
    question = await on_discord.server.say(GENERAL, ALICE, ASK)
    asked = await slack.mention("how?")
    await on_discord.server.wait_for_reply(question["id"], DONE)
    await slack.wait_for_reply(asked, containing=DONE)
    assert len(on_discord.docent.pipeline.questions) == 2


async def test_an_edit_is_answered_in_place_of_the_first_answer(on_discord: DiscordDocent):
    await on_discord.start()
    question = await on_discord.server.say(GENERAL, ALICE, ASK)
    await on_discord.server.wait_for_reply(question["id"], DONE)
    on_discord.docent.pipeline.script = script("Another answer [1].")
    await on_discord.server.change(question, f"<@{BOT}> how does Milvus keep logs?")
    replies = await on_discord.server.wait_for_reply(question["id"], "Another answer")
    await on_discord.server.wait_for_reply(question["id"], DONE)
    assert len(replies) == 1


async def test_a_question_that_is_deleted_takes_its_answer_along(on_discord: DiscordDocent):
    gate = Gate()
    on_discord.docent.pipeline.script = [gate, *script()]
    await on_discord.start()
    question = await on_discord.server.say(ALICE_DIRECT, ALICE, "how does it store data?")
    await on_discord.docent.reached(gate.reached)
    await on_discord.server.wait_for(lambda: on_discord.server.list_own(ALICE_DIRECT))
    await on_discord.server.remove(question)
    await on_discord.server.wait_for(lambda: not on_discord.server.list_own(ALICE_DIRECT))
    gate.open()


@pytest.mark.parametrize("place", [GENERAL, ALICE_DIRECT])
async def test_what_was_asked_while_docent_was_away_is_answered(
    on_discord: DiscordDocent, place: str
):
    await on_discord.start(catch_up_minutes=60)
    first = await on_discord.server.say(place, ALICE, ASK)
    where = first["id"] if place == GENERAL else place
    await on_discord.server.wait_for_reply(where, DONE)
    await on_discord.docent.starts.aclose()
    missed = on_discord.server.store.add(place, ALICE, f"<@{BOT}> and logs?")
    await on_discord.start(catch_up_minutes=60)
    where = missed["id"] if place == GENERAL else place
    await on_discord.server.wait_for_reply(where, answers.AWAY.split(".")[0])
    assert len(on_discord.docent.pipeline.questions) == 2


async def test_an_answer_that_was_broken_off_goes_on_in_its_message(on_discord: DiscordDocent):
    gate = Gate()
    on_discord.docent.pipeline.script = [gate, *script()]
    await on_discord.start(intervals=replace(INTERVALS, grace_seconds=0))
    question = await on_discord.server.say(GENERAL, ALICE, ASK)
    await on_discord.docent.reached(gate.reached)
    await on_discord.server.wait_for(lambda: on_discord.server.list_own(question["id"]))
    closing = asyncio.create_task(on_discord.docent.starts.aclose())
    await on_discord.server.wait_for_reply(question["id"], answers.PAUSED[:20])
    gate.open()
    await closing
    on_discord.docent.pipeline.script = script()
    await on_discord.start()
    assert len(await on_discord.server.wait_for_reply(question["id"], DONE)) == 1
