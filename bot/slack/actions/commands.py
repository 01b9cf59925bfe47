"""The slash command `/docent`: finds the action of its first word and runs it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.background import BackgroundTasks
from bot.slack.client.respond import Respond
from bot.slack.inbox.messages import extract_plain_text
from bot.texts import answers
from bot.texts import asking as words
from rag_core.errors import DocentError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A typed slash command: its text, its user and its channel."""

    text: str
    user: str
    channel: str
    team: str = ""


CommandAction = Callable[[SlashCommand, Respond], Awaitable[None]]
"""Carries out one command."""


class Commands:
    """Runs slash commands; the listener has acknowledged them already."""

    def __init__(self, tasks: BackgroundTasks, actions: Mapping[str, CommandAction]) -> None:
        """Take the actions by the word that follows `/docent`."""
        self._tasks = tasks
        self._actions = actions

    def find_question(self, command: SlashCommand) -> str:
        """Return the question that a command asks; empty for any other command."""
        word, _, rest = command.text.strip().partition(" ")
        return extract_plain_text(rest) if word.lower() == "ask" else ""

    def accept(self, command: SlashCommand, respond: Respond) -> None:
        """Run a command in the background; return at once."""
        self._tasks.start(self._run_and_report_errors(command, respond))

    async def _run_and_report_errors(self, command: SlashCommand, respond: Respond) -> None:
        """Run a command, and answer the caller even if it fails."""
        try:
            await self._dispatch(command, respond)
        except DocentError as error:
            logger.warning("A command failed: %s", error)
            await respond(answers.render_error(error))
        except Exception:
            logger.exception("A command failed unexpectedly.")
            await respond(answers.UNEXPECTED)

    async def _dispatch(self, command: SlashCommand, respond: Respond) -> None:
        word = command.text.split(maxsplit=1)[0].lower() if command.text.strip() else "help"
        if action := self._actions.get(word):
            await action(command, respond)
        elif word == "ask":
            await respond(words.ASK_USAGE)
        else:
            await respond(answers.HELP if word == "help" else answers.render_unknown_command(word))
