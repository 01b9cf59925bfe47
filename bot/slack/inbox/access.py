"""Access: the people and channels that docent answers; guests only if the settings say so."""

from __future__ import annotations

import logging
import time

from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import BotSettings, parse_ids
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.rate_limit import Clock, ExpiringSet
from bot.slack.client.user_list import UserList
from bot.slack.client.workspace import is_direct_channel
from bot.texts import answers
from bot.types import Asker

REFUSE_AGAIN_SECONDS = 24 * 3600.0
"""After a refusal in a channel, the same person gets no second one there for so long."""

RECHECK_SECONDS = 3600.0
"""A workspace outside the enterprise is not checked again for so long."""

logger = logging.getLogger(__name__)


class Enterprise:
    """The workspaces of docent's Enterprise Grid; their people are no guests."""

    def __init__(
        self, enterprise: str, client: AsyncWebClient, *, clock: Clock = time.monotonic
    ) -> None:
        """Take the enterprise's id, `E...`, or an empty string for none."""
        self._enterprise = enterprise
        self._client = client
        self._teams: set[str] = set()
        self._strangers = ExpiringSet(seconds=RECHECK_SECONDS, clock=clock)

    async def has_member(self, asker: Asker) -> bool:
        """Return whether the asker belongs to the enterprise.

        A message names the team alone, so look the asker up, and remember the team.
        """
        team = asker.user_team
        if not self._enterprise or team in self._strangers:
            return False
        if team == self._enterprise or team in self._teams:
            return True
        enterprise = await self._fetch_enterprise(asker.user)
        if enterprise == self._enterprise and team:
            self._teams.add(team)
        elif enterprise is not None and team:
            self._strangers.add(team)
        return enterprise == self._enterprise

    async def _fetch_enterprise(self, user: str) -> str | None:
        """Return the user's enterprise, empty for none; None if Slack fails."""
        try:
            response = await self._client.users_info(user=user)
        except SLACK_FAILURES as error:
            logger.warning(
                "The enterprise of a user can't be read: %s", get_error_code(error) or error
            )
            return None
        enterprise_user = response["user"].get("enterprise_user") or {}
        return str(enterprise_user.get("enterprise_id") or "")


class AccessPolicy:
    """Decides who gets answers, and remembers who was refused lately."""

    def __init__(
        self,
        settings: BotSettings,
        allowed_users: UserList,
        enterprise: Enterprise,
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self._enterprise = enterprise
        self._channels = parse_ids(settings.allowed_channels)
        self._allowed_users = allowed_users
        self._external = settings.allow_external
        self._refused_lately = ExpiringSet(seconds=REFUSE_AGAIN_SECONDS, clock=clock)

    async def find_refusal(self, asker: Asker) -> str | None:
        """Return the sentence that refuses an asker; None if they may ask.

        `DOCENT_ALLOWED_CHANNELS` limits channels alone: direct messages are always open.
        """
        if (
            self._channels
            and asker.channel not in self._channels
            and not is_direct_channel(asker.channel)
        ):
            return answers.NOT_IN_THIS_CHANNEL
        if self._allowed_users.has_names:
            is_allowed = await self._allowed_users.has_user(asker.user)
            return None if is_allowed else answers.NOT_FOR_YOU
        if asker.user_team == asker.team or self._external:
            return None
        return None if await self._enterprise.has_member(asker) else answers.NOT_FOR_GUESTS

    async def find_refusal_for_user(self, user: str) -> str | None:
        """Return the refusal for a user who opens docent itself."""
        return await self.find_refusal(Asker(user, "", "D", ""))

    def should_post_refusal(self, asker: Asker) -> bool:
        """Return whether to post a refusal, and remember that it was posted.

        Direct messages get one each time, a person in a channel one a day.
        """
        if is_direct_channel(asker.channel):
            return True
        entry = f"{asker.user} {asker.channel}"
        if entry in self._refused_lately:
            return False
        self._refused_lately.add(entry)
        return True
