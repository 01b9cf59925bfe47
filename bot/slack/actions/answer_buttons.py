"""What people do with an answer: look at its evidence, rate it, ask people instead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from slack_sdk.models.views import View

from bot.slack.actions.commands import SlashCommand
from bot.slack.actions.escalation import Escalation
from bot.slack.actions.interactions import ClickHandler, Form, FormHandler
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.respond import Click, Respond, respond_privately
from bot.slack.client.workspace import SlackClients
from bot.slack.inbox.access import AccessPolicy
from bot.slack.views import buttons, explanation, modals
from bot.storage.answers import AnswerRecord
from bot.storage.database import BotDatabase
from bot.texts import answers
from bot.texts import button_labels as words
from bot.types import Asker
from ingest.errors import StateError

logger = logging.getLogger(__name__)


class AnswerActions:
    """The buttons below answers, and the form after a thumb down."""

    def __init__(
        self,
        slack: SlackClients,
        access: AccessPolicy,
        memory: BotDatabase,
        people: Escalation,
        *,
        team: str,
    ) -> None:
        """`team` is docent's workspace."""
        self._team = team
        self._slack = slack
        self._access = access
        self._answers = memory.answers
        self._ratings = memory.ratings
        self._people = people

    @property
    def click_handlers(self) -> Mapping[str, ClickHandler]:
        """Who takes which click."""
        return {
            buttons.EVIDENCE: self._show_evidence,
            buttons.RATE: self._rate_answer,
            buttons.ASK_PEOPLE: self._escalate,
        }

    @property
    def form_handlers(self) -> Mapping[str, FormHandler]:
        """Who takes which form."""
        return {modals.WHY_BAD: self._record_explanation}

    async def explain_last_answer(self, command: SlashCommand, say: Respond) -> None:
        """`/docent why`: of the caller's own last question in the channel, to them alone.

        Slack does not say in which thread a command was typed; and others may have been answered
        where only they could read it.
        """
        last = await asyncio.to_thread(
            self._answers.find_last_by_user, command.user, command.channel
        )
        if last is None or last.answer is None:
            await say(words.NOTHING_TO_EXPLAIN)
        else:
            await say(explanation.render_explanation(last, last.answer))

    async def _show_evidence(self, click: Click, respond: Respond) -> None:
        if await self._refuse_unless_allowed(click, respond):
            return
        kept = await self._find_answer(click.value)
        found = kept is not None and kept.answer is not None
        view = (
            modals.build_evidence_view(kept, kept.answer)
            if kept and kept.answer
            else modals.build_gone_view()
        )
        if not await self._open_modal(click, view):
            await respond_privately(
                respond, click, answers.UNEXPECTED if found else words.ANSWER_GONE
            )

    async def _rate_answer(self, click: Click, respond: Respond) -> None:
        if await self._refuse_unless_allowed(click, respond):
            return
        thumb, answer_id = buttons.parse_rating_value(click.value)
        kept = await self._find_answer(answer_id)
        if kept is None:
            await respond_privately(respond, click, words.ANSWER_GONE)
        elif thumb == buttons.UP:
            await asyncio.to_thread(self._ratings.rate, answer_id, click.user, "up")
            await respond_privately(respond, click, words.THANKS)
        else:
            await asyncio.to_thread(self._ratings.rate, answer_id, click.user, "down")
            await self._open_modal(click, modals.build_feedback_form(answer_id))
            await respond_privately(
                respond, click, words.THANKS_SORRY, **self._build_escalation_offer(kept)
            )

    async def _record_explanation(self, form: Form) -> None:
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
                channel=form.user, text=answers.render_error(error)
            )

    async def _escalate(self, click: Click, respond: Respond) -> None:
        if await self._refuse_unless_allowed(click, respond):
            return
        kept = await self._find_answer(click.value)
        if kept is None or not kept.question:
            await respond_privately(respond, click, words.ANSWER_GONE)
        else:
            await respond_privately(respond, click, await self._people.escalate(kept, click.user))

    def _build_escalation_offer(self, kept: AnswerRecord) -> dict[str, Any]:
        """The thanks with a button that asks people, where there are any."""
        if not self._people.is_available or not kept.question:
            return {}
        return {
            "blocks": [
                modals.build_section(words.THANKS_SORRY),
                buttons.build_escalation_block(kept.id),
            ]
        }

    async def _find_answer(self, answer_id: str) -> AnswerRecord | None:
        return await asyncio.to_thread(self._answers.find, answer_id)

    async def _refuse_unless_allowed(self, click: Click, respond: Respond) -> bool:
        """Whoever may not ask may not read the passages either, nor speak for those who may."""
        asker = Asker(click.user, click.user_team, click.channel, self._team)
        refusal = await self._access.find_refusal(asker)
        if refusal is not None:
            await respond_privately(respond, click, refusal)
        return refusal is not None

    async def _open_modal(self, click: Click, view: View) -> bool:
        try:
            await self._slack.quick.views_open(trigger_id=click.trigger_id, view=view)
        except SLACK_FAILURES as error:
            logger.warning("A modal could not be opened: %s", get_error_code(error) or error)
            return False
        return True
