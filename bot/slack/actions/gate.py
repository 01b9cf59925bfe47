"""The gate: every command, click, form and tab passes it, and the right is looked up each time."""

from __future__ import annotations

from bot.slack.client.user_list import UserList
from bot.slack.inbox.access import AccessPolicy
from bot.types import Asker


class Gate:
    """Looks up what a person may do at the moment when they do it."""

    def __init__(self, access: AccessPolicy, admins: UserList) -> None:
        self._access = access
        self._admins = admins

    async def find_refusal(self, person: Asker) -> str | None:
        """Return the sentence that refuses a person; None if they may ask.

        Who may not ask sees no passages, ratings or limits of the search either.
        """
        return await self._access.find_refusal(person)

    async def find_refusal_for_user(self, user: str) -> str | None:
        """Return the refusal for a user who opens docent itself."""
        return await self._access.find_refusal_for_user(user)

    async def is_admin(self, person: Asker) -> bool:
        """Return whether a person is an admin, and a member still."""
        is_named = await self._admins.has_user(person.user)
        return is_named and await self._access.is_member(person.user, person.user_team)

    async def find_home(self, person: Asker) -> str:
        """Return the team that a person counts to."""
        return await self._access.find_home(person.user, person.user_team)
