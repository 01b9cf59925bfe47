"""Who may ask: allowed people and channels; guests from other workspaces only if so set."""

from __future__ import annotations

import logging
import time

from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import BotSettings, parse_ids
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.rate_limit import Clock, ExpiringSet
from bot.slack.client.user_list import UserList
from bot.texts import answers
from bot.types import Asker

TELL_AGAIN_SECONDS = 24 * 3600.0
"""Somebody who was refused in a channel is not told again there for so long."""

LOOK_AGAIN_SECONDS = 3600.0
"""A workspace that is no part of the enterprise is not looked at again for so long."""

logger = logging.getLogger(__name__)


class Enterprise:
    """The workspaces of docent's Enterprise Grid: their people are no guests."""

    def __init__(
        self, enterprise: str, client: AsyncWebClient, *, clock: Clock = time.monotonic
    ) -> None:
        """`enterprise` is the id, `E...`; empty where docent's workspace is in none."""
        self._enterprise = enterprise
        self._client = client
        self._teams: set[str] = set()
        self._strangers = ExpiringSet(seconds=LOOK_AGAIN_SECONDS, clock=clock)

    async def has_member(self, asker: Asker) -> bool:
        """Whether somebody is of the enterprise; a message names a team, and no enterprise."""
        team = asker.user_team
        if not self._enterprise or team in self._strangers:
            return False
        if team == self._enterprise or team in self._teams:
            return True
        found = await self._find_enterprise(asker.user)
        if found == self._enterprise and team:
            self._teams.add(team)
        elif found is not None and team:
            self._strangers.add(team)
        return found == self._enterprise

    async def _find_enterprise(self, user: str) -> str | None:
        """The enterprise of a person, empty for none; None where Slack does not say."""
        try:
            response = await self._client.users_info(user=user)
        except SLACK_FAILURES as error:
            logger.warning(
                "The enterprise of a person can't be read: %s", get_error_code(error) or error
            )
            return None
        person = response["user"].get("enterprise_user") or {}
        return str(person.get("enterprise_id") or "")


class AccessPolicy:
    """Decides who gets answers, and remembers who was told that they don't."""

    def __init__(
        self,
        settings: BotSettings,
        people: UserList,
        enterprise: Enterprise,
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self._enterprise = enterprise
        self._channels = parse_ids(settings.allowed_channels)
        self._people = people
        self._external = settings.allow_external
        self._told = ExpiringSet(seconds=TELL_AGAIN_SECONDS, clock=clock)

    async def find_refusal(self, asker: Asker) -> str | None:
        """Why this person gets no answer here; None where they do.

        `DOCENT_ALLOWED_CHANNELS` is about channels: direct messages are not among them.
        """
        if self._channels and asker.channel not in self._channels and asker.channel[:1] != "D":
            return answers.NOT_IN_THIS_CHANNEL
        if self._people.named:
            allowed = await self._people.has_user(asker.user)
            return None if allowed else answers.NOT_FOR_YOU
        if asker.user_team == asker.team or self._external:
            return None
        return None if await self._enterprise.has_member(asker) else answers.NOT_FOR_GUESTS

    async def find_refusal_for_user(self, user: str) -> str | None:
        """The same of somebody who opens docent itself, in their own workspace's Slack."""
        return await self.find_refusal(Asker(user, "", "D", ""))

    def should_post_refusal(self, asker: Asker) -> bool:
        """Whether to say so: always in a direct message, once a day in a channel."""
        if asker.channel.startswith("D"):
            return True
        where = f"{asker.user} {asker.channel}"
        if where in self._told:
            return False
        self._told.add(where)
        return True
