"""The dispatcher: takes questions from the inbox, as many at a time as docent can answer."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from uuid import uuid4

from bot.background import BackgroundTasks
from bot.conversation.arrival import Arrival
from bot.conversation.inbox_writer import InboxWriter, Outcome
from bot.conversation.lease_keeper import LeaseKeeper, Pace
from bot.conversation.open_question import OpenQuestion
from bot.conversation.surfaces import SurfaceHandler
from bot.conversation.waiting_line import WaitingLine
from bot.storage.inbox import Inbox
from bot.storage.inbox_entry import InboxEntry, Signal
from bot.storage.inbox_view import InboxView
from bot.storage.question_filter import QuestionFilter
from bot.types import IncomingMessage, MessageKey, Surface
from ingest.errors import StateError
from rag_core.request_id import REQUEST_ID

Result = TypeVar("Result")

_MAX_OFFERED = 1_000
"""Most messages remembered, so that none is answered twice while the database is away."""

logger = logging.getLogger(__name__)


class Dispatcher:
    """Takes questions from the inbox, fairly among people, and gives them to their surfaces."""

    def __init__(
        self,
        inbox: Inbox,
        view: InboxView,
        surfaces: Mapping[Surface, SurfaceHandler],
        *,
        slots: int,
        pace: Pace | None = None,
    ) -> None:
        """Take at most `slots` questions at a time; `start` begins.

        Args:
            inbox: the questions.
            view: reads them.
            surfaces: those of this process; questions of others are left to theirs.
            slots: most questions in the pipeline at a time.
            pace: the times that pace it.
        """
        self._inbox = inbox
        self._slots = slots
        self._surfaces = surfaces
        self._pace = pace or Pace()
        self._writer = InboxWriter(inbox)
        self._line = WaitingLine(
            view,
            self._writer.run_blocking,
            inbox,
            lambda message, *shown: surfaces[message.surface].show_place(message, *shown),
            remove_place=lambda message, *shown: surfaces[message.surface].remove_place(
                message, *shown
            ),
            is_full=lambda: self._used >= self._slots,
        )
        self._active: dict[str, OpenQuestion] = {}
        self._wake = asyncio.Event()
        self._arriving: set[str] = set()  # being written, and not taken yet
        self._recorded: dict[str, InboxEntry] = {}  # in the line, and not taken yet
        self._leases = LeaseKeeper(
            inbox,
            view,
            self._writer,
            active=self._active,
            recorded=self._recorded,
            wake=self._wake.set,
            pace=self._pace,
        )
        self._offered: deque[tuple[MessageKey, str]] = deque(maxlen=_MAX_OFFERED)
        self._work = BackgroundTasks()
        self._loops = BackgroundTasks()
        self._taking: list[asyncio.Task[None]] = []
        self._used = 0
        self._is_stopping = False

    def start(self) -> None:
        """Begin to take questions."""
        self._taking = [self._loops.start(self._take_regularly())]
        self._loops.start(self._line.keep_current())
        self._loops.start(self._leases.run())

    async def run_blocking(self, work: Callable[..., Result], *args: Any) -> Result:
        """Run a blocking call on a thread of the inbox."""
        return await self._writer.run_blocking(work, *args)

    # Arrival

    async def offer(
        self, message: IncomingMessage, *, response_url: str = "", is_twin: bool = False
    ) -> bool:
        """Write a question into the inbox, before its event is acknowledged.

        If the state database is slow, the answer begins all the same.

        Args:
            message: the question.
            response_url: where a command or shortcut is answered.
            is_twin: the message comes twice, and the other event, which may reach another
                process, is the one whose answer may begin early.

        Returns:
            False if the message is known to have been offered before.
        """
        entry = InboxEntry(uuid4().hex, message, response_url, is_recorded=False)
        REQUEST_ID.set(entry.id)  # for the log lines of the event
        self._arriving.add(entry.id)
        arrival = Arrival()
        writing = asyncio.ensure_future(
            self._writer.run_blocking(
                self._inbox.add,
                entry.id,
                message,
                response_url=response_url,
                is_ours=arrival.close,
            )
        )
        identity = _build_identity(entry)
        is_repeated = is_twin or identity in self._offered or self._is_stopping
        if not is_twin:
            self._offered.append(identity)
        await asyncio.wait({writing}, timeout=self._pace.first_sign)
        if not writing.done() and arrival.decide("withdrawn" if is_repeated else "late"):
            self._arriving.discard(entry.id)
            question = None if is_repeated else self._start(entry, is_quick=_is_quick(message))
            writing.add_done_callback(lambda done: self._take_late_row(question, done))
            await asyncio.wait({writing}, timeout=self._pace.ack)
            return not is_repeated
        await asyncio.wait({writing}, timeout=self._pace.ack)
        if writing.done():
            return self._on_recorded(entry, writing, is_repeated=is_repeated)
        # Its commit takes long: it is in the line as soon as it is there.
        writing.add_done_callback(
            lambda done: self._on_recorded(entry, done, is_repeated=is_repeated)
        )
        return True

    def _on_recorded(
        self, entry: InboxEntry, writing: asyncio.Future[bool], *, is_repeated: bool
    ) -> bool:
        """Watch a question that was recorded; answer one that could not be.

        Return False if it had been recorded before.
        """
        # Its row may be there, and even taken, although the database's answer is late or was lost.
        is_taken = entry.id not in self._arriving
        self._arriving.discard(entry.id)
        if writing.cancelled() or is_taken:
            return True
        try:
            added = writing.result()
        except StateError as error:
            logger.warning("A question could not be recorded, and is answered anyway: %s", error)
            if not is_repeated:
                self._start(entry, is_quick=_is_quick(entry.message))
            return not is_repeated
        if added:
            self._watch(entry)
        return added

    def _watch(self, entry: InboxEntry) -> None:
        """Watch a question in the line, and let it be taken."""
        self._recorded[entry.id] = entry
        self._line.add(entry)
        self._wake.set()

    async def offer_missed(self, message: IncomingMessage) -> None:
        """Add a question that was asked while docent was away.

        It waits for the state database, which alone knows whether it was answered, or fails.
        """
        entry = InboxEntry(uuid4().hex, message)
        if _build_identity(entry) in self._offered:
            return
        if await self._writer.run_blocking(self._inbox.add, entry.id, message):
            self._watch(entry)

    def _take_late_row(self, question: OpenQuestion | None, writing: asyncio.Future[bool]) -> None:
        """Take the row of a question that was recorded late."""
        if writing.cancelled() or writing.exception() is not None or question is None:
            return  # its end is recorded later
        if writing.result():
            question.is_recorded = True
        elif question.id in self._active:
            question.receive("delete")  # another delivery was recorded, and is answered

    # The line

    async def _take_regularly(self) -> None:
        while not self._is_stopping:
            try:
                await self._fill_slots()
            except StateError as error:
                logger.warning("The inbox can't be read: %s", error)
            except Exception:
                logger.exception("Taking a question failed unexpectedly.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._pace.poll)
            self._wake.clear()

    async def _fill_slots(self) -> None:
        for is_quick in (True, False):
            while is_quick or self._used < self._slots:
                entry = await self._writer.run_blocking(
                    self._inbox.take, quick=is_quick, surfaces=tuple(self._surfaces)
                )
                if entry is None or self._is_stopping:  # then it is handed back with the others
                    break
                self._arriving.discard(entry.id)
                self._recorded.pop(entry.id, None)
                if self._is_known(entry.id):
                    continue
                if entry.is_resumed:
                    logger.info("A question is taken up again (attempt %d).", entry.attempts)
                self._start(entry, is_quick=is_quick)

    def _is_known(self, entry_id: str) -> bool:
        """Return True if a question was begun before it was recorded."""
        if entry_id in self._active:
            self._active[entry_id].is_recorded = True
        return entry_id in self._active or entry_id in self._writer.unwritten

    def _start(self, entry: InboxEntry, *, is_quick: bool = False) -> OpenQuestion:
        question = OpenQuestion(
            entry, self._writer.record, self._writer.record_finishing, free_slot=self._free_slot
        )
        question.has_slot = not is_quick
        self._used += question.has_slot
        self._active[entry.id] = question
        question.task = self._work.start(self._answer(question))
        return question

    def _free_slot(self) -> None:
        self._used -= 1
        self._wake.set()

    async def _answer(self, question: OpenQuestion) -> None:
        """Answer one question, and record how it ended."""
        REQUEST_ID.set(question.id)
        outcome: Outcome = "undelivered"
        try:
            shown = await self._line.remove(question.id)
            question.is_watched = shown is not None
            question.posted = shown or question.entry.posted
            outcome = await self._surfaces[question.entry.message.surface].handle(question)
        except asyncio.CancelledError:
            return  # it is another process's now, or handed back
        except Exception:
            logger.exception("A question failed unexpectedly.")
        finally:
            question.release_slot()
            self._active.pop(question.id, None)
        await self._writer.end(question, outcome)

    # Signals

    async def send(
        self, signal: Signal, where: QuestionFilter, *, but: str = ""
    ) -> tuple[tuple[InboxEntry, ...], int]:
        """Send a signal to open questions, wherever they are answered.

        Args:
            signal: what is to be done with them.
            where: selects them.
            but: id of a question that is left alone.

        Returns:
            Those that were waiting, which have ended now, and the number of all.

        Raises:
            StateError: the state database can't be used; this process got the signal anyway.
        """
        for question in self._list_active(where):
            if question.id != but:
                question.receive(signal)
        return await self._writer.run_blocking(self._inbox.send, signal, where.build(but))

    def find_active(self, where: QuestionFilter) -> tuple[InboxEntry, ...]:
        """Return the questions that this process answers now and that fit."""
        return tuple(question.entry for question in self._list_active(where))

    def _list_active(self, where: QuestionFilter) -> list[OpenQuestion]:
        active = list(self._active.values())
        return [each for each in active if where.is_fit(each.entry.message, each.posted)]

    # The end

    async def stop(self, grace_seconds: float) -> None:
        """Take no more, let answers end, and hand back those that don't.

        Another process, or the next one, goes on with them.
        """
        self._is_stopping = True
        self._wake.set()
        if self._taking:
            await asyncio.wait(self._taking, timeout=self._pace.hand_back)
        await self._work.wait(grace_seconds)
        if self._active:
            logger.info("%d questions are handed back, to be answered later.", len(self._active))
        for question in list(self._active.values()):
            if question.task is not None:
                question.task.cancel()
        await self._work.wait(self._pace.hand_back)
        with suppress(StateError, TimeoutError):
            await asyncio.wait_for(
                self._writer.run_blocking(self._inbox.hand_back_all), self._pace.hand_back
            )
        self._loops.cancel()
        self._writer.close()


def _is_quick(message: IncomingMessage) -> bool:
    return message.kind != "question"


def _build_identity(entry: InboxEntry) -> tuple[MessageKey, str]:
    return entry.message.key, entry.message.version
