"""The slash command `/docent`: finds the action of its first word and runs it."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace

from bot.background import BackgroundTasks
from bot.conversation.question_detector import is_question
from bot.slack.client.respond import Respond
from bot.texts import answers
from rag_core.errors import DocentError

_STANDING_ALONE = frozenset({"help", "resume", "status", "versions", "why"})
"""Words that take nothing after them, so "why is my query slow" is a question."""

_QUESTION_WORDS = 2
_SIMILARITY = 0.75
_SPACED = re.compile(r"[\x00-\u2fff]")
"""Texts of scripts that put spaces between words; of others, one word may be a question."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A typed slash command: its text, its user and its channel."""

    text: str
    user: str
    channel: str
    team: str = ""


@dataclass(frozen=True, slots=True)
class CommandChoice:
    """The word of an action with the text for it, and the word that was meant, if misspelt."""

    word: str
    text: str
    suggestion: str = ""


CommandAction = Callable[[SlashCommand, Respond], Awaitable[None]]
"""Carries out one command."""


class Commands:
    """Runs slash commands; the listener has acknowledged them already."""

    def __init__(self, tasks: BackgroundTasks, actions: Mapping[str, CommandAction]) -> None:
        """Take the actions by the word that follows `/docent`."""
        self._tasks = tasks
        self._actions = actions

    def accept(self, command: SlashCommand, respond: Respond) -> None:
        """Run a command in the background; return at once."""
        self._tasks.start(self._run_and_report_errors(command, respond))

    async def _run_and_report_errors(self, command: SlashCommand, respond: Respond) -> None:
        """Run a command, and answer the caller even if it fails."""
        try:
            await self._dispatch(command, respond)
        except DocentError as error:
            logger.warning("A command failed.", exc_info=error)
            await respond(answers.render_error(error))
        except Exception:
            logger.exception("A command failed unexpectedly.")
            await respond(answers.UNEXPECTED)

    async def _dispatch(self, command: SlashCommand, respond: Respond) -> None:
        choice = choose_action(command.text, self._actions)
        if action := self._actions.get(choice.word):
            await action(replace(command, text=choice.text), respond)
        elif choice.word == "help":
            await respond(answers.HELP)
        elif choice.suggestion:
            await respond(answers.render_misspelt_command(choice.word, choice.suggestion))
        else:
            await respond(answers.render_unknown_command(choice.word))


def choose_action(text: str, known_words: Collection[str]) -> CommandChoice:
    """Choose what to do about the text behind `/docent`.

    A text that begins with no known word is a question if it reads as one or has several words,
    unless its first word looks misspelt. So is one that goes on after a word that stands alone.
    """
    words = text.split()
    if not words:
        return CommandChoice("help", text)
    word, others = words[0].lower().rstrip("?!.,:"), words[1:]
    is_known = word in known_words or word == "help"
    if is_known and not (word in _STANDING_ALONE and len(others) >= _QUESTION_WORDS):
        return CommandChoice(word, text)
    suggestion = "" if is_known else _find_similar(word, known_words)
    is_misspelt = suggestion and (len(others) < _QUESTION_WORDS or _has_option(others))
    if others and suggestion == "ask":
        return CommandChoice("ask", " ".join(["ask", *text.split(maxsplit=1)[1:]]))
    if is_misspelt and not is_question(text):
        return CommandChoice(word, text, suggestion)
    is_asked = others or is_question(text) or not _SPACED.match(text)
    return CommandChoice("ask", f"ask {text}") if is_asked else CommandChoice(word, text)


def _find_similar(word: str, known_words: Collection[str]) -> str:
    """Return the known word that is most like another; empty if none is."""
    close = difflib.get_close_matches(word, [*known_words, "help"], n=1, cutoff=_SIMILARITY)
    return close[0] if close else ""


def _has_option(words: Collection[str]) -> bool:
    return any("=" in word or word.startswith("--") for word in words)
