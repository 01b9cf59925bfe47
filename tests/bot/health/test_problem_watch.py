"""Admins hear once of each problem and once of its end, across processes and restarts."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine

from bot.health.problem_watch import (
    CHECK_SECONDS,
    LONGEST_PAUSE,
    QUIET_SECONDS,
    ProblemWatch,
)
from bot.storage import tables
from bot.storage.problems import Problem, Problems
from ingest.errors import StateError
from rag_core.outages import Outages

KEY = "The key is refused (401): set OPENAI_API_KEY."
MODEL = "There is no model gpt-5 (404): set DOCENT_LLM_MODEL."
FULL = "The state database is full: make room."
USED = ("llm", "milvus")


@dataclass
class Channel:
    """The admins' channel: what it was told, and whether it takes anything."""

    told: list[str] = field(default_factory=list)
    tries: int = 0
    is_up: bool = True
    heard: threading.Event = field(default_factory=threading.Event)
    thread: str = ""

    def post_problem(self, problem: Problem) -> bool:
        return self._take(problem.text)

    def post_recovery(self, problem: Problem) -> bool:
        return self._take(f"over: {problem.service}")

    def _take(self, line: str) -> bool:
        self.tries += 1
        self.thread = threading.current_thread().name
        if self.is_up:
            self.told.append(line)
            self.heard.set()
        return self.is_up


class Process:
    """One `docent serve`: its outages, its watch and its clock; steps are taken by hand."""

    def __init__(self, engine: Engine, channel: Channel, *, before: str = "") -> None:
        self.outages, self.now, self.state = Outages(), 0.0, ""
        if before:
            self.outages.report("llm", before)
        self.watch = ProblemWatch(
            Problems(engine),
            self.outages,
            admins=channel,
            check_state=self.check_state,
            clock=lambda: self.now,
        )
        self.watch._run = lambda: None
        self.watch._thread = threading.Thread(target=lambda: None)
        self.watch.start(USED)

    def check_state(self) -> None:
        if self.state:
            raise StateError(self.state)

    def fail(self, sentence: str) -> None:
        self.outages.report("llm", sentence)
        self.watch.run_once()

    def work(self) -> None:
        self.outages.clear("llm")
        self.watch.run_once()


@pytest.fixture(autouse=True)
def bot_tables(engine: Engine) -> None:
    tables.ensure_bot_tables(engine)


@pytest.fixture
def channel() -> Channel:
    return Channel()


def test_a_problem_and_its_end_are_told_once(engine: Engine, channel: Channel):
    docent = Process(engine, channel)
    for _ in range(3):
        docent.fail(KEY)
    assert channel.told == [KEY]
    assert [problem.text for problem in docent.watch.list_current()] == [KEY]
    for _ in range(3):
        docent.work()
    assert channel.told == [KEY, "over: llm"]
    assert docent.watch.list_current() == ()


def test_another_problem_of_the_same_service_is_told(engine: Engine, channel: Channel):
    docent = Process(engine, channel)
    docent.fail(KEY)
    docent.fail(MODEL)
    docent.work()
    assert channel.told == [KEY, MODEL, "over: llm"]


def test_replicas_tell_it_once_together(engine: Engine, channel: Channel):
    first, second = Process(engine, channel), Process(engine, channel)
    for docent in (first, second):
        docent.fail(KEY)
    for docent in (second, first):
        docent.work()
    assert channel.told == [KEY, "over: llm"]


def test_a_problem_that_another_process_has_ended_is_told_when_it_is_met_again(
    engine: Engine, channel: Channel
):
    first, second = Process(engine, channel), Process(engine, channel)
    for docent in (first, second):
        docent.fail(KEY)
    first.work()
    second.watch.run_once()
    assert channel.told == [KEY, "over: llm"]
    assert second.watch.list_current() == ()  # it has not met the problem since
    first.now = second.now = QUIET_SECONDS
    second.fail(KEY)
    assert channel.told == [KEY, "over: llm", KEY]
    assert [problem.text for problem in first.watch.list_current()] == [KEY]
    second.work()
    assert channel.told == [KEY, "over: llm", KEY, "over: llm"]


def test_a_problem_is_recorded_anew_in_a_state_database_that_lost_it(
    engine: Engine, channel: Channel
):
    docent = Process(engine, channel)
    docent.fail(KEY)
    Problems(engine).end("llm")
    docent.watch.run_once()
    docent.fail(KEY)
    assert [problem.text for problem in docent.watch.list_current()] == [KEY]


def test_a_restart_tells_nothing_again_and_knows_what_to_look_for(engine: Engine, channel: Channel):
    Process(engine, channel).fail(KEY)
    restarted = Process(engine, channel)
    assert [problem.text for problem in restarted.watch.list_current()] == [KEY]
    restarted.fail(KEY)
    assert channel.told == [KEY]
    restarted.work()
    assert channel.told == [KEY, "over: llm"]


