"""Catch-up: what it reads and when, at which pace, and what it does where it may not read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from bot.slack.inbox import catch_up as module
from bot.slack.inbox.catch_up import CatchUp
from bot.slack.inbox.conversation_reader import Conversation, RateUsedUpError
from bot.slack.inbox.messages import ListenerConfig, parse_event
from bot.storage.database import BotDatabase
from bot.storage.known_messages import KnownMessages
from bot.types import IncomingMessage
from ingest.errors import StateError
from ingest.state.database import open_state

NOW = 1_800_000_000.0
CONFIG = ListenerConfig("U0BOT", "T1")


def build_ts(before: float) -> str:
    return f"{NOW - before:.6f}"


def write(text: str, *, before: float = 10.0, user: str = "U1", **more: Any) -> dict[str, Any]:
    """A message of so many seconds before now."""
    return {"type": "message", "user": user, "text": text, "ts": build_ts(before), **more}


class FakeReader:
    """Conversations, with their messages newest first, and threads."""

    def __init__(self, history: dict[str, list[dict[str, Any]]]) -> None:
        self.history = history
        self.threads: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.oldest: list[float] = []
        self.reads: list[str] = []
        self.limit = 1_000
        self.on_read: Callable[[], None] = lambda: None

    def begin(self) -> None:
        pass

    async def list_conversations(self) -> tuple[Conversation, ...]:
        return tuple(Conversation.of_id(each) for each in self.history)

    async def read_history(self, channel: str, oldest: float) -> list[dict[str, Any]]:
        if len(self.reads) >= self.limit:
            raise RateUsedUpError
        self.oldest.append(oldest)
        self.reads.append(channel)
        self.on_read()
        return self.history.get(channel, [])

    async def read_replies(
        self, channel: str, thread_ts: str, oldest: float
    ) -> list[dict[str, Any]]:
        self.reads.append(thread_ts)
        return [m for m in self.threads[channel, thread_ts] if float(m["ts"]) > oldest]


class FakeRecorder:
    def __init__(self) -> None:
        self.offered: list[IncomingMessage] = []

    async def parse(self, event: dict[str, Any]) -> IncomingMessage | None:
        return parse_event(event, CONFIG)

    async def offer(self, message: IncomingMessage) -> None:
        self.offered.append(message)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.offered]


class Bench:
    """A catch-up with fakes around it, and a clock."""

    def __init__(self, database: BotDatabase, history: dict[str, Any], minutes: int = 60) -> None:
        self.now = NOW
        self.reader = FakeReader(history)
        self.recorder = FakeRecorder()
        self.catch_up = CatchUp(
            self.reader,
            database,
            self.recorder,
            config=CONFIG,
            minutes=minutes,
            clock=lambda: self.now,
            retry_seconds=0,
        )

    async def run(self) -> None:
        """One connection, and all that is read after it."""
        self.catch_up.on_connected()
        await self.end()

    async def end(self) -> None:
        await self.catch_up._tasks.wait(10)


@pytest.fixture
def database(tmp_path):
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    yield BotDatabase.open(engine, keep_days=1, read_last_success_time=lambda *_: None)
    engine.dispose()


async def test_a_missed_message_is_marked_and_complete(database: BotDatabase):
    bench = Bench(database, {"C1": [write("<@U0BOT> how?", team="T1")], "D1": [write("why?")]})
    await bench.run()
    assert bench.recorder.texts == ["how?", "why?"]
    assert all(message.was_missed for message in bench.recorder.offered)
    assert [message.is_direct for message in bench.recorder.offered] == [False, True]


async def test_the_first_connection_reads_as_far_back_as_it_may(database: BotDatabase):
    history = [write("<@U0BOT> new?", before=1_790), write("<@U0BOT> old?", before=1_810)]
    bench = Bench(database, {"C1": history}, minutes=30)
    await bench.run()
    assert bench.recorder.texts == ["new?"]


async def test_a_later_connection_reads_back_to_the_last_event(database: BotDatabase):
    bench = Bench(database, {"C1": []})
    await bench.run()
    bench.now += 1_000
    bench.catch_up.on_heard()
    bench.now += 500
    await bench.run()
    bench.now += 86_400
    await bench.run()
    heard = NOW + 1_000 - module.MARGIN_SECONDS
    assert bench.reader.oldest == [NOW - 3_600, heard, bench.now - 3_600]


async def test_connections_during_a_round_make_one_more_round(database: BotDatabase):
    bench = Bench(database, {"C1": []})
    started, go_on = asyncio.Event(), asyncio.Event()
    read = bench.reader.read_history

    async def wait_and_read(channel: str, oldest: float) -> list[dict[str, Any]]:
        started.set()
        await go_on.wait()
        return await read(channel, oldest)

    bench.reader.read_history = wait_and_read
    bench.catch_up.on_connected()
    await started.wait()
    for _ in range(3):
        bench.catch_up.on_connected()
    go_on.set()
    await bench.end()
    assert len(bench.reader.reads) == 2


@pytest.mark.parametrize("behind", [1, 45, 3_600])
async def test_a_clock_behind_slacks_hides_no_message(database: BotDatabase, behind: int):
    bench = Bench(database, {"C1": [write("<@U0BOT> now?", before=-behind)]})
    await bench.run()
    assert bench.recorder.texts == ["now?"]


async def test_the_newest_conversations_are_read_first(database: BotDatabase):
    bench = Bench(database, {each: [] for each in ("C1", "C2", "C3", "D1")})
    active_at = {"C2": NOW - 500, "D1": NOW - 5}

    async def list_conversations() -> tuple[Conversation, ...]:
        ids = bench.reader.history
        return tuple(Conversation(each, "channel", active_at.get(each, 0)) for each in ids)

    bench.reader.list_conversations = list_conversations
    await bench.run()
    assert bench.reader.reads == ["D1", "C2", "C1", "C3"]


async def test_zero_minutes_are_off(database: BotDatabase):
    bench = Bench(database, {"C1": [write("<@U0BOT> how?")]}, minutes=0)
    await bench.run()
    assert bench.reader.reads == []


async def test_only_threads_with_new_replies_are_read(database: BotDatabase):
    quiet = write("quiet", before=5_000, latest_reply=build_ts(4_900))
    busy = write("busy", before=5_001, latest_reply=build_ts(20))
    bench = Bench(database, {"C1": [quiet, busy]})
    bench.reader.threads["C1", busy["ts"]] = [
        write("<@U0BOT> how?", before=20, thread_ts=busy["ts"])
    ]
    await bench.run()
    assert bench.recorder.texts == ["how?"]
    assert bench.reader.reads == ["C1", busy["ts"]]


async def test_a_follow_up_is_offered_if_nobody_went_on(database: BotDatabase):
    roots = [write(name, before=50 + n, latest_reply=build_ts(20)) for n, name in enumerate("ab")]
    bench = Bench(database, {"C1": roots})
    for number, root in enumerate(roots):
        asked = write(f"what of {root['text']}?", before=20 + number, thread_ts=root["ts"])
        bench.reader.threads["C1", root["ts"]] = [asked]
    to_others = write("<@U9> knows", before=10, user="U2", thread_ts=roots[1]["ts"])
    bench.reader.threads["C1", roots[1]["ts"]].append(to_others)
    await bench.run()
    assert bench.recorder.texts == ["what of a?"]


async def test_a_round_has_a_limit_and_says_what_was_not_read(
    database: BotDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(module, "MAX_READS", 2)
    bench = Bench(database, {f"C{number}": [] for number in range(4)})
    await bench.run()
    assert bench.reader.reads == ["C0", "C1"]
    assert "2 places that could not be read: C2 (limit), C3 (limit)" in caplog.text


async def test_a_used_up_rate_ends_the_round_with_one_line(
    database: BotDatabase, caplog: pytest.LogCaptureFixture
):
    bench = Bench(database, {"C0": [write("<@U0BOT> how?")], "C1": [], "C2": []})
    bench.reader.limit = 1
    await bench.run()
    assert bench.recorder.texts == ["how?"]
    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "C1 (ratelimited), C2 (ratelimited)" in caplog.text


async def test_without_the_state_it_waits_and_reads_the_same_span(
    database: BotDatabase, monkeypatch: pytest.MonkeyPatch
):
    has_message, failures = KnownMessages.has_message, [StateError("locked"), StateError("locked")]

    def fail_twice(known: KnownMessages, key: Any) -> bool:
        if failures:
            raise failures.pop()
        return has_message(known, key)

    monkeypatch.setattr(KnownMessages, "has_message", fail_twice)
    bench = Bench(database, {"C1": [write("<@U0BOT> how?")]})
    await bench.run()
    assert bench.recorder.texts == ["how?"]
    assert bench.reader.oldest == [NOW - 3_600] * 3
