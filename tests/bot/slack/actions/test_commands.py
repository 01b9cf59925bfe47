"""`/docent`: scenarios through the real app."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SyncStoppedError
from bot.slack.actions.commands import CommandChoice, choose_action
from bot.texts import answers
from ingest.errors import DownloadError, StateError, SyncRunningError
from tests.bot.conftest import Docent, index_status
from tests.bot.fakes import LAST_SYNC, Gate
from tests.servers.slack.response_urls import SECONDS
from tests.servers.slack.store import ALICE, BOB, BOT_USER, GENERAL, Message


def told(user: str, containing: str) -> Callable[[Message], bool]:
    """Whether a message says something to one user alone."""
    return lambda message: message.visible_to == user and containing in message.shown


def shown(containing: str) -> Callable[[Message], bool]:
    """Whether a message says something to everyone in the channel."""
    return lambda m: m.visible_to is None and m.channel == GENERAL and containing in m.shown


@pytest.mark.parametrize("text", ["help", "", "HELP me"])
async def test_help_is_told_to_anyone_alone(docent: Docent, text: str):
    await docent.start()
    await docent.slack.slash("/docent", text, user=BOB)
    await docent.slack.wait_for_message(told(BOB, answers.HELP))


async def test_an_unknown_word_gets_help(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "<!here>")
    message = await docent.slack.wait_for_message(told(ALICE, answers.HELP))
    assert "&lt;!here&gt;" in message.shown


WORDS = ("ask", "help", "instructions", "reindex", "rollback", "scope", "status", "versions", "why")


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("ask how do I start?", "how do I start?"),
        ("How do I start?", "How do I start?"),
        ("restore a backup", "restore a backup"),
        ("TLS?", "TLS?"),
        ("why is my query slow", "why is my query slow"),
        ("status of a node?", "status of a node?"),
        ("help me restore a backup", "help me restore a backup"),
        ("askk how do I start?", "how do I start?"),
        ("state machine of a pod", "state machine of a pod"),
        ("aks how do I start?", "how do I start?"),
        ("ask\nhow do I start?", "how do I start?"),
        ("task nodes crash", "task nodes crash"),
        ("task crash", "task crash"),
        ("mask fields in output", "mask fields in output"),
        ("flask integration", "flask integration"),
        ("asks for a password?", "asks for a password?"),
        ("as a user, may I start?", "as a user, may I start?"),
        (
            "reindex a collection with new params, how?",
            "reindex a collection with new params, how?",
        ),
        ("scope of an alias?", "scope of an alias?"),
        ("rollback an upgrade, how?", "rollback an upgrade, how?"),
        ("instructions for ARM?", "instructions for ARM?"),
        ("versions of the SDK", "versions of the SDK"),
        ("如何恢复备份", "如何恢复备份"),
        ("バックアップ", "バックアップ"),
    ],
)
def test_what_is_no_command_is_asked(text: str, question: str):
    assert choose_action(text, WORDS) == CommandChoice("ask", question)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("", CommandChoice("help")),
        ("HELP me", CommandChoice("help", "me")),
        ("why?", CommandChoice("why")),
        ("Status", CommandChoice("status")),
        (
            "scope version=2 language=en source=a",
            CommandChoice("scope", "version=2 language=en source=a"),
        ),
        ("stauts", CommandChoice("stauts", "", "status")),
        ("stauts now", CommandChoice("stauts", "now", "status")),
        ("scop version=2 language=en", CommandChoice("scop", "version=2 language=en", "scope")),
        ("reidnex docs --full", CommandChoice("reidnex", "docs --full", "reindex")),
        ("hepl", CommandChoice("hepl", "", "help")),
        ("replicas", CommandChoice("replicas")),
        ("aks", CommandChoice("aks", "", "ask")),
        ("task", CommandChoice("task")),
        ("ask", CommandChoice("ask")),
        ("rollback", CommandChoice("rollback")),
        ("rollback `a1b2c3d`", CommandChoice("rollback", "`a1b2c3d`")),
        ("rollback an upgrade", CommandChoice("rollback", "an upgrade")),
        ("reindex docs --full", CommandChoice("reindex", "docs --full")),
        ("reindex —full", CommandChoice("reindex", "—full")),
        ("scope clear", CommandChoice("scope", "clear")),
        ('scope path="docs: how to"', CommandChoice("scope", 'path="docs: how to"')),
        ("scope version", CommandChoice("scope", "version")),
        (
            "instructions set Who asks? Answer briefly.",
            CommandChoice("instructions", "set Who asks? Answer briefly."),
        ),
        ("instructions show", CommandChoice("instructions", "show")),
    ],
)
def test_commands_are_known_also_misspelt(text: str, choice: CommandChoice):
    assert choose_action(text, WORDS) == choice


@given(st.text())
def test_any_text_is_decided(text: str):
    choice = choose_action(text, WORDS)
    assert choice.word
    assert choice.suggestion in {"", *WORDS}


async def test_a_question_without_the_word_ask_is_asked(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "How do I restore a backup?")
    await docent.slack.wait_for(lambda: len(docent.pipeline.questions) == 1)
    assert docent.pipeline.questions[0].text == "How do I restore a backup?"


async def test_a_misspelt_word_is_told_the_right_one(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "verisons")
    await docent.slack.wait_for_message(told(ALICE, "Did you mean `/docent versions`?"))
    assert docent.pipeline.questions == []


async def test_status_tells_what_is_there_and_how_fresh(docent: Docent):
    await docent.start()
    await docent.slack.slash("/docent", "status")
    message = await docent.slack.wait_for_message(told(ALICE, "224 pages"))
    assert "1,205 chunks" in message.shown
    assert "`a1b2c3d`" in message.shown
    assert "2026-03-01 03:00 UTC" in message.shown
    assert "Next sync: never" in message.shown


async def test_status_says_that_nothing_is_read_while_the_index_is_pinned(docent: Docent):
    now = replace(index_status(), next_sync=LAST_SYNC, pinned="docent_v9", pinned_at=LAST_SYNC)
    docent.read_status = lambda: now
    await docent.start()
    await docent.slack.slash("/docent", "status")
    message = await docent.slack.wait_for_message(told(ALICE, "Rolled back to revision `a1b2c3d`"))
    assert "`/docent resume`" in message.shown
    assert "next sync" not in message.shown
    assert "*docs*: 224 pages" in message.shown


async def test_status_before_the_first_sync(docent: Docent):
    docent.read_status = lambda: index_status(revision=None)
    await docent.start()
    await docent.slack.slash("/docent", "status")
    await docent.slack.wait_for_message(told(ALICE, answers.NO_INDEX_YET))


async def test_a_status_that_can_not_be_read_is_told(docent: Docent):
    def broken():
        raise StateError("the disk is gone")

    docent.read_status = broken
    await docent.start()
    await docent.slack.slash("/docent", "status")
    await docent.slack.wait_for_message(told(ALICE, answers.ERRORS[StateError]))


async def test_what_nobody_foresaw_is_told_too(docent: Docent):
    def broken():
        raise ZeroDivisionError("secret")

    docent.read_status = broken
    await docent.start()
    await docent.slack.slash("/docent", "status")
    await docent.slack.wait_for_message(told(ALICE, answers.UNEXPECTED))


@pytest.mark.parametrize(
    "word", ["status", "reindex", "versions", "rollback", "resume", "instructions"]
)
async def test_others_are_refused_politely(docent: Docent, word: str):
    await docent.start()
    await docent.slack.slash("/docent", word, user=BOB)
    await docent.slack.wait_for_message(told(BOB, answers.ADMINS_ONLY))
    assert docent.sync.runs == 0


@pytest.mark.parametrize(
    "word", ["status", "reindex", "versions", "rollback", "resume", "instructions"]
)
async def test_without_admins_nobody_manages(docent: Docent, word: str):
    await docent.start(admins="")
    await docent.slack.slash("/docent", word)
    await docent.slack.wait_for_message(told(ALICE, answers.ADMINS_ONLY))


async def test_reindex_shows_progress_and_ends_as_the_report(docent: Docent):
    docent.sync.gate = gate = Gate()
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    progress = await docent.slack.wait_for_message(shown("embedding, 30 / 120 chunks"))
    gate.open()
    report = await docent.slack.wait_for_message(shown("I embedded 12 chunks and reused 1,193."))
    assert report.ts == progress.ts
    assert "3 new pages, 1 changed and 0 removed" in report.shown
    assert len(docent.slack.calls("chat.postMessage")) == 1


async def test_a_second_reindex_is_told_so(docent: Docent):
    docent.sync.gate = gate = Gate()
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    await docent.reached(gate.reached)
    await docent.slack.slash("/docent", "reindex")
    second = await docent.slack.wait_for_message(told(ALICE, answers.REINDEX_RUNNING))
    first = next(m for m in docent.slack.messages(GENERAL) if m.visible_to is None)
    assert f"p{first.ts.replace('.', '')}|here>" in second.shown
    gate.open()
    await docent.slack.wait_for_message(shown("reused 1,193"))
    assert docent.sync.runs == 1


async def test_a_sync_of_another_process_is_told_too(docent: Docent):
    docent.sync.outcome = SyncRunningError("since 03:00")
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    await docent.slack.wait_for_message(shown(answers.REINDEX_RUNNING))


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (DownloadError("https://a.b/<!here>.zip answered 404"), answers.ERRORS[DownloadError]),
        (ZeroDivisionError("secret"), answers.UNEXPECTED),
    ],
)
async def test_a_sync_that_fails_says_why(docent: Docent, outcome: Exception, sentence: str):
    docent.sync.outcome = outcome
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    message = await docent.slack.wait_for_message(shown(sentence))
    assert "<!here>" not in message.shown
    assert "secret" not in message.shown
    docent.sync.outcome = docent.sync.__class__().outcome
    await docent.slack.slash("/docent", "reindex")
    await docent.slack.wait_for_message(shown("reused 1,193"))


async def test_a_shutdown_stops_a_sync_and_says_so(docent: Docent):
    docent.sync.endless = True
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    await docent.slack.wait_for_message(shown("embedding, 30 / 120 chunks"))
    await docent.starts.aclose()
    await docent.slack.wait_for_message(shown(answers.ERRORS[SyncStoppedError]))


async def test_where_docent_is_not_in_the_channel_the_caller_is_told(docent: Docent):
    docent.slack.lack("chat.postMessage", error="not_in_channel")
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    await docent.slack.wait_for_message(told(ALICE, answers.REINDEX_STARTED))
    await docent.slack.wait_for_message(told(ALICE, "reused 1,193"))


async def test_the_report_of_a_long_sync_reaches_whoever_asked(docent: Docent):
    """The response URL is dead after half an hour, and docent is not in the channel."""
    docent.slack.store.channels[GENERAL].members.discard(BOT_USER)
    docent.sync.gate = gate = Gate()
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    progress = await docent.slack.wait_for_message(
        lambda m: "embedding, 30 / 120 chunks" in m.shown
    )
    link = f"p{progress.ts.replace('.', '')}|a direct message>"
    await docent.slack.wait_for_message(told(ALICE, link))
    docent.slack.clock = lambda: time.monotonic() + SECONDS + 1
    gate.open()
    report = await docent.slack.wait_for_message(lambda m: "reused 1,193" in m.shown)
    assert (report.channel, report.ts) == (docent.slack.store.open_direct(ALICE).id, progress.ts)


async def test_a_report_that_can_not_be_edited_in_is_posted(docent: Docent):
    docent.slack.lack("chat.update")
    await docent.start()
    await docent.slack.slash("/docent", "reindex")
    await docent.slack.wait_for_message(shown("reused 1,193"))


async def test_members_of_a_user_group_manage(docent: Docent):
    docent.slack.store.usergroups["S0DOCS"] = {BOB}
    await docent.start(admins="U0SOMEONE, S0DOCS")
    for _ in range(2):
        await docent.slack.slash("/docent", "status", user=BOB)
    await docent.slack.wait_for_message(told(BOB, "224 pages"))
    await docent.slack.slash("/docent", "status", user=ALICE)
    await docent.slack.wait_for_message(told(ALICE, answers.ADMINS_ONLY))
    assert len(docent.slack.calls("usergroups.users.list")) == 1


async def test_a_group_that_can_not_be_read_refuses_and_named_users_manage(docent: Docent):
    await docent.start(admins=f"{ALICE} S0GONE")
    await docent.slack.slash("/docent", "status", user=BOB)
    await docent.slack.wait_for_message(told(BOB, answers.ADMINS_ONLY))
    await docent.slack.slash("/docent", "status", user=ALICE)
    await docent.slack.wait_for_message(told(ALICE, "224 pages"))
