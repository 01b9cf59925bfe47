"""HTTP mode, signed: each kind of request that Slack sends, through the real app."""

import json
import time

import pytest

from bot.index_service import SyncRequest
from bot.slack.inbox.targets import SHORTCUT
from bot.slack.views import buttons, sync_report
from bot.texts import answers
from bot.texts import asking as words
from bot.texts.catalog import say
from rag_core.types import Scope
from tests.bot.conftest import Docent
from tests.bot.conversation.test_follow_ups import answered
from tests.bot.fakes import TEXT, Gate, script
from tests.bot.scenarios.asking.test_asking import settled
from tests.bot.slack.actions.test_admin import audited, noted
from tests.bot.slack.actions.test_commands import shown, told
from tests.servers.slack import delivery as slack_delivery
from tests.servers.slack import events
from tests.servers.slack.delivery import Delivery
from tests.servers.slack.store import ALICE, BOB, BOT_USER, GENERAL


async def test_a_follow_up_and_an_edit_are_answered(docent: Docent):
    await docent.start_http()
    question = await answered(docent)
    await docent.slack.message("and how is it deleted?", thread_ts=question.ts)
    await docent.slack.wait_for(lambda: len(docent.slack.replies(question)) == 2)
    docent.pipeline.script = script("Another answer [1].")
    await docent.slack.edit(question, f"<@{BOT_USER}> how is data moved?")
    await docent.slack.wait_for_reply(question, containing="Another answer")
    assert len(docent.slack.replies(question)) == 2


async def test_slacks_own_stop_ends_an_answer(docent: Docent):
    gate = Gate()
    docent.pipeline.script = [*script()[:3], gate, *script()[3:]]
    await docent.start_http()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_message(lambda m: m.live and m.markdown)
    await docent.slack.stop(question)
    gate.open()
    await docent.reached(docent.pipeline.closed)
    reply = await docent.slack.wait_for_reply(question)
    assert TEXT not in reply.markdown


async def test_docents_stop_button_ends_an_answer(docent: Docent):
    docent.slack.lack_streaming()
    gate = Gate()
    docent.pipeline.script = [*script()[:3], gate, *script()[3:]]
    await docent.start_http()
    question = await docent.slack.mention("how?")
    shown = await docent.slack.wait_for_message(lambda m: m.by_bot and "Milvus" in m.shown)
    await docent.slack.action(shown, buttons.STOP)
    await docent.slack.wait_for_reply(question, containing=answers.STOPPED)
    gate.open()


async def test_a_scope_is_set_and_asked_of(docent: Docent):
    await docent.start_http()
    await docent.slack.slash("/docent", "scope version=2.6")
    await docent.slack.wait_for_message(told(ALICE, "version `2.6`"))
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question, containing=TEXT)
    assert "version `2.6`" in reply.shown
    assert docent.pipeline.questions[0].scope == Scope(version="2.6")


async def test_a_private_answer_is_shared(docent: Docent):
    await docent.start_http()
    await docent.slack.slash("/docent", "ask how is data stored?")
    await docent.slack.wait_for_message(told(ALICE, words.ASK_SEARCHING))
    reply = await docent.slack.wait_for_message(told(ALICE, answers.SOURCES))
    await docent.slack.action(reply, buttons.SHARE)
    shared = await docent.slack.wait_for_message(
        lambda m: m.by_bot and m.visible_to is None and TEXT in m.shown
    )
    assert shared.channel == GENERAL


async def test_a_shortcut_and_a_reaction_are_answered(docent: Docent):
    await docent.start_http(emoji="books")
    said = docent.slack.said("how is data stored?", user=BOB)
    await docent.slack.shortcut(said, SHORTCUT)
    await docent.slack.wait_for_message(told(ALICE, TEXT))
    docent.slack.deliver_twice = True
    await docent.slack.react(said, "books")
    await docent.slack.wait_for_reply(said, containing=TEXT)
    await settled(docent)
    assert len(docent.slack.replies(said)) == 1


