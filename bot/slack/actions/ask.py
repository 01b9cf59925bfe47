"""The other ways to ask: `/docent ask`, the message shortcut and the reaction; and sharing."""

from __future__ import annotations

import asyncio
import logging
from uuid import uuid4

from bot.background import BackgroundTasks
from bot.conversation.answer_flow import AnswerFlow
from bot.slack.actions.commands import SlashCommand
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.respond import Respond
from bot.slack.client.workspace import SlackClients
from bot.slack.inbox.access import AccessPolicy
from bot.slack.inbox.messages import extract_plain_text
from bot.slack.inbox.responder import Responder
from bot.slack.inbox.targets import MessageTarget
from bot.slack.inbox.thread_history import SlackThreadHistory
from bot.slack.reply.ephemeral import EphemeralReply
from bot.storage.answers import PRIVATE_TS_PREFIX
from bot.texts import asking as words
from bot.types import AnswerContext, Asker, IncomingMessage, MessageKey, ThreadMessage

logger = logging.getLogger(__name__)


class AskActions:
    """Takes questions that are no messages to docent."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        slack: SlackClients,
        flow: AnswerFlow,
        responder: Responder,
        *,
        access: AccessPolicy,
        threads: SlackThreadHistory,
        tasks: BackgroundTasks,
        team: str,
        can_escalate: bool = False,
    ) -> None:
        """`can_escalate` says whether there are people to be asked instead."""
        self._can_escalate = can_escalate
        self._slack = slack
        self._flow = flow
        self._responder = responder
        self._access = access
        self._threads = threads
        self._tasks = tasks
        self._team = team

    async def answer_command(self, command: SlashCommand, tell: Respond) -> None:
        """`/docent ask`: an answer for the caller alone."""
        text = extract_plain_text(" ".join(command.text.split(maxsplit=1)[1:]))
        asker = Asker(command.user, command.team or self._team, command.channel, self._team)
        if not text:
            await tell(words.ASK_USAGE)
        elif refusal := await self._access.find_refusal(asker):
            await tell(refusal)
        else:
            await self._answer_privately(text, asker, EphemeralReply(tell))

    def accept_shortcut(self, pointed: MessageTarget, respond: Respond) -> None:
        """Answer what a message asks to whoever points at it, alone; returns at once."""
        self._tasks.start(self._answer_shortcut(pointed, respond))

    def accept_reaction(self, pointed: MessageTarget) -> None:
        """Answer a message in its thread because of a reaction; returns at once."""
        self._tasks.start(self._answer_reaction(pointed))

    async def _answer_shortcut(self, pointed: MessageTarget, respond: Respond) -> None:
        key = pointed.key
        text = extract_plain_text(pointed.text)
        asker = Asker(pointed.user, pointed.user_team, key.channel, key.team)
        if refusal := await self._access.find_refusal(asker):
            await respond(refusal, response_type="ephemeral", replace_original=False)
            return
        if not text:
            await respond(
                words.NO_QUESTION_THERE, response_type="ephemeral", replace_original=False
            )
            return
        earlier: tuple[ThreadMessage, ...] = ()
        if pointed.in_thread:
            earlier = await self._threads.read_before(key, pointed.thread_ts) or ()
        shown_in = pointed.thread_ts if pointed.in_thread else ""
        reply = EphemeralReply(respond, thread_ts=shown_in, share_in=pointed.thread_ts)
        await self._answer_privately(text, asker, reply, earlier=earlier)

    async def _answer_privately(
        self,
        text: str,
        asker: Asker,
        reply: EphemeralReply,
        *,
        earlier: tuple[ThreadMessage, ...] = (),
    ) -> None:
        """A private question has no message, so it gets a key of its own, and no thread."""
        key = MessageKey(asker.team, asker.channel, f"{PRIVATE_TS_PREFIX}{uuid4().hex[:24]}")
        message = IncomingMessage(
            kind="question",
            key=key,
            thread_ts=key.ts,
            user=asker.user,
            user_team=asker.user_team,
            text=text,
        )
        reply.context = AnswerContext(can_escalate=self._can_escalate)
        await self._flow.answer(message, reply, earlier=earlier)

    async def _answer_reaction(self, pointed: MessageTarget) -> None:
        key = pointed.key
        found, user_team = await asyncio.gather(
            self._threads.read_message(key.channel, key.ts), self._read_team(pointed.user)
        )
        text = extract_plain_text(
            str((found or {}).get("text") or ""), bot_user=self._threads.bot_user
        )
        if found is None or not text or found.get("user") == self._threads.bot_user:
            return
        message = IncomingMessage(
            kind="question",
            key=key,
            thread_ts=str(found.get("thread_ts") or key.ts),
            user=pointed.user,
            user_team=user_team,
            text=text,
        )
        self._responder.accept(message)

    async def _read_team(self, user: str) -> str:
        """The team of a person, which reactions don't say; empty, as of a guest, if unknown."""
        try:
            response = await self._slack.client.users_info(user=user)
        except SLACK_FAILURES as error:
            logger.warning(
                "The team of a person could not be read: %s", get_error_code(error) or error
            )
            return ""
        return str(response["user"].get("team_id") or "")
