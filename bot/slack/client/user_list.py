"""People named in a setting: users, or members of user groups."""

from __future__ import annotations

import asyncio
import logging
import re
import time

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.rate_limit import Clock

CACHE_SECONDS = 60.0
RETRY_SECONDS = 5.0
"""After Slack could not say who is in a group; until then, whoever was in it is."""

logger = logging.getLogger(__name__)


class UserList:
    """Answers whether a user is named; members of groups are asked of Slack once a minute.

    `DOCENT_ADMINS` is the setting, unless `variable` says another.
    """

    def __init__(
        self,
        setting: str,
        client: AsyncWebClient,
        *,
        variable: str = "DOCENT_ADMINS",
        clock: Clock = time.monotonic,
    ) -> None:
        names = {name for name in re.split(r"[\s,]+", setting) if name}
        self._groups = sorted(name for name in names if name.startswith("S"))
        self._users = frozenset(names) - frozenset(self._groups)
        self.named = bool(names)
        """Whether the setting names anybody."""
        self._client = client
        self._variable = variable
        self._clock = clock
        self._members: dict[str, frozenset[str]] = {}
        self._due = clock()
        self._lock = asyncio.Lock()

    async def has_user(self, user: str) -> bool:
        """Whether this user is named, or in a group that is."""
        return user in self._users or user in await self._read_group_members()

    async def _read_group_members(self) -> frozenset[str]:
        async with self._lock:  # whoever comes meanwhile waits for the one answer
            if self._groups and self._clock() >= self._due:
                fetched = [await self._fetch_group(group) for group in self._groups]
                self._due = self._clock() + (CACHE_SECONDS if all(fetched) else RETRY_SECONDS)
        return frozenset[str]().union(*self._members.values())

    async def _fetch_group(self, group: str) -> bool:
        """Whether Slack said who is in the group."""
        try:
            response = await self._client.usergroups_users_list(usergroup=group)
        except SLACK_FAILURES as error:
            logger.warning(
                "The members of user group %s in %s can't be read: %s",
                group,
                self._variable,
                get_error_code(error) or error,
            )
            return False
        self._members[group] = frozenset(str(user) for user in response["users"])
        return True
