"""Catch-up: reads what docent was asked while it was away, and hands it to the recorder."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.background import BackgroundTasks
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.inbox.conversation_reader import (
    Conversation,
    ConversationReader,
    Message,
    RateUsedUpError,
)
from bot.slack.inbox.messages import ListenerConfig
from bot.slack.inbox.recorder import QuestionRecorder
from bot.storage.database import BotDatabase
from bot.types import IncomingMessage
from ingest.errors import StateError

MARGIN_SECONDS = 60.0
"""Read so far back behind the last event that arrived: Slack's clock and docent's may differ."""

RETRY_SECONDS = 30.0
"""The pause before docent tries again if the state database can't be used."""

HAND_OVER_SECONDS = 5.0
"""Questions that were found are handed over at least so often while docent reads on."""

MAX_READS = 300
"""Most channels and threads that are read at a time."""

MAX_KNOWN_THREADS = 50
"""Most threads that are read because docent was asked there before."""

Clock = Callable[[], float]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Round:
    """One round of reading: from when, what is left to read, what was found.

    It has no end: by the clocks of Slack and docent that would differ, and what has arrived in the
    meantime is known.
    """

    oldest: float
    reads_left: int
    unread: list[str] = field(default_factory=list)
    found: list[IncomingMessage] = field(default_factory=list)


