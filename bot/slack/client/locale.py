"""Locales: the language of each user's Slack, looked up at most once an hour."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from slack_bolt.async_app import AsyncBoltContext

from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.rate_limit import Clock
from bot.slack.client.workspace import SlackClients
from bot.texts.catalog import set_language

CACHE_SECONDS = 3_600.0
RETRY_SECONDS = 60.0
WAIT_SECONDS = 0.15
"""The first reply waits no longer for a locale; a later lookup finds it in the cache."""

_MAX_USERS = 10_000

logger = logging.getLogger(__name__)


class UserLocales:
    """The cached locales of users; docent speaks English to a user who can't be looked up."""

    def __init__(
        self,
        slack: SlackClients,
        *,
        bot_user: str = "",
        channels: Collection[str] = (),
        clock: Clock = time.monotonic,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """Look users up by `slack`, at most once an hour each.

        Args:
            slack: the clients of the workspace.
            bot_user: the id of docent's user.
            channels: ids of the channels where every message may be a question.
            clock: returns the time in seconds.
            wait_seconds: longest wait for one lookup.
        """
        self._slack = slack
        self._bot_user = bot_user
        self._channels = channels
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._locales: OrderedDict[str, tuple[float, asyncio.Task[str]]] = OrderedDict()

    async def find_locale(self, user: str) -> str:
        """Return the user's locale, such as `de-DE`; empty if not yet known."""
        looked_up_at, task = self._locales.get(user, (0.0, None))
        if task is None or self._clock() - looked_up_at >= CACHE_SECONDS:
            task = asyncio.create_task(self._fetch_locale(user))
            self._locales[user] = (self._clock(), task)
            if len(self._locales) > _MAX_USERS:
                self._locales.popitem(last=False)
        done, _ = await asyncio.wait({task}, timeout=self._wait_seconds)
        return task.result() if done else ""

    async def _fetch_locale(self, user: str) -> str:
        try:
            response = await self._slack.quick.users_info(user=user, include_locale=True)
        except SLACK_FAILURES as error:
            logger.info("The locale of a user can't be read: %s", get_error_code(error) or error)
            self._locales[user] = (
                self._clock() - CACHE_SECONDS + RETRY_SECONDS,
                self._locales[user][1],
            )
            return ""
        return str(response["user"].get("locale") or "")

    async def set_language(
        self,
        context: AsyncBoltContext,
        body: dict[str, Any],
        next: Callable[[], Awaitable[None]],  # noqa: A002  (Bolt hands it in by this name)
    ) -> None:
        """Set the language of the event's user, then run its listener.

        Args:
            context: Bolt's context of the event.
            body: the payload.
            next: runs the rest of Bolt's chain.
        """
        user = context.user_id or _find_edit_author(body)
        if user and self._is_for_docent(body.get("event") or {}):
            set_language(await self.find_locale(user))
        await next()

    def _is_for_docent(self, event: Mapping[str, Any]) -> bool:
        """Return whether docent may reply to the event.

        Slack sends every message of a channel; small talk needs no lookup.
        """
        if event.get("type") != "message" or event.get("channel_type") == "im":
            return True
        edited = event.get("message") or {}
        if edited.get("subtype") == "tombstone":
            return False
        # Slack sends a mention as a message, too, and docent answers the first of the two.
        is_mention = f"<@{self._bot_user}" in str(event.get("text") or "")
        may_concern_docent = bool(event.get("thread_ts") or edited) or is_mention
        return may_concern_docent or event.get("channel") in self._channels


def _find_edit_author(body: Mapping[str, Any]) -> str:
    """Return the author of the edited message; empty for any other event."""
    event = body.get("event") or {}
    return str((event.get("message") or {}).get("user") or "")
