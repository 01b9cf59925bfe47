"""What is deleted of a person, and what of others stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from bot.storage import tables
from bot.storage.answers import Answers
from bot.storage.audit_log import AuditEntry, AuditLog
from bot.storage.channel_instructions import ChannelInstructions
from bot.storage.claims import Claims
from bot.storage.forgetting import RECENT_SECONDS, Forgotten, forget_person
from bot.storage.inbox import Inbox
from bot.storage.ratings import Ratings
from bot.types import IncomingMessage, MessageKey
from ingest.state.database_clock import DatabaseMoment
from tests.bot.storage.test_answers import KEPT, KEY

WORDS = "my words in private"


def ask(user: str = "U1", *, ts: str = "1.1", team: str = "T1") -> IncomingMessage:
    key = MessageKey("T1", "C1", ts)
    return IncomingMessage("question", key, ts, user, team, WORDS)


def dump(engine: Engine) -> str:
    """All that stands in the tables of the bot."""
    with engine.connect() as connection:
        rows = [
            list(connection.execute(select(table)).mappings())
            for table in tables.metadata.tables.values()
        ]
    return str(rows)


def end_long_ago(engine: Engine) -> None:
    with engine.begin() as connection:
        values = {"ended_at": DatabaseMoment(-2 * RECENT_SECONDS)}
        connection.execute(update(tables.inbox).values(values))


def fill(engine: Engine) -> None:
    """Questions, answers, ratings, audit, settings and claims of U1, and some of U2 and U12."""
    inbox, answers, ratings = Inbox(engine), Answers(engine, days=90), Ratings(engine)
    for number, user in enumerate(("U1", "U2", "U12"), start=1):
        inbox.add(f"q{number}", ask(user, ts=f"{number}.1"))
        key = replace(KEY, ts=f"{number}.1")
        answers.add(
            replace(KEPT, id=f"q{number}", key=key, user=user, user_team="T1", question=WORDS)
        )
        ratings.rate(f"q{number}", user, "down", user_team="T1")
        ratings.explain(f"q{number}", user, reason="", comment=WORDS, user_team="T1")
        audit = AuditLog(engine)
        audit.record(AuditEntry(user, "C1", f"instructions set {WORDS}", "set", user_team="T1"))
        Claims(engine).take(MessageKey("", "delivery", f"T1 {user} docent_rate 1.5"))
    ratings.rate("q1", "U2", "up", user_team="T1")
    audit.record(AuditEntry("U2", "C1", "instructions set thanks to <@U1>", "set", user_team="T1"))
    ChannelInstructions(engine).set_instructions("T1", "C1", "Be brief.", user="U1")


FORGOTTEN = Forgotten(questions=1, answers=1, ratings=2, audit=2, settings=1, claims=1)


def test_all_of_a_person_is_deleted_and_told_in_numbers(engine: Engine):
    fill(engine)
    end_long_ago(engine)
    assert forget_person(engine, "U1") == FORGOTTEN
    text = dump(engine)
    assert "'U1'" not in text
    assert "U1>" not in text
    assert " U1 " not in text
    # U2 and U12 have theirs: a question, an answer with its question, a comment, a command.
    assert text.count(WORDS) == 2 * 4
    assert "Be brief." in text
    assert forget_person(engine, "U1") == Forgotten()


def test_nothing_is_left_in_the_files_beside_an_open_connection(engine: Engine):
    fill(engine)
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as other:  # as that of a docent at work
        other.execute(select(tables.claims)).all()
        other.rollback()
        for user in ("U1", "U2", "U12"):
            forget_person(engine, user)
        path = Path(str(engine.url.database))
        files = [each for each in path.parent.iterdir() if each.name.startswith(path.name)]
        held = [each.name for each in files if WORDS.encode() in each.read_bytes()]
    assert held == []


def test_a_dry_run_counts_and_deletes_nothing(engine: Engine):
    fill(engine)
    before = dump(engine)
    assert forget_person(engine, "U1", is_dry_run=True) == FORGOTTEN
    assert dump(engine) == before


@pytest.mark.parametrize("user", ["U9", "U", "%", "U1%", ""])
def test_of_an_unknown_person_there_is_nothing(engine: Engine, user: str):
    fill(engine)
    before = dump(engine)
    assert forget_person(engine, user) == Forgotten()
    assert dump(engine) == before


def test_the_same_id_of_another_workspace_is_another_person(engine: Engine):
    fill(engine)
    Ratings(engine).rate("q2", "U1", "up", user_team="T2")
    # A text that mentions U1 does not say of which workspace.
    assert forget_person(engine, "U1", team="T2") == Forgotten(ratings=1, audit=1)
    assert forget_person(engine, "U1", team="T1") == replace(FORGOTTEN, audit=1)


def test_rows_that_name_no_workspace_are_deleted_for_any(engine: Engine):
    Answers(engine, days=90).add(KEPT)
    assert forget_person(engine, "U1", team="T1") == Forgotten(answers=1)


def test_a_refusal_holds_no_name_any_more(engine: Engine):
    inbox = Inbox(engine)
    inbox.add("q1", ask())
    assert inbox.take() is not None
    inbox.end("q1", "told", free_key=True)
    assert "@T1/U1" in dump(engine)
    assert forget_person(engine, "U1").questions == 1
    assert "U1" not in dump(engine)


def store(engine: Engine, answer_id: str, user: str, *, authors: tuple[str, ...]) -> None:
    """An answer to a person, about words of others."""
    key = replace(KEY, ts=f"{answer_id}.1")
    record = replace(
        KEPT, id=answer_id, key=key, user=user, user_team="T1", question=WORDS, authors=authors
    )
    Answers(engine, days=90).add(record)


class TestWordsInAnswersToOthers:
    """Somebody else asked about the person's message, or in a thread of theirs."""

    def test_their_texts_are_emptied_and_the_rows_stay(self, engine: Engine):
        for answer_id, authors in (("q1", ("U1",)), ("q2", ("U3", "U1", "U4"))):
            store(engine, answer_id, "U2", authors=authors)
        Ratings(engine).rate("q1", "U2", "down", user_team="T1")
        assert forget_person(engine, "U1") == Forgotten(quotations=2)
        text = dump(engine)
        assert WORDS not in text
        assert "U1" not in text
        assert KEPT.answer is not None
        assert KEPT.answer.text not in text
        found = Answers(engine, days=90).find("q1")
        assert found is not None
        assert (found.user, found.question, found.answer) == ("U2", "", None)
        assert "'down'" in text
        assert forget_person(engine, "U1") == Forgotten()

    @pytest.mark.parametrize("authors", [(), ("U3",), ("U12", "XU1")])
    def test_answers_without_their_words_stay(self, engine: Engine, authors: tuple[str, ...]):
        store(engine, "q1", "U2", authors=authors)
        before = dump(engine)
        assert forget_person(engine, "U1") == Forgotten()
        assert dump(engine) == before

    def test_where_no_texts_are_kept_nobody_is_named(self, engine: Engine):
        Answers(engine, days=0).add(replace(KEPT, user="U2", authors=("U1",)))
        assert "U1" not in dump(engine)

    def test_an_open_question_with_their_words_is_ended(self, engine: Engine):
        inbox = Inbox(engine)
        inbox.add("q1", replace(ask("U2"), authors=("U1",)))
        inbox.add("q2", replace(ask("U2", ts="2.1"), text='see "U1" and [\\"U1\\"]'))
        assert forget_person(engine, "U1") == Forgotten(questions=1)
        store(engine, "q1", "U2", authors=("U1",))
        assert WORDS not in dump(engine)
        taken = inbox.take()
        assert taken is not None
        assert taken.id == "q2"


