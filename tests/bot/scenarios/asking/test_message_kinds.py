"""What Slack sends, all of it: each kind of message, through the real app."""

# ruff: noqa: RUF001  (Cyrillic letters)

import json
from typing import Any

import pytest

from bot.texts import answers
from rag_core.types import Turn
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT
from tests.bot.scenarios.asking.test_asking import settled
from tests.servers.slack.store import ALICE, BOB, BOT_USER, GENERAL, Message

ALERT = "FIRING: compaction queue above 500 on querynode-3"
FORWARDED: dict[str, Any] = {
    "is_share": True,
    "author_name": "Carla",
    "text": "How is a replica moved to <#C0GENERAL>?",
    "fallback": "[May 2nd] Carla: How ...",
}


async def answered(docent: Docent, question: Message) -> Message:
    """The answer to a question, complete and stored."""
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    thread = (question.channel, question.thread_ts or question.ts)
    await docent.slack.wait_for(
        lambda: docent.slack.store.sessions.get(thread, [])[-1:] == ["active"]
    )
    return reply


def asked(docent: Docent) -> list[str]:
    return [question.text for question in docent.pipeline.questions]


async def test_a_forwarded_question_is_asked_in_direct_messages_and_by_mention(docent: Docent):
    await docent.start()
    await answered(docent, await docent.slack.dm("", attachments=[FORWARDED]))
    await answered(docent, await docent.slack.mention("", attachments=[FORWARDED]))
    assert asked(docent) == ["How is a replica moved to #general?"] * 2


async def test_what_is_quoted_is_read_with_own_words_names_in_both(docent: Docent):
    await docent.start()
    question = await docent.slack.mention(
        f"is <@{BOB}> right?", attachments=[{**FORWARDED, "text": f"<@{ALICE}> it is 3 GB"}]
    )
    await answered(docent, question)
    [found] = docent.pipeline.questions
    assert (found.text, found.material) == ("is @Bob right?", "Carla:\n@Alice it is 3 GB")


async def test_the_shortcut_and_the_reaction_read_what_is_forwarded(docent: Docent):
    await docent.start(emoji="books")
    said = docent.slack.said("", user=BOB, attachments=[FORWARDED])
    await docent.slack.shortcut(said, "docent_ask_about")
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 1)
    await docent.slack.react(said, "books")
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)
    assert asked(docent) == ["How is a replica moved to #general?"] * 2


async def test_an_alert_is_read_where_a_thread_begins_with_it_and_never_answered(docent: Docent):
    await docent.start()
    attachment = {"title": ALERT, "fields": [{"title": "Since", "value": "12:04"}]}
    root = await docent.slack.message(
        "", user="", subtype="bot_message", bot_id="B0ALERT", blocks=[], attachments=[attachment]
    )
    await settled(docent)
    assert docent.pipeline.questions == []
    question = await docent.slack.mention("what does this mean?", thread_ts=root.ts)
    await answered(docent, question)
    [found] = docent.pipeline.questions
    assert found.history == (Turn("user", f"> {ALERT}\nSince: 12:04"),)
    assert found.material == f"{ALERT}\nSince: 12:04"


async def test_the_root_is_read_however_many_messages_follow(docent: Docent):
    await docent.start()
    root = docent.slack.said("How do I restore one shard from a backup?", user=BOB)
    for number in range(14):
        docent.slack.said(f"bump {number}", user=BOB, thread_ts=root.ts)
    await answered(docent, await docent.slack.mention("can you help here?", thread_ts=root.ts))
    [found] = docent.pipeline.questions
    assert [turn.text for turn in found.history] == [
        f"> {root.text}",
        *(f"> bump {number}" for number in range(4, 14)),
    ]


async def test_the_thread_of_the_alert_case_is_read(docent: Docent, shared):
    case = json.loads((shared / "cases" / "slack" / "07_alert_thread" / "input.json").read_text())
    root = docent.slack.said(user="", **case["root"])
    await docent.start()
    text = case["reply"].replace("U0BOT", BOT_USER)
    await answered(docent, await docent.slack.mention(text, thread_ts=root.ts))
    assert case["root"]["text"] in docent.pipeline.questions[0].history[0].text


