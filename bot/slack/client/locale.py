"""The language of whoever docent speaks to: the locale of their Slack, looked up once an hour."""

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
"""The first sign of life waits no longer; the locale is there for the next question then."""

_MAX_USERS = 10_000

logger = logging.getLogger(__name__)


class UserLocales:
    """Knows the locale of users; who can't be looked up is spoken to in English."""

    def __init__(
        self,
        slack: SlackClients,
        *,
        bot_user: str = "",
        channels: Collection[str] = (),
        clock: Clock = time.monotonic,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """`channels` are those whose every message may be a question, `bot_user` is docent."""
        self._slack = slack
        self._bot_user = bot_user
        self._channels = channels
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._known: OrderedDict[str, tuple[float, asyncio.Task[str]]] = OrderedDict()

    async def find_locale(self, user: str) -> str:
        """The locale, like `de-DE`; empty where it is not known, or not yet."""
        looked, task = self._known.get(user, (0.0, None))
        if task is None or self._clock() - looked >= CACHE_SECONDS:
            task = asyncio.create_task(self._fetch_locale(user))
            self._known[user] = (self._clock(), task)
            if len(self._known) > _MAX_USERS:
                self._known.popitem(last=False)
        done, _ = await asyncio.wait({task}, timeout=self._wait_seconds)
        return task.result() if done else ""

    async def _fetch_locale(self, user: str) -> str:
        try:
            response = await self._slack.quick.users_info(user=user, include_locale=True)
        except SLACK_FAILURES as error:
            logger.info("The locale of a user can't be read: %s", get_error_code(error) or error)
            self._known[user] = (
                self._clock() - CACHE_SECONDS + RETRY_SECONDS,
                self._known[user][1],
            )
            return ""
        return str(response["user"].get("locale") or "")

    async def set_language(
        self,
        context: AsyncBoltContext,
        body: dict[str, Any],
        next: Callable[[], Awaitable[None]],  # noqa: A002  (Bolt hands it in by this name)
    ) -> None:
        """Whatever a listener does goes on in the language of whoever caused it."""
        user = context.user_id or _find_edit_author(body)
        if user and self._is_for_docent(body.get("event") or {}):
            set_language(await self.find_locale(user))
        await next()

    def _is_for_docent(self, event: Mapping[str, Any]) -> bool:
        """Slack sends every message of a channel; nobody is looked up for small talk."""
        if event.get("type") != "message" or event.get("channel_type") == "im":
            return True
        edited = event.get("message") or {}
        if edited.get("subtype") == "tombstone":
            return False
        # A mention comes as a message, too, and whichever is first is answered.
        calls = f"<@{self._bot_user}" in str(event.get("text") or "")
        spoken_to = bool(event.get("thread_ts") or edited) or calls
        return spoken_to or event.get("channel") in self._channels


def _find_edit_author(body: Mapping[str, Any]) -> str:
    """Who wrote the message that was edited."""
    event = body.get("event") or {}
    return str((event.get("message") or {}).get("user") or "")
