"""The waiting line: shows people the place of their questions, and keeps it current."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.background import BackgroundTasks
from bot.storage.inbox import Inbox
from bot.storage.inbox_entry import InboxEntry
from bot.storage.inbox_view import InboxView
from bot.types import IncomingMessage
from ingest.errors import StateError

SHOW_SECONDS = 5.0
"""The time from one look at the places to the next."""

ARRIVAL_SECONDS = 0.05
"""The time from one look at a new question to the next, while a slot is free for it."""

SHOW_AGAIN_SECONDS = 90.0
"""An unchanged place is shown again after this time: Slack drops a status after two minutes."""

ShowPlace = Callable[[IncomingMessage, int, tuple[str, ...]], Awaitable[tuple[str, ...]]]
"""Shows a place in the line, in the given messages of docent if there are any.

Returns the time stamps of docent's messages that show it; none if a status was enough.
"""

RemovePlace = Callable[[IncomingMessage, tuple[str, ...]], Awaitable[None]]
"""Takes back a place that was just shown: the given messages of docent, and the thread's status."""

logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Waiting:
    """A question that waits, and what its asker has been shown."""

    message: IncomingMessage
    place: int = 0
    shown_at: float = 0.0
    posted: tuple[str, ...] = ()
    is_taken: bool = False  # this process answers it, in place of what is posted
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class WaitingLine:
    """The questions that arrived here and wait; their places are those among all processes."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        view: InboxView,
        run_blocking: Callable[..., Awaitable[Any]],
        inbox: Inbox,
        show_place: ShowPlace,
        *,
        remove_place: RemovePlace,
        is_full: Callable[[], bool],
    ) -> None:
        """Show places by `show_place`.

        Args:
            view: tells the places.
            run_blocking: runs a blocking call on another thread.
            inbox: gets what has been shown.
            show_place: shows a place to the asker.
            remove_place: takes a place back whose question has ended while it was posted.
            is_full: tells whether this process has no slot for one more question.
        """
        self._is_full = is_full
        self._view = view
        self._run_blocking = run_blocking
        self._inbox = inbox
        self._show_place = show_place
        self._remove_place = remove_place
        self._waiting: dict[str, _Waiting] = {}
        self._arrivals = BackgroundTasks()

    def add(self, entry: InboxEntry) -> None:
        """Watch a question; show its place unless it is taken at once."""
        if entry.message.audience == "mention" and entry.message.kind == "question":
            self._waiting[entry.id] = _Waiting(entry.message)
            # It does not wait for the places of others, which Slack may take slowly.
            self._arrivals.start(self._show_arrival(entry.id))

    async def remove(self, entry_id: str) -> tuple[str, ...] | None:
        """Forget a question; return the messages that showed its place.

        Return None if it was not watched here, so that others may have shown something.
        """
        waiting = self._waiting.pop(entry_id, None)
        if waiting is None:
            return None
        waiting.is_taken = True
        async with waiting.lock:  # a post that is under way comes first
            return waiting.posted

    async def keep_current(self) -> None:
        """Show the places, and show them again when they have changed."""
        while True:
            await asyncio.sleep(SHOW_SECONDS)
            try:
                await self._show_changes()
            except StateError as error:
                logger.warning("The places in the line can't be read: %s", error)
            except Exception:
                logger.exception("Showing the places in the line failed unexpectedly.")

    async def _show_arrival(self, entry_id: str) -> None:
        """Show the place of a question that still waits."""
        while entry_id in self._waiting and not self._is_full():  # noqa: ASYNC110  (being taken)
            await asyncio.sleep(ARRIVAL_SECONDS)
        if entry_id not in self._waiting:
            return
        try:
            places = await self._run_blocking(self._view.find_places, [entry_id])
            if entry_id in places:
                await self._show(entry_id, places[entry_id])
        except StateError as error:
            logger.warning("The place of a question can't be read: %s", error)

    async def _show_changes(self) -> None:
        watched = list(self._waiting)  # more may arrive during the query
        if not watched:
            return
        places = await self._run_blocking(self._view.find_places, watched)
        for entry_id in watched:
            if entry_id not in places:  # another process has taken it, or it was deleted
                self._waiting.pop(entry_id, None)
        now = asyncio.get_running_loop().time()
        due = [each for each in places if self._is_due(each, places[each], now)]
        await asyncio.gather(*(self._show(each, places[each]) for each in due))

    def _is_due(self, entry_id: str, place: int, now: float) -> bool:
        waiting = self._waiting.get(entry_id)
        if waiting is None:  # it was taken a moment ago
            return False
        return waiting.place != place or now - waiting.shown_at > SHOW_AGAIN_SECONDS

    async def _show(self, entry_id: str, place: int) -> None:
        waiting = self._waiting.get(entry_id)
        if waiting is None:
            return
        async with waiting.lock:
            if entry_id not in self._waiting:
                return
            if not waiting.place and not await self._run_blocking(
                self._inbox.record_placed, entry_id
            ):
                return  # it was taken meanwhile
            before = waiting.posted
            waiting.posted = await self._show_place(waiting.message, place, before)
            waiting.place, waiting.shown_at = place, asyncio.get_running_loop().time()
            if not await self._record_shown(entry_id, waiting, before):
                await self._take_back(waiting, before)

    async def _record_shown(
        self, entry_id: str, waiting: _Waiting, before: tuple[str, ...]
    ) -> bool:
        """Record the messages of a place.

        Return False if its question waits no longer.
        """
        places = await self._run_blocking(self._view.find_places, [entry_id])
        if entry_id not in places and not waiting.is_taken:
            return False
        if waiting.posted == before:
            return True
        posted = waiting.posted
        return bool(await self._run_blocking(self._inbox.record_posted, entry_id, posted))

    async def _take_back(self, waiting: _Waiting, before: tuple[str, ...]) -> None:
        """Remove what was just shown for a question that waits no longer."""
        message = waiting.message
        # The answer of another process may have taken the message over by now.
        kept = await self._run_blocking(
            self._view.list_posted, message.key.channel, message.thread_ts
        )
        new = tuple(ts for ts in waiting.posted if ts not in before and ts not in kept)
        waiting.posted = tuple(ts for ts in waiting.posted if ts not in new)
        await self._remove_place(message, new)