async def test_direct_messages_within_half_an_hour_are_one_conversation(docent: Docent):
    await docent.start()
    old = float(docent.slack.store.new_ts()) - 1_900
    channel = docent.slack.store.open_direct(ALICE).id
    docent.slack.said("an old matter", channel=channel, ts=f"{old:.6f}")
    await answered(docent, await docent.slack.dm("how is data stored?"))
    await answered(docent, await docent.slack.dm("and how is it deleted?"))
    assert docent.pipeline.questions[1].history == (
        Turn("user", "how is data stored?"),
        Turn("assistant", TEXT),
    )


async def test_a_conversation_that_can_not_be_read_does_not_cost_the_answer(docent: Docent):
    docent.slack.fail("conversations.history", "internal_error", times=9)
    await docent.start()
    await answered(docent, await docent.slack.dm("how is data stored?"))
    assert docent.pipeline.questions[0].history == ()


OWN_THREAD = [
    "an instance on ARM as well",
    "kannst du das für Windows zeigen",
    "geht das auch ohne Docker",
    "I see a timeout: no healthy shard",
    "et pour la désinstaller",
    "muéstrame el comando",
    "バックアップから戻すには",
    "换成 Go 语言的",
    "а на русском",
    "e in Python",
    "thanks, and without TLS",
]


@pytest.mark.parametrize("text", OWN_THREAD)
async def test_in_a_thread_of_its_own_with_one_asker_docent_takes_requests(
    docent: Docent, text: str
):
    await docent.start()
    question = await docent.slack.mention("how is data stored?")
    await answered(docent, question)
    await docent.slack.message(text, thread_ts=question.ts)
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)
    assert asked(docent)[1] == text


async def test_the_requests_of_the_case_are_all_taken(docent: Docent, shared):
    path = shared / "cases" / "slack" / "11_requests_in_own_thread" / "input.json"
    texts = json.loads(path.read_text())["texts"]
    await docent.start()
    question = await docent.slack.mention("how is data stored?")
    await answered(docent, question)
    for number, text in enumerate(texts, 2):
        await docent.slack.message(text, thread_ts=question.ts)
        await docent.slack.wait_for(lambda n=number: len(docent.pipeline.questions) == n)
        await answered(docent, question)
    assert asked(docent)[1:] == texts


@pytest.mark.parametrize("text", ["thanks!", "супер, спасибо", "了解です", ":tada:", "merci bien"])
async def test_thanks_get_a_reaction_and_no_search(docent: Docent, text: str):
    await docent.start()
    question = await docent.slack.mention("how is data stored?")
    await answered(docent, question)
    thanks = await docent.slack.message(text, thread_ts=question.ts)
    await docent.slack.wait_for(lambda: BOT_USER in thanks.reactions.get("+1", ()))
    direct = await docent.slack.dm(text)
    await docent.slack.wait_for(lambda: BOT_USER in direct.reactions.get("+1", ()))
    assert asked(docent) == ["how is data stored?"]
    assert docent.slack.replies(direct) == []


async def test_a_reaction_that_slack_refuses_is_let_be(docent: Docent):
    docent.slack.lack("reactions.add", error="missing_scope")
    await docent.start()
    await docent.slack.dm("thanks!")
    await docent.slack.wait_for_calls("reactions.add", 1)
    await settled(docent)
    await docent.slack.dm("thanks!")
    await settled(docent)
    assert len(docent.slack.calls("reactions.add")) == 1


async def test_where_others_write_too_only_questions_are_taken(docent: Docent):
    await docent.start()
    question = await docent.slack.mention("how is data stored?")
    await answered(docent, question)
    docent.slack.said("I had that too", user=BOB, thread_ts=question.ts)
    for text in ("the one on ARM as well", "thanks!"):
        said = await docent.slack.message(text, thread_ts=question.ts)
        await settled(docent)
        assert said.reactions == {}
    assert asked(docent) == ["how is data stored?"]
    await docent.slack.message("please send the command", thread_ts=question.ts)
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 2)


@pytest.mark.parametrize("text", ["help", "hello", "?", "Hallo!", "你好"])
async def test_a_greeting_gets_help(docent: Docent, text: str):
    await docent.start()
    for question in (await docent.slack.mention(text), await docent.slack.dm(text)):
        await docent.slack.wait_for_reply(question, containing=answers.HINT[:20])
    assert docent.pipeline.questions == []