async def test_a_guest_is_refused(docent: Docent):
    docent.slack.store.teams[BOB] = "T0OTHER"
    await docent.start_http(emoji="books")
    await docent.slack.react(docent.slack.said("how is data stored?"), "books", user=BOB)
    await docent.slack.wait_for_message(told(BOB, answers.NOT_FOR_GUESTS))
    assert docent.pipeline.questions == []


async def test_a_reindex_and_its_rollback(docent: Docent):
    await docent.start_http()
    await docent.slack.slash("/reindex", "docs")
    report = await docent.slack.wait_for_message(shown("reused 1,193"))
    assert docent.sync.requests == [SyncRequest(("docs",))]
    await docent.slack.action(report, sync_report.ROLL_BACK)
    await docent.slack.wait_for_message(shown("`0ld0ld0` with 221 pages"))
    await docent.slack.slash("/docent", "status")
    await docent.slack.wait_for_message(told(ALICE, "Rolled back to revision `0ld0ld0`"))
    await docent.slack.slash("/docent", "resume")
    await docent.slack.wait_for_message(told(ALICE, say("resumed")))
    done = ["resumed", "shown", "back at revision 0ld0ld0"]
    assert [result for _, _, result in await noted(docent, 4)][:3] == done


async def test_nobody_but_admins_manages(docent: Docent):
    await docent.start_http()
    await docent.slack.slash("/docent", "rollback", user=BOB)
    await docent.slack.wait_for_message(told(BOB, answers.ADMINS_ONLY))
    assert await noted(docent) == [(BOB, "rollback", "refused")]
    assert not docent.versions.pinned


@pytest.mark.parametrize(
    ("secret", "age"), [("another secret", 0), ("docent-signing-secret", 3600)]
)
async def test_shortcuts_and_reactions_want_a_fresh_and_right_signature(
    docent: Docent, secret: str, age: int
):
    await docent.start_http(emoji="books")
    said = docent.slack.said("how is data stored?", user=BOB)
    item = {"type": "message", "channel": said.channel, "ts": said.ts}
    reaction = {"type": "reaction_added", "user": ALICE, "reaction": "books", "item": item}
    shortcut = events.pointed_at(
        said, SHORTCUT, user=(ALICE, "alice"), channel=docent.slack.store.channels[GENERAL], urls={}
    )
    for delivery in (
        Delivery("events_api", events.callback(reaction)),
        Delivery("interactive", json.loads(json.dumps(shortcut))),
    ):
        ack = await slack_delivery.post(
            docent.slack.events_url, delivery, secret, timestamp=int(time.time()) - age
        )
        assert ack.status == 401
    await docent.starts.aclose()
    assert docent.pipeline.questions == []


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("left_out", [set(), {"trigger_id"}, {"trigger_id", "response_url"}])
async def test_a_replayed_command_is_carried_out_once(
    docent: Docent, left_out: set[str], replicas: int
):
    await docent.start_http()
    urls = {docent.slack.events_url}
    if replicas == 2:
        await docent.start_http()
        urls.add(docent.slack.events_url)
    user, channel = (ALICE, "alice"), docent.slack.store.channels[GENERAL]
    ids = {"trigger_id": "1.2.3", "response_url": f"{docent.slack.base_url}response/none"}
    payload = events.slash("/docent", "rollback", user=user, channel=channel, urls=ids)
    command = {name: value for name, value in payload.items() if name not in left_out}
    now = int(time.time())
    for url in [*urls, *urls]:
        delivery = Delivery("slash_commands", command)
        ack = await slack_delivery.post(url, delivery, docent.slack.signing_secret, timestamp=now)
        assert ack.status == 200
    await docent.starts.aclose()
    assert [action for _, action, _ in audited(docent)] == ["rollback"]


async def test_a_command_may_speak_of_a_payload(docent: Docent):
    await docent.start_http()
    await docent.slack.slash("/docent", "ask how large may a payload be?")
    await docent.slack.wait_for_message(told(ALICE, TEXT))
    assert docent.pipeline.questions[0].text == "how large may a payload be?"
