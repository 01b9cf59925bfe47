"""Answer buttons: show an answer's evidence, rate it, ask people instead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from slack_sdk.models.views import View

from bot.slack.actions.commands import SlashCommand
from bot.slack.actions.escalation import Escalation
from bot.slack.actions.gate import Gate
from bot.slack.actions.interactions import ClickHandler, Form, FormHandler
from bot.slack.actions.visible_answers import VisibleAnswers
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.respond import Click, Respond, respond_privately
from bot.slack.client.workspace import SlackClients
from bot.slack.content.payloads import is_answer_id
from bot.slack.views import buttons, explanation, modals
from bot.storage.answers import AnswerRecord
from bot.storage.database import BotDatabase
from bot.storage.ratings import Verdict
from bot.texts import answers
from bot.texts import button_labels as words
from bot.types import MessageKey
from ingest.errors import StateError

logger = logging.getLogger(__name__)


class AnswerActions:
    """The actions of the buttons below answers, and of the form after a thumb down."""

    def __init__(
        self,
        slack: SlackClients,
        database: BotDatabase,
        escalation: Escalation,
        *,
        visible: VisibleAnswers,
        gate: Gate,
    ) -> None:
        """Show and rate what the person who clicks can see.

        Args:
            slack: opens windows and sends direct messages.
            database: has answers and ratings.
            escalation: passes questions on to people.
            visible: finds the answer behind a button.
            gate: knows the team of a person who types a command.
        """
        self._slack = slack
        self._visible = visible
        self._gate = gate
        self._answers = database.answers
        self._ratings = database.ratings
        self._escalation = escalation

    @property
    def click_handlers(self) -> Mapping[str, ClickHandler]:
        """The handlers of clicks, by action id."""
        return {
            buttons.EVIDENCE: self._show_evidence,
            buttons.RATE: self._rate_answer,
            buttons.ASK_PEOPLE: self._escalate,
        }

    @property
    def form_handlers(self) -> Mapping[str, FormHandler]:
        """The handlers of forms, by callback id."""
        return {modals.WHY_BAD: self._record_explanation}

    async def explain_last_answer(self, command: SlashCommand, respond: Respond) -> None:
        """Explain the caller's last answer, to them alone (`/docent why`).

        Slack does not say in which thread a command was typed, and other people's answers may have
        been private.
        """
        home = await self._gate.find_home(command.person)
        place = MessageKey(command.team, command.channel, "")
        last = await asyncio.to_thread(self._answers.find_last_by_user, command.user, home, place)
        if last is None or last.answer is None:
            await respond(words.NOTHING_TO_EXPLAIN)
        else:
            await respond(explanation.render_explanation(last, last.answer))

    async def _show_evidence(self, click: Click, respond: Respond) -> None:
        record = await self._visible.find(click.value, click)
        is_found = record is not None and record.answer is not None
        view = (
            modals.build_evidence_view(record, record.answer)
            if record and record.answer
            else modals.build_gone_view()
        )
        if not await self._open_modal(click, view):
            await respond_privately(
                respond, click, answers.UNEXPECTED if is_found else words.ANSWER_GONE
            )

    async def _rate_answer(self, click: Click, respond: Respond) -> None:
        if (rating := _parse_rating(click.value)) is None:
            logger.warning("A rating that is neither up nor down was ignored.")
            await respond_privately(respond, click, words.ANSWER_GONE)
            return
        verdict, answer_id = rating
        record = await self._visible.find(answer_id, click)
        if record is None:
            await respond_privately(respond, click, words.ANSWER_GONE)
            return
        await asyncio.to_thread(
            self._ratings.rate, answer_id, click.user, verdict, user_team=click.user_team
        )
        if verdict == buttons.UP:
            await respond_privately(respond, click, words.THANKS)
        else:
            await self._open_modal(click, modals.build_feedback_form(answer_id))
            await respond_privately(
                respond, click, words.THANKS_SORRY, **self._build_escalation_offer(record)
            )

    async def _record_explanation(self, form: Form) -> None:
        """Store why an answer was bad, on the person's own rating."""
        reason = form.values.get(modals.REASON, "")
        if not is_answer_id(form.metadata):
            logger.warning("A form that names no answer was ignored.")
            return
        try:
            await asyncio.to_thread(
                self._ratings.explain,
                form.metadata,
                form.user,
                reason=reason if reason in words.REASONS else "",
                comment=form.values.get(modals.COMMENT, "")[: modals.COMMENT_LIMIT].strip(),
                user_team=form.user_team,
            )
        except StateError as error:
            logger.exception("A comment on an answer could not be stored.")
            # The form is closed, so only a direct message reaches its author.
            await self._slack.client.chat_postMessage(
                channel=form.user, text=answers.render_error(error)
            )

    async def _escalate(self, click: Click, respond: Respond) -> None:
        record = await self._visible.find(click.value, click)
        if record is None or not record.question:
            await respond_privately(respond, click, words.ANSWER_GONE)
        else:
            await respond_privately(
                respond, click, await self._escalation.escalate(record, click.user)
            )

    def _build_escalation_offer(self, record: AnswerRecord) -> dict[str, Any]:
        """Return the blocks that offer to ask people, if there are any."""
        if not self._escalation.is_available or not record.question:
            return {}
        return {
            "blocks": [
                modals.build_section(words.THANKS_SORRY),
                buttons.build_escalation_block(record.id),
            ]
        }

    async def _open_modal(self, click: Click, view: View) -> bool:
        try:
            await self._slack.quick.views_open(trigger_id=click.trigger_id, view=view)
        except SLACK_FAILURES as error:
            logger.warning("A modal could not be opened: %s", get_error_code(error) or error)
            return False
        return True


def _parse_rating(value: str) -> tuple[Verdict, str] | None:
    """Return the thumb and answer id of a feedback button's value.

    Return None for a thumb that is neither up nor down.
    """
    thumb, _, answer_id = value.partition(" ")
    if thumb == buttons.UP:
        return "up", answer_id
    return ("down", answer_id) if thumb == buttons.DOWN else None
