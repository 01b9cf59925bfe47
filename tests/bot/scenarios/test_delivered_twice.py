"""Clicks, forms and commands that Slack delivers twice: to one process, or to one each of two."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.slack.inbox.targets import SHORTCUT
from bot.slack.views import buttons, modals
from bot.storage import tables
from bot.storage.claims import Claims
from bot.storage.ratings import Ratings
from bot.texts import button_labels as words
from bot.texts.catalog import say
from ingest.errors import StateError
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT
from tests.bot.scenarios.asking.test_asking_privately import asked, public
from tests.bot.slack.actions.test_answer_buttons import (
    HELP,
    asked_in_help,
    not_found,
    opened,
    rated,
    reply_to,
    with_help_channel,
)
from tests.bot.slack.actions.test_commands import told
from tests.servers.slack.store import ALICE, BOB, GENERAL, Message

pytestmark = pytest.mark.parametrize("replicas", [1, 2])


async def start(docent: Docent, replicas: int, **changes: object) -> None:
    for _ in range(replicas):
        await docent.start(**changes)


async def end(docent: Docent) -> None:
    """Stop docent; all that was clicked has been carried out then."""
    await docent.starts.aclose()


def list_told(docent: Docent, containing: str, user: str = ALICE) -> list[Message]:
    is_told = told(user, containing)
    return [message for message in docent.slack.store.all.values() if is_told(message)]


def list_audited(docent: Docent) -> list[str]:
    with docent.engine.connect() as connection:
        return list(connection.scalars(select(tables.audit.c.command)))


async def test_a_thumb_is_thanked_for_once(docent: Docent, replicas: int):
    await start(docent, replicas)
    reply = await reply_to(docent)
    docent.slack.interact_twice = True
    await docent.slack.action(reply, buttons.RATE)
    await docent.slack.wait_for_message(told(ALICE, words.THANKS))
    await end(docent)
    assert len(list_told(docent, words.THANKS)) == 1
    assert len(rated(docent)) == 1


async def test_a_thumb_down_opens_one_form(docent: Docent, replicas: int):
    await start(docent, replicas)
    reply = await reply_to(docent)
    down = next(
        each["value"]
        for block in reply.blocks
        for element in block.get("elements", ())
        if element.get("action_id") == buttons.RATE
        for each in [element["negative_button"]]
    )
    docent.slack.interact_twice = True
    await docent.slack.action(reply, buttons.RATE, value=down)
    await docent.slack.wait_for_message(told(ALICE, words.THANKS_SORRY))
    await docent.slack.submit(await opened(docent), {modals.REASON: "wrong"})
    await end(docent)
    assert rated(docent)[0].rating.reason == "wrong"
    assert len(docent.slack.calls("views.open")) == 1
    assert len(list_told(docent, words.THANKS_SORRY)) == 1
    assert len(rated(docent)) == 1


async def test_a_form_that_can_not_be_stored_is_told_once(
    docent: Docent, replicas: int, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object, **__: object) -> None:
        raise StateError("the disk is gone")

    monkeypatch.setattr(Ratings, "explain", fail)
    await start(docent, replicas)
    docent.slack.interact_twice = True
    view = modals.build_feedback_form("a1").to_dict()
    await docent.slack.submit(view, {modals.REASON: "wrong"})
    await docent.slack.wait_for_calls("chat.postMessage")
    await end(docent)
    assert len(docent.slack.calls("chat.postMessage")) == 1


async def test_the_evidence_is_shown_once(docent: Docent, replicas: int):
    await start(docent, replicas)
    reply = await reply_to(docent)
    docent.slack.interact_twice = True
    await docent.slack.action(reply, buttons.EVIDENCE)
    await opened(docent)
    await end(docent)
    assert len(docent.slack.calls("views.open")) == 1


async def test_an_answer_is_shared_once(docent: Docent, replicas: int):
    await start(docent, replicas)
    reply = await asked(docent)
    docent.slack.interact_twice = True
    await docent.slack.action(reply, buttons.SHARE)
    await docent.slack.wait_for(lambda: public(docent, TEXT))
    await end(docent)
    assert len([each for each in public(docent, TEXT) if each.channel == GENERAL]) == 1


async def test_people_are_asked_once_and_the_clicker_is_told_once(docent: Docent, replicas: int):
    with_help_channel(docent)
    docent.pipeline.script = not_found()
    await start(docent, replicas, help_channel=HELP)
    reply = await reply_to(docent)
    docent.slack.interact_twice = True
    await docent.slack.action(reply, buttons.ASK_PEOPLE)
    await docent.slack.wait_for_message(told(ALICE, words.render_passed_on(HELP)))
    await docent.slack.action(reply, buttons.ASK_PEOPLE, user=BOB)
    await docent.slack.wait_for_message(told(BOB, words.render_already_passed_on(HELP)))
    await end(docent)
    assert len(asked_in_help(docent)) == 1
    assert len(list_told(docent, words.render_passed_on(HELP))) == 1
    assert list_told(docent, words.render_already_passed_on(HELP)) == []
    assert len(list_told(docent, words.render_already_passed_on(HELP), BOB)) == 1


@pytest.mark.parametrize(("command", "text"), [("/docent", "reindex"), ("/reindex", "")])
async def test_a_sync_is_started_once(docent: Docent, replicas: int, command: str, text: str):
    await start(docent, replicas)
    docent.slack.interact_twice = True
    await docent.slack.slash(command, text)
    await docent.slack.wait_for_message(lambda m: "reused 1,193" in m.shown)
    await docent.slack.repeat_interaction()
    await end(docent)
    assert docent.sync.runs == 1
    assert len(list_audited(docent)) == 1


async def test_a_rollback_and_its_end_are_done_once(docent: Docent, replicas: int):
    await start(docent, replicas)
    docent.slack.interact_twice = True
    await docent.slack.slash("/docent", "rollback")
    await docent.slack.wait_for_message(lambda m: "`0ld0ld0` with 221 pages" in m.shown)
    await docent.slack.slash("/docent", "resume")
    await docent.slack.wait_for_message(told(ALICE, say("resumed")))
    await docent.slack.repeat_interaction()
    await end(docent)
    assert list_told(docent, say("not_pinned")) == []
    assert sorted(list_audited(docent)) == ["resume", "rollback"]


async def test_the_home_tab_starts_one_sync(docent: Docent, replicas: int):
    await start(docent, replicas)
    await docent.slack.open_app()
    await docent.slack.wait_for(lambda: docent.slack.store.homes.get(ALICE))
    docent.slack.interact_twice = True
    await docent.slack.home_action(buttons.REINDEX)
    await docent.slack.wait_for_message(lambda m: "reused 1,193" in m.shown)
    await docent.slack.repeat_interaction()
    await end(docent)
    assert docent.sync.runs == 1


async def test_a_command_is_answered_once(docent: Docent, replicas: int):
    await start(docent, replicas)
    docent.slack.interact_twice = True
    await docent.slack.slash("/docent", "help")
    await docent.slack.wait_for_message(told(ALICE, "/docent"))
    await end(docent)
    assert len(list_told(docent, "/docent")) == 1


async def test_without_the_state_database_a_click_works_all_the_same(
    docent: Docent, replicas: int, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> bool:
        raise StateError("the disk is gone")

    monkeypatch.setattr(Claims, "take", fail)
    await start(docent, 1)  # a process alone still knows what it got
    docent.slack.interact_twice = replicas == 2
    await docent.slack.slash("/docent", "help")
    await docent.slack.wait_for_message(told(ALICE, "/docent"))
    await end(docent)
    assert len(list_told(docent, "/docent")) == 1


async def test_what_is_asked_privately_is_answered_once(docent: Docent, replicas: int):
    await start(docent, replicas)
    message = docent.slack.said("how is data stored?")
    docent.slack.interact_twice = True
    await docent.slack.slash("/docent", "ask how is data stored?", user=BOB)
    await docent.slack.shortcut(message, SHORTCUT)
    await docent.slack.wait_for_message(told(BOB, TEXT))
    await docent.slack.wait_for_message(told(ALICE, TEXT))
    await docent.slack.repeat_interaction()
    await end(docent)
    assert (len(list_told(docent, TEXT)), len(list_told(docent, TEXT, BOB))) == (1, 1)
    assert len(docent.pipeline.questions) == 2
