"""Known messages: what docent has dealt with, in whatever way, and where it was asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from bot.storage.answers import AnswerRecord, Answers
from bot.storage.claims import Claims
from bot.storage.inbox import Inbox
from bot.storage.known_messages import KnownMessages
from bot.types import IncomingMessage, MessageKey
from ingest.state.database import open_state

KEY = MessageKey("T1", "C1", "100.5")
MESSAGE = IncomingMessage("question", KEY, KEY.ts, "U1", "T1", "how?")


@pytest.fixture
def engine(tmp_path):
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield engine
    engine.dispose()


def add_to_inbox(engine: Engine, message: IncomingMessage = MESSAGE) -> Inbox:
    inbox = Inbox(engine)
    assert inbox.add("e1", message)
    assert inbox.take()
    return inbox


def test_a_message_that_was_never_seen_is_unknown(engine: Engine):
    known = KnownMessages(engine)
    add_to_inbox(engine)
    Claims(engine).take(replace(KEY, ts="100.55"))
    others = [replace(KEY, ts="100.6"), replace(KEY, channel="C2"), replace(KEY, team="T2")]
    assert [known.has_message(key) for key in others] == [False] * 3


@pytest.mark.parametrize("ending", ["answered", "told", "given_up"])
def test_an_asked_message_is_known_however_it_ended(engine: Engine, ending: str):
    inbox = add_to_inbox(engine)
    assert KnownMessages(engine).has_message(KEY)
    inbox.end("e1", ending)
    assert KnownMessages(engine).has_message(KEY)


def test_a_refused_message_is_known_though_others_may_ask_about_it(engine: Engine):
    add_to_inbox(engine).end("e1", "told", free_key=True)
    assert KnownMessages(engine).has_message(KEY)


def test_an_edited_message_is_known(engine: Engine):
    add_to_inbox(engine, replace(MESSAGE, edited_ts="101.0"))
    assert KnownMessages(engine).has_message(KEY)


def test_what_was_answered_or_claimed_before_the_inbox_existed_is_known(engine: Engine):
    Answers(engine, days=0).add(AnswerRecord("a1", KEY, KEY.ts, "U1"))
    claimed = replace(KEY, ts="200.5")
    Claims(engine).take(claimed)
    assert KnownMessages(engine).has_message(KEY)
    assert KnownMessages(engine).has_message(claimed)


def test_threads_are_listed_latest_first_and_private_ones_are_not(engine: Engine):
    answers = Answers(engine, days=0)
    for number, thread_ts in enumerate(["10.0", "30.0", "20.0", "ask-1"]):
        key = MessageKey("T1", "C1", thread_ts)
        answers.add(AnswerRecord(f"a{number}", key, thread_ts, "U1"))
    add_to_inbox(engine, replace(MESSAGE, thread_ts="10.0"))
    known = KnownMessages(engine)
    assert [ts for _, ts in known.list_threads("T1", 10)] == ["30.0", "20.0", "10.0"]
    assert known.list_threads("T1", 1) == [("C1", "30.0"), ("C1", "10.0")]
    assert known.list_threads("T2", 10) == []
