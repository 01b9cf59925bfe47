"""The other ways to ask: `/docent ask`, the message shortcut and the reaction."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from uuid import uuid4

from bot.background import BackgroundTasks
from bot.conversation.answer_flow import AnswerFlow
from bot.slack.actions.commands import SlashCommand
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.respond import Respond
from bot.slack.client.workspace import SlackClients, is_direct_channel
from bot.slack.content.markup import extract_plain_text
from bot.slack.inbox.access import AccessPolicy
from bot.slack.inbox.message_reader import MessageReader
from bot.slack.inbox.responder import Responder
from bot.slack.inbox.targets import MessageTarget
from bot.slack.inbox.thread_history import SlackThreadHistory
from bot.slack.reply.ephemeral import EphemeralReply
from bot.storage.answers import PRIVATE_TS_PREFIX
from bot.texts import asking as words
from bot.types import AnswerContext, Asker, IncomingMessage, MessageKey, ThreadMessage

logger = logging.getLogger(__name__)


class AskActions:
    """Takes questions that do not come as messages to docent."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        slack: SlackClients,
        flow: AnswerFlow,
        responder: Responder,
        *,
        access: AccessPolicy,
        threads: SlackThreadHistory,
        reader: MessageReader,
        tasks: BackgroundTasks,
        team: str,
        can_escalate: bool = False,
    ) -> None:
        """Offer to ask people instead if `can_escalate`."""
        self._can_escalate = can_escalate
        self._slack = slack
        self._flow = flow
        self._responder = responder
        self._access = access
        self._threads = threads
        self._reader = reader
        self._tasks = tasks
        self._team = team

    async def answer_command(self, command: SlashCommand, respond: Respond) -> None:
        """Answer a question to the caller alone (`/docent ask`)."""
        text = extract_plain_text(" ".join(command.text.split(maxsplit=1)[1:]))
        asker = Asker(command.user, command.team or self._team, command.channel, self._team)
        if not text:
            await respond(words.ASK_USAGE)
        elif refusal := await self._access.find_refusal(asker):
            await respond(refusal)
        else:
            await self._answer_privately(text, asker, EphemeralReply(respond))

    def accept_shortcut(self, target: MessageTarget, respond: Respond) -> None:
        """Answer a message to the shortcut's user alone; return at once."""
        self._tasks.start(self._answer_shortcut(target, respond))

    def accept_reaction(self, target: MessageTarget) -> None:
        """Answer a message with a reaction, in its thread; return at once."""
        self._tasks.start(self._answer_reaction(target))

    async def _answer_shortcut(self, target: MessageTarget, respond: Respond) -> None:
        key = target.key
        text = target.text
        asker = Asker(target.user, target.user_team, key.channel, key.team)
        if refusal := await self._access.find_refusal(asker):
            await respond(refusal, response_type="ephemeral", replace_original=False)
            return
        if not text:
            await respond(
                words.NO_QUESTION_THERE, response_type="ephemeral", replace_original=False
            )
            return
        earlier: tuple[ThreadMessage, ...] = ()
        if target.in_thread:
            earlier = await self._threads.read_before(key, target.thread_ts) or ()
        reply_thread = target.thread_ts if target.in_thread else ""
        reply = EphemeralReply(respond, thread_ts=reply_thread, share_in=target.thread_ts)
        await self._answer_privately(text, asker, reply, earlier=earlier, target=target)

    async def _answer_privately(
        self,
        text: str,
        asker: Asker,
        reply: EphemeralReply,
        *,
        earlier: tuple[ThreadMessage, ...] = (),
        target: MessageTarget | None = None,
    ) -> None:
        """Answer a private question under a key of its own.

        It has no message and no thread; `target` is the message that it asks about.
        """
        key = MessageKey(asker.team, asker.channel, f"{PRIVATE_TS_PREFIX}{uuid4().hex[:24]}")
        message = IncomingMessage(
            kind="question",
            key=key,
            thread_ts=key.ts,
            user=asker.user,
            user_team=asker.user_team,
            text=text,
            is_direct=is_direct_channel(asker.channel),
            origin="shortcut" if target else "command",
            material=target.material if target else "",
            files=target.files if target else (),
        )
        reply.context = AnswerContext(can_escalate=self._can_escalate)
        complete = await self._reader.complete(message) or message
        await self._flow.answer(complete, reply, earlier=earlier)

    async def _answer_reaction(self, target: MessageTarget) -> None:
        message = IncomingMessage(
            kind="question",
            key=target.key,
            thread_ts=target.key.ts,
            user=target.user,
            user_team="",
            text="",
            is_direct=is_direct_channel(target.key.channel),
            origin="reaction",
        )
        question, user_team = await asyncio.gather(
            self._reader.complete(message), self._fetch_team(target.user)
        )
        if question is not None:
            self._responder.accept(replace(question, user_team=user_team))

    async def _fetch_team(self, user: str) -> str:
        """Return the team of a user, which a reaction does not name.

        Return an empty string, as for a guest, if Slack fails.
        """
        try:
            response = await self._slack.client.users_info(user=user)
        except SLACK_FAILURES as error:
            logger.warning(
                "The team of a user could not be read: %s", get_error_code(error) or error
            )
            return ""
        return str(response["user"].get("team_id") or "")