async def test_an_edit_into_thanks_leaves_the_answer(docent: Docent):
    await docent.start()
    question = await docent.slack.mention("how is data stored?")
    reply = await answered(docent, question)
    await docent.slack.edit(question, f"<@{BOT_USER}> thanks, solved")
    await settled(docent)
    assert TEXT in reply.shown
    assert asked(docent) == ["how is data stored?"]


async def test_names_are_read_once_and_ids_stay_where_slack_knows_none(docent: Docent):
    docent.slack.store.usergroups["S0OPS"] = {BOB}
    docent.slack.fail("conversations.info", "channel_not_found", times=1)
    await docent.start()
    text = f"may <@{BOB}> and <!subteam^S0OPS> post in <#C0GONE>?"
    for _ in range(2):
        await answered(docent, await docent.slack.mention(text, channel=GENERAL))
    assert asked(docent) == ["may @Bob and @s0ops post in #C0GONE?"] * 2
    lookups = [c for c in docent.slack.calls("users.info") if c.arguments["user"] == BOB]
    assert len(lookups) == 1
    assert len(docent.slack.calls("conversations.info")) == 1


async def test_a_log_is_read_and_other_files_are_named(docent: Docent):
    await docent.start()
    log = docent.slack.share("node.log", b"panic: segment 9 lost\n")
    report = docent.slack.share("report.pdf", b"%PDF-1.7", "application/pdf")
    question = await docent.slack.dm("what happened?", files=[log, report], subtype="file_share")
    reply = await answered(docent, question)
    [found] = docent.pipeline.questions
    assert found.text == "what happened?"
    assert found.material == ("File node.log:\npanic: segment 9 lost\n\nFile report.pdf: not read")
    assert answers.render_unread_files(["report.pdf"]) in reply.shown


async def test_a_file_alone_is_a_question(docent: Docent):
    await docent.start()
    question = await docent.slack.mention("", files=[docent.slack.share("pod.txt", b"OOMKilled")])
    await answered(docent, question)
    [found] = docent.pipeline.questions
    assert (found.text, found.material) == ("pod.txt", "File pod.txt:\nOOMKilled")


async def test_of_a_long_log_beginning_and_end_are_read_and_the_asker_is_told(docent: Docent):
    await docent.start()
    content = b"first line\n" + b"x" * 300_000 + b"\nlast line\n"
    log = docent.slack.share("big.log", content)
    reply = await answered(docent, await docent.slack.dm("why?", files=[log]))
    [found] = docent.pipeline.questions
    assert found.material.startswith("File big.log:\nfirst line\nxxx")
    assert found.material.endswith("xxx\nlast line")
    assert "bytes left out" in found.material
    assert len(found.material) < 110_000
    assert answers.render_shortened_files(["big.log"]) in reply.shown


async def test_without_the_scope_the_login_page_is_not_taken_for_the_file(docent: Docent):
    docent.slack.scopes = {"im:history", "chat:write", "users:read", "app_mentions:read"}
    await docent.start()
    log = docent.slack.share("node.log", b"panic")
    reply = await answered(docent, await docent.slack.dm("why?", files=[log]))
    assert docent.pipeline.questions[0].material == "File node.log: not read"
    assert answers.render_unread_files(["node.log"]) in reply.shown


@pytest.mark.parametrize("reads_images", [True, False])
async def test_a_picture_is_handed_on_with_its_content_only_if_the_llm_takes_it(
    docent: Docent, reads_images: bool
):
    docent.reads_images = reads_images
    await docent.start()
    picture = docent.slack.share("shot.png", b"\x89PNG...", "image/png")
    await answered(docent, await docent.slack.dm("what is this?", files=[picture]))
    [image] = docent.pipeline.questions[0].images
    assert image.media_type == "image/png"
    assert image.content == (b"\x89PNG..." if reads_images else b"")


async def test_a_picture_that_the_llm_can_not_get_is_named(docent: Docent):
    docent.reads_images = True
    await docent.start()
    drawing = docent.slack.share("plan.svg", b"<svg/>", "image/svg+xml")
    gone = {**docent.slack.share("shot.png", b"x", "image/png"), "mode": "tombstone"}
    reply = await answered(docent, await docent.slack.dm("what is this?", files=[drawing, gone]))
    assert docent.pipeline.questions[0].images == ()
    assert answers.render_unread_files(["plan.svg", "shot.png"]) in reply.shown
