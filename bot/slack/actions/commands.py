"""The slash command `/docent`: finds the action of its first word and runs it."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from bot.background import BackgroundTasks
from bot.conversation.question_detector import is_question
from bot.slack.actions.deliveries import Deliveries
from bot.slack.actions.gate import Gate
from bot.slack.client.respond import Respond
from bot.slack.content.markup import extract_plain_text
from bot.texts import answers
from bot.texts import asking as words
from bot.types import Asker
from rag_core.errors import DocentError

_STANDING_ALONE = frozenset({"help", "resume", "status", "versions", "why"})
"""Words that take nothing after them, so "why is my query slow" is a question."""

_TAKES = {
    "instructions": re.compile(r"(?:set|show|clear)(?:\s.*)?", re.IGNORECASE | re.DOTALL),
    "reindex": re.compile(r"(?:[-—]\S+|\w[\w.-]*)(?:\s+(?:[-—]\S+|\w[\w.-]*))*"),
    "rollback": re.compile(r"`?[0-9a-f]{4,40}`?"),
    "scope": re.compile(r"clear|\w+=.*", re.IGNORECASE | re.DOTALL),
}
"""The arguments of commands, as they look."""

_SLIPS_OF_ASK = frozenset({"aask", "assk", "askk", "aks", "ak"})
"""With a letter doubled, left out or exchanged; `as` and `task` are words of their own."""

_QUESTION_WORDS = 2
_SIMILARITY = 0.75
_SPACED = re.compile(r"[\x00-\u2fff]")
"""Texts of scripts that put spaces between words; of others, one word may be a question."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A slash command as it was typed, or what a button stands for.

    Attributes:
        text: the words behind the command.
        user: id of the user.
        channel: id of the channel.
        user_team: id of the user's team; empty if Slack does not say.
        team: id of docent's workspace.
        delivery: identity of the payload, equal in each of its deliveries.
    """

    text: str
    user: str
    channel: str
    user_team: str = ""
    team: str = ""
    delivery: str = ""

    @property
    def person(self) -> Asker:
        """The person who gave the command, and where."""
        return Asker(self.user, self.user_team, self.channel, self.team)


@dataclass(frozen=True, slots=True)
class CommandChoice:
    """The word of an action, the text behind it, and the word that was meant, if misspelt.

    For the word `ask`, the text is the question.
    """

    word: str
    text: str = ""
    suggestion: str = ""


CommandAction = Callable[[SlashCommand, Respond], Awaitable[None]]
"""Carries out one command."""


class Commands:
    """Runs slash commands; the listener has acknowledged them already."""

    def __init__(
        self,
        tasks: BackgroundTasks,
        actions: Mapping[str, CommandAction],
        deliveries: Deliveries,
        *,
        gate: Gate,
        admin_actions: Mapping[str, CommandAction] | None = None,
    ) -> None:
        """Take the actions by the word that follows `/docent`.

        Args:
            tasks: carries them out in the background.
            actions: what those do who may ask.
            deliveries: knows which commands were carried out already.
            gate: lets through who may ask.
            admin_actions: what `AdminGate` lets admins do.
        """
        self._tasks = tasks
        self._deliveries = deliveries
        self._actions = actions
        self._gate = gate
        self._admin_actions = admin_actions or {}
        self.words = frozenset({*actions, *self._admin_actions, "ask", "help"})
        """The words that docent knows."""

    def find_question(self, command: SlashCommand) -> str:
        """Return the question that a command asks; empty for any other command."""
        choice = choose_action(command.text, self.words)
        return extract_plain_text(choice.text) if choice.word == "ask" else ""

    def accept(self, command: SlashCommand, respond: Respond) -> None:
        """Run a command in the background; return at once."""
        self._tasks.start(self._run_once(command, respond))

    async def _run_once(self, command: SlashCommand, respond: Respond) -> None:
        async with self._deliveries.hold(command.delivery) as is_first:
            if is_first:
                await self._run_and_report_errors(command, respond)

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
        choice = choose_action(command.text, self.words)
        if action := self._admin_actions.get(choice.word):
            await action(command, respond)
        elif refusal := await self._gate.find_refusal(command.person):
            await respond(refusal)
        elif action := self._actions.get(choice.word):
            await action(command, respond)
        elif choice.word == "ask":
            await respond(words.ASK_USAGE)
        elif choice.word == "help":
            await respond(answers.HELP)
        elif choice.suggestion:
            await respond(answers.render_misspelt_command(choice.word, choice.suggestion))
        else:
            await respond(answers.render_unknown_command(choice.word))


def choose_action(text: str, known_words: Collection[str]) -> CommandChoice:
    """Choose what to do about the text behind `/docent`.

    A text that begins with no known word is a question if it reads as one or has several words,
    unless its first word looks misspelt. So is one that goes on after a known word in a way that
    the command does not take.
    """
    first, rest = (*text.split(maxsplit=1), "", "")[:2]
    word, others = first.lower().rstrip("?!.,:"), rest.split()
    if not first:
        return CommandChoice("help")
    if word in known_words:
        if word != "ask" and _is_sentence(word, rest):
            return CommandChoice("ask", text.strip())
        return CommandChoice(word, rest.strip())
    if others and word in _SLIPS_OF_ASK:
        return CommandChoice("ask", rest.strip())
    suggestion = _find_similar(word, known_words)
    is_misspelt = suggestion and (len(others) < _QUESTION_WORDS or _has_option(others))
    if is_misspelt and not is_question(text):
        return CommandChoice(word, rest, suggestion)
    is_asked = bool(others) or is_question(text) or not _SPACED.match(text)
    return CommandChoice("ask", text.strip()) if is_asked else CommandChoice(word)


def _is_sentence(word: str, rest: str) -> bool:
    """Return True if a command's word and its text are a question."""
    if word in _STANDING_ALONE:
        return len(rest.split()) >= _QUESTION_WORDS
    takes = _TAKES.get(word)
    if not rest or (takes and takes.fullmatch(rest)):
        return False
    return is_question(f"{word} {rest}") or is_question(rest)


def _find_similar(word: str, known_words: Collection[str]) -> str:
    """Return the most similar known word; empty if there is none."""
    if word in _SLIPS_OF_ASK:
        return "ask"
    longer = [each for each in known_words if each != "ask"]  # many words are like `ask`
    close = difflib.get_close_matches(word, longer, n=1, cutoff=_SIMILARITY)
    return close[0] if close else ""


def _has_option(words: Collection[str]) -> bool:
    return any("=" in word or word.startswith("--") for word in words)