class CatchUp:
    """Reads docent's conversations after each connection, one round at a time."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        reader: ConversationReader,
        database: BotDatabase,
        recorder: QuestionRecorder,
        *,
        config: ListenerConfig,
        minutes: int,
        clock: Clock = time.time,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        """Catch up at most so many minutes.

        Args:
            reader: reads from Slack.
            database: knows what docent has dealt with.
            recorder: gets the questions that were missed.
            config: says which messages are for docent.
            minutes: how far back to read; 0 for not at all.
            clock: returns the time of day, in seconds.
            retry_seconds: the pause before another try if the state database can't be used.
        """
        self._reader = reader
        self._database = database
        self._recorder = recorder
        self._config = config
        self._longest = minutes * 60.0
        self._clock = clock
        self._retry_seconds = retry_seconds
        self._tasks = BackgroundTasks()
        self._is_running = False
        self._heard_at: float | None = None
        self._since: float | None = None
        """The time since which is to be read next; None if there is nothing to do."""

    def on_connected(self) -> None:
        """Read in the background what was missed.

        A round that is on its way goes first.
        """
        now = self._clock()
        heard_at, self._heard_at = self._heard_at, now
        if not self._longest:
            return
        since = now - self._longest
        if heard_at is not None:
            since = max(since, heard_at - MARGIN_SECONDS)
        self._since = since if self._since is None else min(self._since, since)
        if not self._is_running:
            self._is_running = True
            self._tasks.start(self._run())

    def on_heard(self) -> None:
        """Note that events arrive."""
        self._heard_at = self._clock()

    async def close(self) -> None:
        """Read no more; the next start reads the rest."""
        self._tasks.cancel()
        await self._tasks.wait(1.0)

    async def _run(self) -> None:
        try:
            while self._since is not None:
                oldest, self._since = self._since, None
                try:
                    await self._read_round(_Round(oldest, MAX_READS))
                except StateError as error:
                    logger.warning(
                        "Missed messages can't be read without the state database: %s", error
                    )
                    self._since = oldest if self._since is None else min(oldest, self._since)
                    await asyncio.sleep(self._retry_seconds)
        finally:
            self._is_running = False

    async def _read_round(self, this: _Round) -> None:
        self._reader.begin()
        known = await asyncio.to_thread(
            self._database.known_messages.list_threads, self._config.team, MAX_KNOWN_THREADS
        )
        try:
            places = await self._list_places(known)
        except RateUsedUpError:
            places = _list_known_places(known, self._config.auto_channels)
        handed_over_at = self._clock()
        for number, place in enumerate(places):
            threads = [ts for channel, ts in known if channel == place.id]
            try:
                await self._read_place(this, place, threads)
            except RateUsedUpError:
                this.unread += [f"{each.id} (ratelimited)" for each in places[number:]]
                break
            except SLACK_FAILURES as error:
                this.unread.append(f"{place.id} ({get_error_code(error) or error})")
            if self._clock() - handed_over_at >= HAND_OVER_SECONDS:
                await self._hand_over(this)
                handed_over_at = self._clock()
        await self._hand_over(this)
        if this.unread:
            logger.warning(
                "Questions may have been missed in %d places that could not be read: %s",
                len(this.unread),
                ", ".join(this.unread[:10]),
            )

    async def _list_places(self, known: Collection[tuple[str, str]]) -> list[Conversation]:
        """Return the conversations, those with the newest messages first.

        Where Slack does not tell, those where docent was asked last come first.
        """
        listed = {each.id: each for each in await self._reader.list_conversations()}
        first = _list_known_places(known, self._config.auto_channels)
        ordered = {each.id: listed.get(each.id, each) for each in first}
        return sorted((ordered | listed).values(), key=lambda each: -each.active_at)

    async def _read_place(
        self, this: _Round, place: Conversation, known_threads: Collection[str]
    ) -> None:
        """Find what docent was asked in one conversation."""
        if not self._count_read(this, place.id):
            return
        history = await self._reader.read_history(place.id, this.oldest)
        # Those with news come first.
        threads = {str(each["ts"]): True for each in history if _has_reply_since(each, this)}
        threads |= {ts: False for ts in known_threads if ts not in threads}
        messages = {str(each["ts"]): each for each in history}
        for thread_ts, has_news in threads.items():
            if not has_news and thread_ts in messages:
                continue
            if not self._count_read(this, f"{place.id} {thread_ts}"):
                break
            try:
                replies = await self._reader.read_replies(place.id, thread_ts, this.oldest)
            except SLACK_FAILURES as error:  # the first message may have been deleted
                logger.info("A thread can't be read: %s", get_error_code(error) or error)
                continue
            messages |= {str(each["ts"]): each for each in replies}
        await self._choose(this, place, list(messages.values()))

    def _count_read(self, this: _Round, name: str) -> bool:
        """Count one read; return False if there were too many."""
        if this.reads_left <= 0:
            this.unread.append(f"{name} (limit)")
            return False
        this.reads_left -= 1
        return True

    async def _choose(
        self, this: _Round, place: Conversation, messages: Collection[Message]
    ) -> None:
        """Add the messages that are still to be answered."""
        for raw in messages:
            if float(raw["ts"]) < this.oldest:
                continue
            message = await self._recorder.parse(_build_event(raw, place))
            if message is None:
                continue
            thread = [each for each in messages if _get_thread(each) == message.thread_ts]
            later = [each for each in thread if float(each["ts"]) > float(raw["ts"])]
            if message.audience == "thread" and later:
                continue  # people have gone on without docent
            own = {str(each["ts"]) for each in later if each.get("user") == self._config.bot_user}
            if not await asyncio.to_thread(self._is_done, message, own):
                this.found.append(replace(message, was_missed=True))

    def _is_done(self, message: IncomingMessage, own: Collection[str]) -> bool:
        """Return whether docent has dealt with a message; blocks.

        `own` are its messages behind it. Those that answer other questions say nothing about it.
        """
        if self._database.known_messages.has_message(message.key):
            return True
        if not own:
            return False
        view = self._database.inbox_view
        return bool(set(own) - view.list_posted(message.key.channel, message.thread_ts))

    async def _hand_over(self, this: _Round) -> None:
        """Hand the questions to the recorder, oldest first."""
        found, this.found = this.found, []
        for message in sorted(found, key=lambda each: float(each.key.ts)):
            await self._recorder.offer(message)
        if found:
            logger.info("%d messages were written while docent was away.", len(found))


def _list_known_places(
    known: Collection[tuple[str, str]], auto_channels: Collection[str]
) -> list[Conversation]:
    """Return the conversations that docent knows without asking Slack."""
    ids = dict.fromkeys([*(channel for channel, _ in known), *sorted(auto_channels)])
    return [Conversation.of_id(each) for each in ids]


def _build_event(raw: Mapping[str, Any], place: Conversation) -> dict[str, Any]:
    """Return a listed message as Slack would have sent it."""
    event = {**raw, "type": "message", "channel": place.id, "channel_type": place.kind}
    event.pop("edited", None)  # it is answered as it stands now
    return event


def _has_reply_since(root: Message, this: _Round) -> bool:
    return float(root.get("latest_reply") or 0) >= this.oldest


def _get_thread(message: Message) -> str:
    return str(message.get("thread_ts") or message["ts"])