def test_a_problem_from_before_the_watch_began_is_told(engine: Engine, channel: Channel):
    docent = Process(engine, channel, before=KEY)
    docent.watch.run_once()
    assert channel.told == [KEY]


def test_a_service_that_is_no_longer_used_is_forgotten(engine: Engine, channel: Channel):
    Problems(engine).record("reranker", "The rerank server does not answer.")
    assert Process(engine, channel).watch.list_current() == ()
    assert channel.told == []


def test_what_slack_does_not_take_is_told_later(engine: Engine, channel: Channel):
    docent = Process(engine, channel)
    channel.is_up = False
    docent.fail(KEY)
    assert not docent.watch.list_current()[0].is_told
    channel.is_up = True
    docent.now += CHECK_SECONDS
    docent.watch.run_once()
    channel.is_up = False
    docent.work()
    channel.is_up = True
    docent.now += CHECK_SECONDS
    docent.watch.run_once()
    docent.watch.run_once()
    assert channel.told == [KEY, "over: llm"]


def test_what_slack_refuses_for_good_is_tried_ever_less_and_logged_once(
    engine: Engine, channel: Channel, caplog: pytest.LogCaptureFixture
):
    docent = Process(engine, channel)
    channel.is_up = False
    docent.fail(KEY)
    one_day = round(24 * 3600 / CHECK_SECONDS)
    for _ in range(one_day):
        docent.now += CHECK_SECONDS
        docent.watch.run_once()
    assert 24 <= channel.tries < 40
    assert [record.getMessage() for record in caplog.records] == [
        f"A service does not work: llm: {KEY}"
    ]
    channel.is_up = True
    docent.now += LONGEST_PAUSE
    docent.watch.run_once()
    assert channel.told == [KEY]


def test_the_end_of_a_problem_is_tried_ever_less_too(engine: Engine, channel: Channel):
    docent = Process(engine, channel)
    docent.fail(KEY)
    channel.is_up = False
    docent.work()
    for _ in range(100):
        docent.now += CHECK_SECONDS
        docent.watch.run_once()
    assert channel.tries < 12
    channel.is_up = True
    docent.now += LONGEST_PAUSE
    docent.watch.run_once()
    assert channel.told == [KEY, "over: llm"]


def test_another_problem_waits_for_none_that_slack_refused(engine: Engine, channel: Channel):
    docent = Process(engine, channel)
    channel.is_up = False
    docent.fail(KEY)
    channel.is_up = True
    docent.fail(MODEL)
    assert channel.told == [MODEL]


def test_a_problem_that_was_over_before_it_was_told_is_not_told(engine: Engine, channel: Channel):
    docent = Process(engine, channel)
    channel.is_up = False
    docent.fail(KEY)
    channel.is_up = True
    docent.work()
    assert channel.told == []


def test_a_problem_that_comes_and_goes_is_told_again_only_after_a_while(
    engine: Engine, channel: Channel
):
    docent = Process(engine, channel)
    for _ in range(5):
        docent.fail(KEY)
        docent.work()
    docent.fail(KEY)
    assert channel.told == [KEY, "over: llm"]
    docent.now = QUIET_SECONDS
    docent.watch.run_once()
    assert channel.told == [KEY, "over: llm", KEY]


def test_a_state_database_that_fails_is_told_once_from_memory(engine: Engine, channel: Channel):
    docent = Process(engine, channel)
    docent.state = FULL
    for _ in range(3):
        docent.watch.run_once()
    assert channel.told == [FULL]
    [problem] = docent.watch.list_current()
    assert (problem.service, problem.text) == ("state", FULL)
    docent.state = ""
    for _ in range(3):
        docent.watch.run_once()
    assert channel.told == [FULL, "over: state"]
    assert docent.watch.list_current() == ()


def test_what_happens_while_the_state_database_fails_is_recorded_later(
    engine: Engine, channel: Channel
):
    docent = Process(engine, channel)
    docent.state = FULL
    docent.fail(KEY)
    assert channel.told == [FULL]
    docent.state = ""
    docent.watch.run_once()
    assert channel.told == [FULL, KEY, "over: state"]


def test_a_change_is_told_at_once_and_never_on_the_thread_of_a_question(
    engine: Engine, channel: Channel
):
    outages = Outages()
    watch = ProblemWatch(Problems(engine), outages, admins=channel, check_state=lambda: None)
    watch.start(USED)
    outages.report("llm", KEY)
    assert channel.heard.wait(10)
    watch.close()
    assert (channel.told, channel.thread) == ([KEY], "problems")