class TestAnOpenQuestion:
    """A question that is being answered is ended, and its answer is not stored."""

    def test_the_process_loses_it(self, engine: Engine):
        inbox = Inbox(engine)
        inbox.add("q1", ask())
        assert inbox.take() is not None
        assert inbox.read_standings(["q1"]) == {"q1": ""}
        assert forget_person(engine, "U1") == Forgotten(questions=1)
        assert inbox.renew(["q1"]) == {"q1": "lost"}
        assert not inbox.end("q1", "answered")
        assert WORDS not in dump(engine)

    def test_its_answer_is_not_stored(self, engine: Engine):
        Inbox(engine).add("q1", ask())
        forget_person(engine, "U1")
        Answers(engine, days=90).add(replace(KEPT, id="q1", question=WORDS))
        assert WORDS not in dump(engine)

    def test_its_message_is_not_answered_again(self, engine: Engine):
        inbox = Inbox(engine)
        inbox.add("q1", ask())
        forget_person(engine, "U1")
        assert inbox.take() is None
        assert not inbox.add("q2", ask())

    def test_what_is_left_goes_after_a_day(self, engine: Engine):
        inbox = Inbox(engine)
        inbox.add("q1", ask())
        forget_person(engine, "U1")
        inbox.purge(older_than=30 * 86_400.0)
        assert "'q1'" in dump(engine)
        inbox.purge(older_than=29 * 86_400.0 - 60)
        assert "'q1'" not in dump(engine)


def test_what_somebody_asks_afterwards_is_kept(engine: Engine):
    fill(engine)
    forget_person(engine, "U1")
    inbox = Inbox(engine)
    assert inbox.add("q9", ask(ts="9.1"))
    Answers(engine, days=90).add(replace(KEPT, id="q9", question=WORDS))
    found = Answers(engine, days=90).find("q9")
    assert found is not None
    assert found.question == WORDS


@pytest.mark.parametrize("days", [90, 0])
def test_the_audits_texts_go_with_those_of_questions(engine: Engine, days: int):
    log = AuditLog(engine, days=days)
    log.record(AuditEntry("U1", "C1", f"instructions set {WORDS}", f"set {WORDS}"))
    assert (WORDS in dump(engine)) == bool(days)
    moment = log.list_entries()[0].at
    assert moment is not None
    later = AuditLog(engine, days=days, clock=lambda: moment + timedelta(days=91))
    later.purge()
    [entry] = later.list_entries()
    assert (entry.user, entry.command, entry.result) == ("U1", "instructions", "")
