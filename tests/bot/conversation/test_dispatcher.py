"""The dispatcher on a real inbox: slots, the line, signals, a database that is away, the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from bot.conversation.dispatcher import Dispatcher
from bot.conversation.inbox_writer import Outcome
from bot.conversation.lease_keeper import Pace
from bot.conversation.open_question import OpenQuestion
from bot.conversation.surfaces import SurfaceHandler
from bot.storage import tables
from bot.storage.inbox import Inbox
from bot.storage.inbox_view import InboxView
from bot.storage.question_filter import QuestionFilter
from bot.types import IncomingMessage, MessageKey, Surface
from ingest.errors import StateError
from ingest.state.database import open_state
from tests.bot.fakes import Notebook

WAIT = 10  # seconds until something that never happens fails the test
PACE = Pace(poll=0.02, signals=0.01, renewal=0.05, first_sign=5, ack=5, hand_back=WAIT)


def message(number: int = 1, **more: object) -> IncomingMessage:
    ts = f"{number}.0"
    values = {"user": f"U{number}", "thread_ts": ts, **more}
    return IncomingMessage(
        "question", MessageKey("T0", "C0", ts), user_team="T0", text="how?", **values
    )


@dataclass
class Answers:
    """Answers questions when the test lets it."""

    outcome: Outcome = "answered"
    taken: list[OpenQuestion] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: list[str] = field(default_factory=list)
    early_slot: bool = False

    async def handle(self, question: OpenQuestion) -> Outcome:
        async with self.changed:
            self.taken.append(question)
            self.changed.notify_all()
        try:
            if self.early_slot:
                question.release_slot()
            await self.free.wait()
        except asyncio.CancelledError:
            self.cancelled.append(question.id)
            raise
        return self.outcome

    async def wait_taken(self, count: int) -> list[str]:
        """The time stamps of the questions taken, once there are so many."""
        async with asyncio.timeout(WAIT), self.changed:
            await self.changed.wait_for(lambda: len(self.taken) >= count)
        return [question.entry.message.key.ts for question in self.taken]


@dataclass
class Places:
    """What people were told about their place."""

    told: list[tuple[str, int]] = field(default_factory=list)
    slow: str = ""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def show(
        self, waiting: IncomingMessage, place: int, posted: tuple[str, ...]
    ) -> tuple[str, ...]:
        if waiting.key.ts == self.slow:
            await self.released.wait()
        async with self.changed:
            self.told.append((waiting.key.ts, place))
            self.changed.notify_all()
        return posted or (f"9{waiting.key.ts}",)

    async def remove(self, waiting: IncomingMessage, posted: tuple[str, ...]) -> None:
        raise AssertionError(f"{waiting.key.ts} still waits: {posted}")

    async def wait_told(self, line: tuple[str, int]) -> None:
        async with asyncio.timeout(WAIT), self.changed:
            await self.changed.wait_for(lambda: line in self.told)


@dataclass
class Bench:
    """A dispatcher with two slots, and what it is made of."""

    engine: Engine
    inbox: Inbox
    answers: Answers = field(default_factory=Answers)
    places: Places = field(default_factory=Places)

    @property
    def surfaces(self) -> dict[Surface, SurfaceHandler]:
        answers, places = self.answers, self.places
        return {"slack": SurfaceHandler(answers.handle, places.show, places.remove)}

    def build(self, pace: Pace = PACE) -> Dispatcher:
        view = InboxView(self.engine)
        return Dispatcher(self.inbox, view, self.surfaces, slots=2, pace=pace)

    def read(self) -> dict[str, str]:
        """The status of each question, by the time stamp of its message."""
        columns = tables.inbox.c
        with self.engine.connect() as connection:
            rows = connection.execute(select(columns.ts, columns.status))
            return {row.ts: row.status for row in rows}

    async def wait_status(self, ts: str, status: str) -> None:
        async with asyncio.timeout(WAIT):
            while (await asyncio.to_thread(self.read)).get(ts) != status:  # noqa: ASYNC110
                await asyncio.sleep(0)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield engine
    engine.dispose()


@pytest.fixture
async def bench(engine: Engine) -> Bench:
    return Bench(engine, Inbox(engine))


@pytest.fixture
async def dispatcher(bench: Bench) -> AsyncIterator[Dispatcher]:
    dispatcher = bench.build()
    dispatcher.start()
    yield dispatcher
    bench.answers.free.set()
    await dispatcher.stop(0)


async def test_a_question_is_recorded_before_it_is_acknowledged(bench: Bench):
    dispatcher = bench.build()  # it takes nothing yet
    await dispatcher.offer(message())
    assert bench.read() == {"1.0": "waiting"}
    await dispatcher.stop(0)


async def test_it_is_answered_once_and_ends(bench: Bench, dispatcher: Dispatcher):
    await dispatcher.offer(message())
    await dispatcher.offer(message())
    bench.answers.free.set()
    await bench.wait_status("1.0", "answered")
    assert await bench.answers.wait_taken(1) == ["1.0"]


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        ("told", {"1.0": "told"}),
        ("given_up", {"1.0": "given_up"}),
        ("ignored", {}),
    ],
)
async def test_what_became_of_it_is_recorded(
    bench: Bench, dispatcher: Dispatcher, outcome: Outcome, left: dict[str, str]
):
    bench.answers.outcome = outcome
    await dispatcher.offer(message())
    await bench.answers.wait_taken(1)
    bench.answers.free.set()
    async with asyncio.timeout(WAIT):
        while await asyncio.to_thread(bench.read) != left:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_an_answer_that_could_not_be_delivered_is_tried_again(
    bench: Bench, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.conversation.inbox_writer.DELIVER_AGAIN_SECONDS", 0.001)
    bench.answers.outcome = "undelivered"
    bench.answers.free.set()
    await dispatcher.offer(message())
    assert await bench.answers.wait_taken(3) == ["1.0"] * 3
    assert [question.entry.attempts for question in bench.answers.taken] == [1, 2, 3]
    bench.answers.outcome = "answered"
    await bench.wait_status("1.0", "answered")


async def test_only_so_many_are_answered_and_the_others_are_told_their_place(
    bench: Bench, dispatcher: Dispatcher
):
    for number in range(1, 6):
        await dispatcher.offer(message(number))
        if number <= 2:
            await bench.answers.wait_taken(number)
    await bench.places.wait_told(("3.0", 1))
    await bench.places.wait_told(("5.0", 3))
    assert len(bench.answers.taken) == 2
    bench.answers.free.set()
    assert await bench.answers.wait_taken(5) == [f"{n}.0" for n in range(1, 6)]
    assert bench.answers.taken[2].posted == ("93.0",)
    assert bench.answers.taken[2].is_watched  # so nobody else can have shown anything


async def test_each_surface_gets_its_own_questions(bench: Bench):
    """Also one that was added later; a question of a surface elsewhere waits for its process."""
    others, places = Answers(), Places()
    surfaces = dict(bench.surfaces)
    dispatcher = Dispatcher(bench.inbox, InboxView(bench.engine), surfaces, slots=1, pace=PACE)
    surfaces["discord"] = SurfaceHandler(others.handle, places.show, places.remove)
    dispatcher.start()
    await dispatcher.offer(message(1, surface="discord"))
    assert await others.wait_taken(1) == ["1.0"]
    for number in (2, 3):
        await dispatcher.offer(message(number, surface="discord" if number == 2 else "slack"))
    await dispatcher.offer(message(4, surface="mcp"))
    await places.wait_told(("2.0", 1))
    await bench.places.wait_told(("3.0", 2))
    others.free.set()
    bench.answers.free.set()
    for ts in ("1.0", "2.0", "3.0"):
        await bench.wait_status(ts, "answered")
    assert await others.wait_taken(2) == ["1.0", "2.0"]
    assert await bench.answers.wait_taken(1) == ["3.0"]
    assert bench.read()["4.0"] == "waiting"
    await dispatcher.stop(0)


async def test_a_place_that_slack_takes_slowly_holds_no_others_up(
    bench: Bench, dispatcher: Dispatcher
):
    bench.places.slow = "3.0"
    for number in range(1, 6):
        await dispatcher.offer(message(number))
        if number <= 2:
            await bench.answers.wait_taken(number)
    await bench.places.wait_told(("5.0", 3))
    assert ("3.0", 1) not in bench.places.told
    bench.places.released.set()
    await bench.places.wait_told(("3.0", 1))


async def test_the_place_is_kept_current(
    bench: Bench, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.conversation.waiting_line.SHOW_SECONDS", 0.01)
    for number in range(1, 5):
        await dispatcher.offer(message(number))
        if number <= 2:
            await bench.answers.wait_taken(number)
    await bench.places.wait_told(("4.0", 2))
    bench.answers.taken[0].release_slot()
    await bench.places.wait_told(("4.0", 1))


async def test_an_answer_that_only_has_to_be_shown_lets_the_next_one_in(
    bench: Bench, dispatcher: Dispatcher
):
    bench.answers.early_slot = True
    for number in range(1, 5):
        await dispatcher.offer(message(number))
    assert len(await bench.answers.wait_taken(4)) == 4


async def test_a_hint_needs_no_slot(bench: Bench, dispatcher: Dispatcher):
    for number in range(1, 4):
        await dispatcher.offer(message(number))
    await bench.answers.wait_taken(2)
    await dispatcher.offer(replace(message(4), kind="hint"))
    assert (await bench.answers.wait_taken(3))[2] == "4.0"


async def test_a_signal_from_another_process_arrives(bench: Bench, dispatcher: Dispatcher):
    await dispatcher.offer(message())
    await bench.answers.wait_taken(1)
    [question] = bench.answers.taken
    reply = Notebook()
    question.connect(reply)
    where = QuestionFilter("C0", ts="1.0")
    Inbox(bench.engine).send("stop", where.build())
    await asyncio.wait_for(reply.stopped.wait(), WAIT)
    assert question.signal == "stop"


async def test_a_signal_to_this_process_arrives_at_once(bench: Bench, dispatcher: Dispatcher):
    await dispatcher.offer(message())
    await bench.answers.wait_taken(1)
    [question] = bench.answers.taken
    assert await dispatcher.send("delete", QuestionFilter("C0", ts="1.0")) == ((), 1)
    assert question.signal == "delete"
    assert await dispatcher.send("stop", QuestionFilter("C0", ts="2.0")) == ((), 0)


async def test_a_question_that_another_process_took_is_dropped(
    bench: Bench, dispatcher: Dispatcher
):
    await dispatcher.offer(message())
    await bench.answers.wait_taken(1)
    with bench.engine.begin() as connection:
        connection.execute(update(tables.inbox).values(owner="somebody else"))
    async with asyncio.timeout(WAIT):
        while not bench.answers.cancelled:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert bench.answers.taken[0].is_lost
    assert bench.read() == {"1.0": "answering"}


async def test_a_new_database_costs_no_question(bench: Bench, dispatcher: Dispatcher):
    """The file was deleted while docent runs."""
    for number in range(1, 4):
        await dispatcher.offer(message(number))
    await bench.answers.wait_taken(2)
    with bench.engine.begin() as connection:
        connection.execute(tables.inbox.delete())
    await bench.wait_status("3.0", "waiting")
    bench.answers.free.set()
    for number in range(1, 4):
        await bench.wait_status(f"{number}.0", "answered")
    assert bench.answers.cancelled == []
    assert len(bench.answers.taken) == 3


async def test_a_row_of_a_question_that_was_begun_already_is_not_taken_again(
    bench: Bench, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
):
    """The answer of the database was lost, not the row."""
    add = Inbox.add

    def add_and_fail(*args: object, **more: object) -> bool:
        add(*args, **more)
        raise StateError("The connection broke off.")

    monkeypatch.setattr(bench.inbox, "add", add_and_fail.__get__(bench.inbox))
    await dispatcher.offer(message())
    await bench.answers.wait_taken(1)
    await bench.wait_status("1.0", "answering")
    bench.answers.free.set()
    await bench.wait_status("1.0", "answered")
    assert len(bench.answers.taken) == 1


async def test_a_row_that_is_taken_before_its_write_fails_is_answered_once(
    bench: Bench, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
):
    """The database's answer is lost so late that the question was taken from the line."""
    add, may_fail = Inbox.add, threading.Event()

    def add_and_fail_late(*args: object, **more: object) -> bool:
        add(*args, **more)
        assert may_fail.wait(WAIT)
        raise StateError("The connection broke off.")

    monkeypatch.setattr(bench.inbox, "add", add_and_fail_late.__get__(bench.inbox))
    offering = asyncio.create_task(dispatcher.offer(message()))
    await bench.answers.wait_taken(1)
    bench.answers.free.set()
    await bench.wait_status("1.0", "answered")
    may_fail.set()
    await offering
    assert len(bench.answers.taken) == 1


