"""Locales: the language of each user's Slack, looked up at most once an hour."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from slack_bolt.async_app import AsyncBoltContext

from bot.slack.client.people import People
from bot.texts.catalog import set_language

CACHE_SECONDS = 3_600.0
WAIT_SECONDS = 0.15
"""The first reply waits no longer for a locale; a later lookup finds it in the cache."""


class UserLocales:
    """The locales of users; docent speaks English to a user who can't be looked up."""

    def __init__(
        self,
        people: People,
        *,
        bot_user: str = "",
        channels: Collection[str] = (),
    ) -> None:
        """Look users up, at most once an hour each.

        Args:
            people: looks them up.
            bot_user: the id of docent's user.
            channels: ids of the channels where every message may be a question.
        """
        self._people = people
        self._bot_user = bot_user
        self._channels = channels

    async def find_locale(self, user: str) -> str:
        """Return the user's locale, such as `de-DE`; empty if not yet known."""
        person = await self._people.find(user, max_age=CACHE_SECONDS, wait=WAIT_SECONDS)
        return person.locale if person else ""

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
