"""The lease keeper: renews what this process has taken, and frees what dead processes left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.conversation.inbox_writer import InboxWriter
from bot.conversation.open_question import OpenQuestion
from bot.storage.inbox import Inbox
from bot.storage.inbox_entry import InboxEntry, Standing
from bot.storage.inbox_view import InboxView
from ingest.errors import StateError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """The times, in seconds, that pace the dispatcher.

    Attributes:
        poll: from one look into the line to the next, if nothing arrives here.
        signals: from one look for signals to the next.
        renewal: from one renewal of the leases to the next; well below their length.
        first_sign: longest wait for the state database before a question is answered without it.
        ack: longest wait for the state database before Slack's event is acknowledged.
        hand_back: for telling people that docent restarts.
    """

    poll: float = 1.0
    signals: float = 0.5
    renewal: float = 5.0
    first_sign: float = 0.2
    ack: float = 2.0
    hand_back: float = 3.0


class LeaseKeeper:
    """Keeps the questions of this process and the state database in step."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        inbox: Inbox,
        view: InboxView,
        writer: InboxWriter,
        *,
        active: dict[str, OpenQuestion],
        recorded: dict[str, InboxEntry],
        wake: Callable[[], None],
        pace: Pace,
    ) -> None:
        """Keep the leases; `run` goes on until it is cancelled.

        Args:
            inbox: the questions.
            view: reads them.
            writer: runs blocking calls, and knows the ends that are not written yet.
            active: the questions that this process answers, by id.
            recorded: those that it has put into the line, until they are taken.
            wake: called when there is something to take.
            pace: the times that pace it.
        """
        self._inbox = inbox
        self._view = view
        self._writer = writer
        self._active = active
        self._recorded = recorded
        self._wake = wake
        self._pace = pace

    async def run(self) -> None:
        """Renew the leases, read the signals, and free what dead processes left."""
        loop = asyncio.get_running_loop()
        renew_at = free_at = loop.time()
        while True:
            try:
                known = [each for each in self._active.values() if each.is_recorded]
                ids = {*(each.id for each in known), *self._writer.unwritten}
                if ids:
                    is_due = loop.time() >= renew_at
                    read = self._inbox.renew if is_due else self._inbox.read_standings
                    renew_at = loop.time() + self._pace.renewal if is_due else renew_at
                    self._deliver(known, await self._writer.run_blocking(read, ids))
                if loop.time() >= free_at:
                    free_at = loop.time() + self._pace.poll
                    await self._record_again()
                    if await self._writer.run_blocking(self._inbox.free_abandoned, keep=ids):
                        self._wake()
            except StateError as error:
                logger.warning("The leases of questions could not be renewed: %s", error)
            except Exception:
                logger.exception("Keeping the leases failed unexpectedly.")
            await asyncio.sleep(self._pace.signals)

    def _deliver(self, questions: list[OpenQuestion], standings: dict[str, Standing]) -> None:
        for question in questions:
            standing = standings[question.id]
            if question.id not in self._active or question.task is None:
                continue
            if standing == "lost":
                logger.warning("Another process took over a question.")
                question.is_lost = True
                question.task.cancel()
            elif standing == "missing":  # the database is a new one
                question.is_recorded = False
            elif standing:
                question.receive(standing)

    async def _record_again(self) -> None:
        """Record again what a new database does not know."""
        if not self._recorded:
            return
        ids = list(self._recorded)
        statuses = await self._writer.run_blocking(self._view.read_statuses, ids)
        for entry_id in ids:
            if statuses.get(entry_id, "waiting") != "waiting":
                self._recorded.pop(entry_id, None)
            elif entry_id not in statuses and (entry := self._recorded.get(entry_id)):
                await self._writer.run_blocking(
                    self._inbox.add, entry.id, entry.message, response_url=entry.response_url
                )
                self._wake()