@pytest.mark.parametrize(
    ("outcome", "status"), [("answered", "answered"), ("undelivered", "answering")]
)
async def test_an_end_that_a_new_database_does_not_know_is_recorded(
    bench: Bench, outcome: Outcome, status: str
):
    """The file was deleted just before the answer was complete."""
    dispatcher = bench.build(replace(PACE, signals=WAIT))  # no look at the standings comes between
    bench.answers.outcome = outcome
    await dispatcher.offer(message())
    dispatcher.start()
    await bench.answers.wait_taken(1)
    with bench.engine.begin() as connection:
        connection.execute(tables.inbox.delete())
    bench.answers.free.set()
    await bench.wait_status("1.0", status)
    await dispatcher.stop(0)


class TestWithoutTheDatabase:
    """The state database is locked or broken while questions arrive."""

    @pytest.fixture
    def lock(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
        """Holds `Inbox.add` until it is set."""
        lock, add = threading.Event(), Inbox.add

        def add_later(*args: object, **more: object) -> bool:
            assert lock.wait(WAIT)
            return add(*args, **more)

        monkeypatch.setattr(bench.inbox, "add", add_later.__get__(bench.inbox))
        return lock

    async def test_a_locked_one_delays_no_answer_and_nothing_is_answered_twice(
        self, bench: Bench, lock: threading.Event
    ):
        dispatcher = bench.build(replace(PACE, first_sign=0.001, ack=0.001))
        dispatcher.start()
        await dispatcher.offer(message())
        await dispatcher.offer(message())  # Slack says it twice
        assert await bench.answers.wait_taken(1) == ["1.0"]
        lock.set()
        bench.answers.free.set()
        await bench.wait_status("1.0", "answered")
        assert len(bench.answers.taken) == 1
        await dispatcher.stop(WAIT)

    async def test_of_a_mention_that_comes_twice_one_begins(
        self, bench: Bench, lock: threading.Event
    ):
        """The other event reaches another process, which knows nothing of it."""
        dispatcher = bench.build(replace(PACE, first_sign=0.001, ack=0.001))
        dispatcher.start()
        await dispatcher.offer(message(), is_twin=True)
        assert bench.answers.taken == []
        lock.set()
        bench.answers.free.set()
        await dispatcher.offer(message())
        await bench.wait_status("1.0", "answered")
        assert len(bench.answers.taken) == 1
        await dispatcher.stop(WAIT)

    async def test_the_end_is_recorded_when_it_is_back(self, bench: Bench, lock: threading.Event):
        dispatcher = bench.build(replace(PACE, first_sign=0.001, ack=0.001))
        dispatcher.start()
        await dispatcher.offer(message())
        bench.answers.free.set()
        await bench.answers.wait_taken(1)
        lock.set()
        await bench.wait_status("1.0", "answered")
        await dispatcher.stop(WAIT)

    async def test_one_that_another_delivery_recorded_is_withdrawn(
        self, bench: Bench, lock: threading.Event
    ):
        dispatcher = bench.build(replace(PACE, first_sign=0.001, ack=0.001))
        dispatcher.start()
        await dispatcher.offer(message())
        await bench.answers.wait_taken(1)
        other = Inbox(bench.engine)
        other.add("a" * 32, message())
        other.take()
        reply = Notebook()
        bench.answers.taken[0].connect(reply)
        lock.set()
        await asyncio.wait_for(reply.stopped.wait(), WAIT)
        assert bench.answers.taken[0].signal == "delete"
        bench.answers.free.set()
        await dispatcher.stop(WAIT)

    async def test_a_commit_that_fails_at_last_costs_no_question(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ):
        decided, lock = threading.Event(), threading.Event()

        def fail_late(*_: object, is_ours: Callable[[], bool], **__: object) -> bool:
            assert not is_ours()
            decided.set()
            assert lock.wait(WAIT)
            raise StateError("The connection broke off.")

        monkeypatch.setattr(bench.inbox, "add", fail_late)
        dispatcher = bench.build(replace(PACE, first_sign=WAIT, ack=0.001))
        offering = asyncio.create_task(dispatcher.offer(message()))
        assert await asyncio.to_thread(decided.wait, WAIT)
        lock.set()
        await offering
        assert await bench.answers.wait_taken(1) == ["1.0"]
        bench.answers.free.set()
        await dispatcher.stop(WAIT)

    async def test_a_broken_one_stops_no_answer(
        self, bench: Bench, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
    ):
        def fail(*_: object, **__: object) -> bool:
            raise StateError("The disk is full.")

        monkeypatch.setattr(bench.inbox, "add", fail)
        await dispatcher.offer(message())
        assert await bench.answers.wait_taken(1) == ["1.0"]
        monkeypatch.undo()
        monkeypatch.setattr("bot.conversation.inbox_writer.RETRY_SECONDS", 0.001)
        bench.answers.free.set()
        await bench.wait_status("1.0", "answered")


class TestStop:
    async def test_answers_may_end(self, bench: Bench):
        dispatcher = bench.build()
        dispatcher.start()
        await dispatcher.offer(message())
        await bench.answers.wait_taken(1)
        stopping = asyncio.create_task(dispatcher.stop(WAIT))
        await asyncio.sleep(0)
        bench.answers.free.set()
        await stopping
        assert bench.read() == {"1.0": "answered"}
        assert bench.answers.cancelled == []

    async def test_what_does_not_end_is_handed_back(self, bench: Bench):
        dispatcher = bench.build()
        dispatcher.start()
        for number in range(1, 4):
            await dispatcher.offer(message(number))
        await bench.answers.wait_taken(2)
        await dispatcher.stop(0)
        assert bench.read() == {"1.0": "waiting", "2.0": "waiting", "3.0": "waiting"}
        assert len(bench.answers.cancelled) == 2

    async def test_nothing_more_is_taken(self, bench: Bench):
        dispatcher = bench.build()
        dispatcher.start()
        await dispatcher.stop(0)
        bench.inbox.add("a" * 32, message())
        assert bench.read() == {"1.0": "waiting"}
