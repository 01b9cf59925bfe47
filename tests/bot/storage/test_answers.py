"""What is remembered of answers, and for how long."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert

from bot.storage import tables
from bot.storage.answers import ID_RETENTION, AnswerRecord, Answers
from bot.types import MessageKey
from rag_core.types import Usage
from tests.bot.fakes import answer

KEY = MessageKey("T1", "C1", "1700000000.000100")
KEPT = AnswerRecord(
    id="a1",
    key=KEY,
    thread_ts="1700000000.000100",
    user="U1",
    posted=("1.1", "1.2"),
    question="how is data stored?",
    answer=replace(answer(degraded=("no_llm",)), usage=Usage(10, 20)),
)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def answers(engine: Engine, clock: Clock) -> Answers:
    return Answers(engine, days=90, clock=clock)


def test_an_answer_is_found_as_it_was_given(answers: Answers, clock: Clock):
    answers.add(KEPT)
    wanted = replace(KEPT, answered_at=clock.now)
    assert answers.find("a1") == wanted
    assert answers.find_by_message(KEY) == wanted
    assert answers.find("a2") is None
    assert answers.find_by_message(replace(KEY, channel="C2")) is None


def test_the_second_answer_to_a_message_takes_the_place_of_the_first(answers: Answers):
    answers.add(KEPT)
    answers.add(replace(KEPT, id="a2"))
    found = answers.find_by_message(KEY)
    assert found is not None
    assert found.id == "a2"
    first = answers.find("a1")  # it stays for its ratings
    assert first is not None
    assert first.permalink_ts == KEY.ts


def test_where_it_stands_can_be_noted_later(answers: Answers):
    answers.add(replace(KEPT, posted=()))
    answers.record_messages("a1", ("5.5",))
    found = answers.find("a1")
    assert found is not None
    assert found.posted == ("5.5",)


def test_the_last_answer_of_a_thread(answers: Answers, clock: Clock):
    for number in (1, 2):
        clock.now += timedelta(seconds=1)
        key = replace(KEY, ts=f"{number}.0")
        answers.add(replace(KEPT, id=f"a{number}", key=key, user=f"U{number}"))
    last = answers.find_last_in_thread("T1", "C1", KEPT.thread_ts)
    assert last is not None
    assert last.user == "U2"
    assert answers.find_last_in_thread("T1", "C1", "9.9") is None
    assert answers.find_last_in_thread("T2", "C1", KEPT.thread_ts) is None


def test_what_was_passed_on_is_known(answers: Answers):
    answers.add(KEPT)
    assert not answers.is_escalated("a1")
    answers.mark_escalated("a1")
    answers.mark_escalated("a2")
    assert answers.is_escalated("a1")
    assert not answers.is_escalated("a2")


def test_old_answers_are_forgotten_with_their_ratings(
    answers: Answers, engine: Engine, clock: Clock
):
    answers.add(KEPT)
    clock.now += timedelta(days=90)
    answers.add(replace(KEPT, id="a2", key=replace(KEY, ts="2.0")))
    rating = {"user": "U1", "verdict": "up", "reason": "", "comment": "", "rated_at": clock.now}
    with engine.begin() as connection:
        connection.execute(
            insert(tables.ratings), [{"answer": "a1", **rating}, {"answer": "a2", **rating}]
        )
    clock.now += timedelta(seconds=1)
    answers.purge()
    assert answers.find("a1") is None
    assert answers.find("a2") is not None
    with engine.connect() as connection:
        rated = connection.execute(tables.ratings.select()).all()
    assert [row.answer for row in rated] == ["a2"]


def test_without_days_no_text_is_kept(engine: Engine, clock: Clock):
    answers = Answers(engine, days=0, clock=clock)
    assert not answers.keeps_texts
    answers.add(KEPT)
    found = answers.find_last_in_thread("T1", "C1", KEPT.thread_ts)
    assert found is not None
    assert (found.question, found.answer, found.posted) == ("", None, ("1.1", "1.2"))
    clock.now += ID_RETENTION + timedelta(seconds=1)
    answers.purge()
    assert answers.find("a1") is None


def test_texts_go_when_keeping_is_switched_off(engine: Engine, clock: Clock, answers: Answers):
    answers.add(KEPT)
    Answers(engine, days=0, clock=clock).purge()
    found = answers.find("a1")
    assert found is not None
    assert (found.question, found.answer) == ("", None)
