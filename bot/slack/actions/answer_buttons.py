"""What people do with an answer: look at its evidence, rate it, ask people instead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from slack_sdk.models.views import View

from bot.slack.actions.commands import SlashCommand
from bot.slack.actions.escalation import People
from bot.slack.actions.interactions import Form, OnClick, OnForm
from bot.slack.client.api_errors import SLACK_FAILURES, code
from bot.slack.client.respond import Click, Respond, tell
from bot.slack.client.workspace import SlackClients
from bot.slack.inbox.access import Access
from bot.slack.views import buttons, explanation, modals
from bot.storage.answers import KeptAnswer
from bot.storage.database import Memory
from bot.texts import answers
from bot.texts import button_labels as words
from bot.types import Asker
from ingest.errors import StateError

logger = logging.getLogger(__name__)


class AnswerActions:
    """The buttons below answers, and the form after a thumb down."""

    def __init__(
        self, slack: SlackClients, access: Access, memory: Memory, people: People, *, team: str
    ) -> None:
        """`team` is docent's workspace."""
        self._team = team
        self._slack = slack
        self._access = access
        self._answers = memory.answers
        self._ratings = memory.ratings
        self._people = people

    @property
    def clicks(self) -> Mapping[str, OnClick]:
        """Who takes which click."""
        return {
            buttons.EVIDENCE: self._show_evidence,
            buttons.RATE: self._rate,
            buttons.ASK_PEOPLE: self._ask_people,
        }

    @property
    def forms(self) -> Mapping[str, OnForm]:
        """Who takes which form."""
        return {modals.WHY_BAD: self._explain}

    async def tell_why(self, command: SlashCommand, say: Respond) -> None:
        """`/docent why`: of the caller's own last question in the channel, to them alone.

        Slack does not say in which thread a command was typed; and others may have been answered
        where only they could read it.
        """
        last = await asyncio.to_thread(self._answers.last_of, command.user, command.channel)
        if last is None or last.answer is None:
            await say(words.NOTHING_TO_EXPLAIN)
        else:
            await say(explanation.explain(last, last.answer))

    async def _show_evidence(self, click: Click, respond: Respond) -> None:
        if await self._refused(click, respond):
            return
        kept = await self._find(click.value)
        found = kept is not None and kept.answer is not None
        view = modals.evidence(kept, kept.answer) if kept and kept.answer else modals.gone()
        if not await self._open(click, view):
            await tell(respond, click, answers.UNEXPECTED if found else words.ANSWER_GONE)

    async def _rate(self, click: Click, respond: Respond) -> None:
        if await self._refused(click, respond):
            return
        thumb, answer_id = buttons.rated(click.value)
        kept = await self._find(answer_id)
        if kept is None:
            await tell(respond, click, words.ANSWER_GONE)
        elif thumb == buttons.UP:
            await asyncio.to_thread(self._ratings.rate, answer_id, click.user, "up")
            await tell(respond, click, words.THANKS)
        else:
            await asyncio.to_thread(self._ratings.rate, answer_id, click.user, "down")
            await self._open(click, modals.why_bad(answer_id))
            await tell(respond, click, words.THANKS_SORRY, **self._offer(kept))

    async def _explain(self, form: Form) -> None:
        try:
            await asyncio.to_thread(
                self._ratings.explain,
                form.metadata,
                form.user,
                reason=form.values.get(modals.REASON, ""),
                comment=form.values.get(modals.COMMENT, "").strip(),
            )
        except StateError as error:
            logger.exception("What somebody wrote about an answer could not be kept.")
            # The form is closed: only a direct message reaches them.
            await self._slack.client.chat_postMessage(
                channel=form.user, text=answers.sentence(error)
            )

    async def _ask_people(self, click: Click, respond: Respond) -> None:
        if await self._refused(click, respond):
            return
        kept = await self._find(click.value)
        if kept is None or not kept.question:
            await tell(respond, click, words.ANSWER_GONE)
        else:
            await tell(respond, click, await self._people.ask(kept, click.user))

    def _offer(self, kept: KeptAnswer) -> dict[str, Any]:
        """The thanks with a button that asks people, where there are any."""
        if not self._people.there or not kept.question:
            return {}
        return {"blocks": [modals.section(words.THANKS_SORRY), buttons.ask_people(kept.id)]}

    async def _find(self, answer_id: str) -> KeptAnswer | None:
        return await asyncio.to_thread(self._answers.find, answer_id)

    async def _refused(self, click: Click, respond: Respond) -> bool:
        """Whoever may not ask may not read the passages either, nor speak for those who may."""
        asker = Asker(click.user, click.user_team, click.channel, self._team)
        refusal = await self._access.refusal(asker)
        if refusal is not None:
            await tell(respond, click, refusal)
        return refusal is not None

    async def _open(self, click: Click, view: View) -> bool:
        try:
            await self._slack.quick.views_open(trigger_id=click.trigger_id, view=view)
        except SLACK_FAILURES as error:
            logger.warning("A modal could not be opened: %s", code(error) or error)
            return False
        return True
