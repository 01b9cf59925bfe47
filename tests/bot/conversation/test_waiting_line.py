"""The waiting line: a place that is shown too late for its question is taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update

from bot.conversation.waiting_line import WaitingLine
from bot.storage import tables
from bot.storage.inbox import Inbox
from bot.storage.inbox_entry import InboxEntry
from bot.storage.inbox_view import InboxView
from bot.storage.question_filter import QuestionFilter
from bot.types import IncomingMessage, MessageKey
from ingest.state.database import open_state

MESSAGE = IncomingMessage("question", MessageKey("T0", "C0", "1.0"), "1.0", "U1", "T0", "how?")
ENTRY = InboxEntry("e1", MESSAGE)
LOOKS = 2  # at the slots, until all are taken
WAIT = 10  # seconds until something that never happens fails the test


async def run_blocking(work: Callable[..., Any], *args: Any) -> Any:
    return await asyncio.to_thread(work, *args)


class Slack:
    """Shows a place when it is let, as a message or a status, and notes what is taken back."""

    def __init__(self, posted: tuple[str, ...] = ("9.0",)) -> None:
        self.posted = posted
        self.shows, self.may_show = asyncio.Event(), asyncio.Event()
        self.shown = 0
        self.removed: list[tuple[str, ...]] = []
        self.is_removed = asyncio.Event()

    async def show(
        self, message: IncomingMessage, place: int, posted: tuple[str, ...]
    ) -> tuple[str, ...]:
        assert message == MESSAGE
        assert place > 0
        self.shows.set()
        await self.may_show.wait()
        self.shown += 1
        return posted or self.posted

    async def remove(self, message: IncomingMessage, posted: tuple[str, ...]) -> None:
        assert message == MESSAGE
        self.removed.append(posted)
        self.is_removed.set()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield engine
    engine.dispose()


def build_line(engine: Engine, slack: Slack, inbox: Inbox | None = None) -> WaitingLine:
    inbox = inbox or Inbox(engine)
    inbox.add(ENTRY.id, MESSAGE)
    view = InboxView(engine)
    return WaitingLine(
        view, run_blocking, inbox, slack.show, remove_place=slack.remove, is_full=lambda: True
    )


def stop(engine: Engine) -> None:
    Inbox(engine).send("stop", QuestionFilter.of_message(MESSAGE.key).build())


def take_elsewhere(engine: Engine) -> None:
    assert Inbox(engine).take() is not None


def read_posted(engine: Engine) -> frozenset[str]:
    return InboxView(engine).list_posted(MESSAGE.key.channel, MESSAGE.thread_ts)


@pytest.mark.parametrize("change", [stop, take_elsewhere])
@pytest.mark.parametrize("posted", [("9.0",), ()])
async def test_a_place_is_taken_back_if_its_question_is_gone(
    engine: Engine, change: Callable[[Engine], None], posted: tuple[str, ...]
):
    slack = Slack(posted)
    line = build_line(engine, slack)
    line.add(ENTRY)
    await asyncio.wait_for(slack.shows.wait(), WAIT)
    change(engine)
    slack.may_show.set()
    await asyncio.wait_for(slack.is_removed.wait(), WAIT)
    assert slack.removed == [posted]
    assert read_posted(engine) == frozenset()
    assert await line.remove(ENTRY.id) == ()


async def test_a_place_is_taken_back_if_it_ended_before_its_message_was_recorded(engine: Engine):
    class Ended(Inbox):
        def record_posted(self, entry_id: str, posted: Any) -> Any:
            assert (entry_id, posted) == (ENTRY.id, ("9.0",))
            return False

    slack = Slack()
    line = build_line(engine, slack, Ended(engine))
    slack.may_show.set()
    line.add(ENTRY)
    await asyncio.wait_for(slack.is_removed.wait(), WAIT)
    assert slack.removed == [("9.0",)]


async def test_a_message_that_another_answer_has_taken_over_stays(engine: Engine):
    slack = Slack(("9.0", "9.1"))
    line = build_line(engine, slack)
    line.add(ENTRY)
    await asyncio.wait_for(slack.shows.wait(), WAIT)
    take_elsewhere(engine)
    with engine.begin() as connection:
        connection.execute(update(tables.inbox).values(posted="9.0"))
    slack.may_show.set()
    await asyncio.wait_for(slack.is_removed.wait(), WAIT)
    assert slack.removed == [("9.1",)]


async def test_the_answer_of_this_process_gets_the_message_that_is_under_way(engine: Engine):
    slack = Slack()
    inbox = Inbox(engine)
    line = build_line(engine, slack, inbox)
    line.add(ENTRY)
    await asyncio.wait_for(slack.shows.wait(), WAIT)
    assert inbox.take() is not None
    removing = asyncio.create_task(line.remove(ENTRY.id))
    await asyncio.sleep(0)
    slack.may_show.set()
    assert await asyncio.wait_for(removing, WAIT) == ("9.0",)
    assert read_posted(engine) == {"9.0"}
    assert slack.removed == []


async def test_a_place_of_a_question_that_waits_on_stays(engine: Engine):
    slack = Slack()
    line = build_line(engine, slack)
    slack.may_show.set()
    line.add(ENTRY)
    await asyncio.wait_for(line._arrivals.wait(WAIT), WAIT)
    assert (slack.shown, slack.removed) == (1, [])
    assert await line.remove(ENTRY.id) == ("9.0",)
    assert read_posted(engine) == {"9.0"}


async def test_a_question_that_comes_while_the_places_are_read_is_watched(engine: Engine):
    other = InboxEntry("e0", MESSAGE)  # it has left the line

    async def read_slowly(work: Callable[..., Any], *args: Any) -> Any:
        result = await asyncio.to_thread(work, *args)
        if args == ([other.id],) and ENTRY.id not in line._waiting:
            line.add(ENTRY)
        return result

    slack = Slack()
    inbox = Inbox(engine)
    inbox.add(ENTRY.id, MESSAGE)
    view = InboxView(engine)
    line = WaitingLine(
        view, read_slowly, inbox, slack.show, remove_place=slack.remove, is_full=lambda: True
    )
    line.add(other)
    await line._show_changes()
    slack.may_show.set()
    await asyncio.wait_for(slack.shows.wait(), WAIT)
    assert await line.remove(other.id) is None
    assert await line.remove(ENTRY.id) == ("9.0",)


async def test_no_place_is_shown_while_a_slot_is_free(engine: Engine):
    looks: list[bool] = []

    def has_no_slot() -> bool:
        looks.append(len(looks) == LOOKS)
        assert slack.shown == 0
        return looks[-1]

    slack = Slack()
    slack.may_show.set()
    line = build_line(engine, slack)
    line._is_full = has_no_slot
    line.add(ENTRY)
    await asyncio.wait_for(slack.shows.wait(), WAIT)
    assert looks == [*[False] * LOOKS, True]
