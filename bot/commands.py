"""The slash command `/docent`: its words, and who may use them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot import messages
from bot.admins import Admins
from bot.reindex import Reindex, Tell
from bot.tasks import Tasks
from ingest.status import IndexStatus
from rag_core.errors import DocentError

logger = logging.getLogger(__name__)

ReadStatus = Callable[[], "IndexStatus"]
"""Reads the state of the index; blocks, so it is called on a thread."""


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """`/docent` as it was typed, by whom and where."""

    text: str
    user: str
    channel: str


class Commands:
    """Carries slash commands out; they are acknowledged before."""

    def __init__(
        self, admins: Admins, reindex: Reindex, read_status: ReadStatus, tasks: Tasks
    ) -> None:
        self._admins = admins
        self._reindex = reindex
        self._read_status = read_status
        self._tasks = tasks
        self._words = {"reindex": self._start_reindex, "status": self._tell_status}

    def accept(self, command: SlashCommand, tell: Tell) -> None:
        """Carry a command out; returns at once."""
        self._tasks.start(self._carry_out(command, tell))

    async def _carry_out(self, command: SlashCommand, tell: Tell) -> None:
        """Whatever happens, the caller is told."""
        try:
            await self._run(command, tell)
        except Exception:
            logger.exception("A command failed in a way nobody foresaw.")
            await tell(messages.UNEXPECTED)

    async def _run(self, command: SlashCommand, tell: Tell) -> None:
        word = command.text.split(maxsplit=1)[0].lower() if command.text.strip() else "help"
        action = self._words.get(word)
        if action is None:
            await tell(messages.HELP if word == "help" else messages.unknown_word(word))
        elif not await self._admins.include(command.user):
            await tell(messages.ADMINS_ONLY)
        else:
            await action(command, tell)

    async def _start_reindex(self, command: SlashCommand, tell: Tell) -> None:
        if self._reindex.running:
            await tell(messages.REINDEX_RUNNING)
        else:
            await self._reindex.run(command.channel, tell)

    async def _tell_status(self, command: SlashCommand, tell: Tell) -> None:
        del command
        try:
            status = await asyncio.to_thread(self._read_status)
        except DocentError as error:
            logger.warning("The status could not be read.", exc_info=error)
            await tell(messages.sentence(error))
        else:
            await tell(messages.status(status))
