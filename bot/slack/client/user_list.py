"""User lists: the people that a setting names, as users or as members of user groups."""

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
"""Wait after a failed lookup of a group; until then the last known members count."""

logger = logging.getLogger(__name__)


class UserList:
    """The people that one setting names; Slack is asked for group members once a minute."""

    def __init__(
        self,
        setting: str,
        client: AsyncWebClient,
        *,
        variable: str = "DOCENT_ADMINS",
        clock: Clock = time.monotonic,
    ) -> None:
        """Parse the setting; ids that begin with S name user groups.

        Args:
            setting: ids, separated by commas or white space.
            client: reads the members of groups.
            variable: the name of the setting, for log messages.
            clock: returns the time in seconds.
        """
        names = {name for name in re.split(r"[\s,]+", setting) if name}
        self._groups = sorted(name for name in names if name.startswith("S"))
        self._users = frozenset(names) - frozenset(self._groups)
        self.has_names = bool(names)
        """True if the setting names anyone."""
        self._client = client
        self._variable = variable
        self._clock = clock
        self._members: dict[str, frozenset[str]] = {}
        self._refresh_at = clock()
        self._lock = asyncio.Lock()

    async def has_user(self, user: str) -> bool:
        """Return whether the setting names this user or one of their groups."""
        return user in self._users or user in await self._read_group_members()

    async def _read_group_members(self) -> frozenset[str]:
        async with self._lock:  # concurrent callers share one lookup
            if self._groups and self._clock() >= self._refresh_at:
                fetched = [await self._fetch_group(group) for group in self._groups]
                self._refresh_at = self._clock() + (
                    CACHE_SECONDS if all(fetched) else RETRY_SECONDS
                )
        return frozenset[str]().union(*self._members.values())

    async def _fetch_group(self, group: str) -> bool:
        """Fetch the members of a group, and return whether Slack sent them."""
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
