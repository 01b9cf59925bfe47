"""The Home tab, put together when somebody opens it."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from bot.background import Tasks
from bot.index_service import IndexService
from bot.slack.client.api_errors import SLACK_FAILURES, code
from bot.slack.client.user_list import Admins
from bot.slack.client.workspace import SlackClients
from bot.slack.inbox.access import Access
from bot.slack.views import home
from bot.slack.views.home import Known, Managed
from bot.storage.activity import Activity
from bot.storage.database import FreshAt
from rag_core.errors import DocentError

WEEK = timedelta(days=7)

_ASKED = 5
_SYNCS = 5

logger = logging.getLogger(__name__)


class Home:
    """Publishes the Home tab of whoever opens it."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        index: IndexService,
        activity: Activity,
        *,
        fresh_at: FreshAt,
        admins: Admins,
        access: Access,
        slack: SlackClients,
        tasks: Tasks,
    ) -> None:
        self._fresh_at = fresh_at
        self._index = index
        self._activity = activity
        self._admins = admins
        self._access = access
        self._slack = slack
        self._tasks = tasks

    def accept(self, user: str) -> None:
        """Show the tab to its owner; returns at once."""
        self._tasks.start(self._publish(user))

    async def _publish(self, user: str) -> None:
        try:
            refusal = await self._access.refusal_of(user)
            if refusal is not None:
                await self._slack.client.views_publish(user_id=user, view=home.refused(refusal))
                return
            admin = await self._admins.include(user)
            known = await asyncio.to_thread(self._known, user)
            managed = await asyncio.to_thread(self._managed) if admin else None
            view = home.home(known, managed)
            await self._slack.client.views_publish(user_id=user, view=view)
        except DocentError as error:
            logger.warning("The Home tab could not be put together.", exc_info=error)
        except SLACK_FAILURES as error:
            logger.warning("The Home tab could not be shown: %s", code(error) or error)

    def _known(self, user: str) -> Known:
        asked = self._activity.of(user, limit=_ASKED)
        return Known(
            self._index.read_status(), self._index.list_source_states(), asked, self._fresh_at()
        )

    def _managed(self) -> Managed:
        week = self._activity.since(datetime.now(UTC) - WEEK)
        return Managed(self._index.list_versions(), self._index.list_past_syncs(_SYNCS), week)
