"""The slash command `/docent`: its words, and who may use them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.background import BackgroundTasks
from bot.slack.client.respond import Respond
from bot.texts import answers
from rag_core.errors import DocentError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """`/docent` as it was typed, by whom and where."""

    text: str
    user: str
    channel: str
    team: str = ""


CommandAction = Callable[[SlashCommand, Respond], Awaitable[None]]
"""Carries one word out."""


class Commands:
    """Carries slash commands out; they are acknowledged before."""

    def __init__(self, tasks: BackgroundTasks, words: Mapping[str, CommandAction]) -> None:
        """`words` are what stands after `/docent`."""
        self._tasks = tasks
        self._words = words

    def accept(self, command: SlashCommand, tell: Respond) -> None:
        """Carry a command out; returns at once."""
        self._tasks.start(self._run_and_report_errors(command, tell))

    async def _run_and_report_errors(self, command: SlashCommand, tell: Respond) -> None:
        """Whatever happens, the caller is told."""
        try:
            await self._dispatch(command, tell)
        except DocentError as error:
            logger.warning("A command failed.", exc_info=error)
            await tell(answers.render_error(error))
        except Exception:
            logger.exception("A command failed unexpectedly.")
            await tell(answers.UNEXPECTED)

    async def _dispatch(self, command: SlashCommand, tell: Respond) -> None:
        word = command.text.split(maxsplit=1)[0].lower() if command.text.strip() else "help"
        if action := self._words.get(word):
            await action(command, tell)
        else:
            await tell(answers.HELP if word == "help" else answers.render_unknown_command(word))
