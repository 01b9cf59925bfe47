"""Visible answers: what a button names is found only for those who could see the answer."""

from __future__ import annotations

import asyncio

from bot.slack.client.respond import Click
from bot.slack.client.workspace import is_direct_channel
from bot.slack.content.payloads import is_answer_id
from bot.storage.answers import AnswerRecord, Answers


class VisibleAnswers:
    """The stored answers, as the person sees them who clicks."""

    def __init__(self, answers: Answers, *, team: str) -> None:
        """Take the id of docent's workspace as `team`."""
        self._answers = answers
        self._team = team

    async def find(self, answer_id: str, click: Click) -> AnswerRecord | None:
        """Return an answer that a person can see where they clicked.

        Return None for any other, and for one that is not stored: the value of a button can name
        anything.

        Raises:
            StateError: the state database can't be used.
        """
        if not is_answer_id(answer_id):
            return None
        record = await asyncio.to_thread(self._answers.find, answer_id)
        return record if record and self._is_visible(record, click) else None

    async def find_own(self, answer_id: str, click: Click) -> AnswerRecord | None:
        """Return an answer to the person who clicked; None for any other.

        Raises:
            StateError: the state database can't be used.
        """
        record = await self.find(answer_id, click)
        return record if record and self.is_asker(record, click) else None

    def is_asker(self, record: AnswerRecord, click: Click) -> bool:
        """Return True if the person who clicked has asked the question."""
        team = record.user_team or self._team
        return (record.user, team) == (click.user, click.user_team)

    def _is_visible(self, record: AnswerRecord, click: Click) -> bool:
        """Return True for an own answer, or one of this channel."""
        if record.key.team != self._team:
            return False
        if record.is_private or is_direct_channel(record.key.channel):
            return self.is_asker(record, click)
        return record.key.channel == click.channel
