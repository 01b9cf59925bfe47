"""The Home tab, published each time a person opens it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from bot.background import BackgroundTasks
from bot.index_service import IndexService
from bot.slack.actions.gate import Gate
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.workspace import SlackClients
from bot.slack.views import home
from bot.slack.views.home import AdminContent, HomeContent
from bot.storage.activity import Activity
from bot.storage.database import ReadSuccessTime
from bot.storage.problems import Problem
from bot.texts import answers
from bot.types import Asker
from rag_core.errors import DocentError

WEEK = timedelta(days=7)

TRY_AGAIN_SECONDS = (6.0, 30.0, 120.0)
"""The pauses before a person who could not be looked up is looked up again."""

_MAX_QUESTIONS = 5
_MAX_SYNCS = 5

logger = logging.getLogger(__name__)


class HomeTab:
    """Publishes the Home tab for the person who opens it."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        index: IndexService,
        activity: Activity,
        *,
        read_last_success_time: ReadSuccessTime,
        list_problems: Callable[[], Sequence[Problem]],
        gate: Gate,
        slack: SlackClients,
        tasks: BackgroundTasks,
    ) -> None:
        self._read_last_success_time = read_last_success_time
        self._list_problems = list_problems
        self._index = index
        self._activity = activity
        self._gate = gate
        self._slack = slack
        self._tasks = tasks

    def accept(self, user: str) -> None:
        """Publish the tab for a user; return at once."""
        self._tasks.start(self._publish(user))

    async def _publish(self, user: str) -> None:
        try:
            refusal = await self._find_refusal(user)
            if refusal is not None:
                await self._publish_refusal(user, refusal)
                return
            is_admin = await self._gate.is_admin(Asker(user, "", "", ""))
            content = await asyncio.to_thread(self._read_content, user)
            admin_content = await asyncio.to_thread(self._read_admin_content) if is_admin else None
            view = home.build_home_view(content, admin_content)
            await self._slack.client.views_publish(user_id=user, view=view)
        except DocentError as error:
            logger.warning("The content of the Home tab could not be read.", exc_info=error)
        except SLACK_FAILURES as error:
            logger.warning(
                "The Home tab could not be published: %s", get_error_code(error) or error
            )

    async def _find_refusal(self, user: str) -> str | None:
        """Return the refusal for a user, once they could be looked up.

        Meanwhile the tab says that they could not be.
        """
        refusal = await self._gate.find_refusal_for_user(user)
        if refusal == answers.NOT_LOOKED_UP:
            await self._publish_refusal(user, refusal)
        for pause in TRY_AGAIN_SECONDS:
            if refusal != answers.NOT_LOOKED_UP:
                break
            await asyncio.sleep(pause)
            refusal = await self._gate.find_refusal_for_user(user)
        return refusal

    async def _publish_refusal(self, user: str, refusal: str) -> None:
        view = home.build_refusal_view(refusal)
        await self._slack.client.views_publish(user_id=user, view=view)

    def _read_content(self, user: str) -> HomeContent:
        questions = self._activity.list_questions(user, limit=_MAX_QUESTIONS)
        return HomeContent(
            self._index.read_status(),
            self._index.list_source_states(),
            questions,
            self._read_last_success_time(),
        )

    def _read_admin_content(self) -> AdminContent:
        week = self._activity.count_since(datetime.now(UTC) - WEEK)
        return AdminContent(
            self._index.list_versions(),
            self._index.list_past_syncs(_MAX_SYNCS),
            week,
            self._list_problems(),
        )
