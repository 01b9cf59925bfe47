"""People: what Slack knows of a user, looked up when it is needed and kept for a minute.

While Slack can't be asked, what it said before counts, in a lookup or beside a message. If Slack
answers that it knows no such person, nothing else counts.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client.api_errors import (
    SLACK_FAILURES,
    UNAVAILABLE_CODES,
    get_error_code,
    get_failure_kind,
)
from bot.slack.client.rate_limit import Clock
from bot.slack.content.payloads import as_mapping, read_id

CACHE_SECONDS = 60.0
"""A person whose right to act is looked up is asked for at Slack at most so often."""

RETRY_SECONDS = 5.0
"""The pause after a failed lookup; until then, what was known last counts."""

WAIT_SECONDS = 1.0
"""Longest wait for a lookup: Slack waits three seconds for a window."""

_MAX_PEOPLE = 10_000

_CODES_ABOUT_DOCENT = UNAVAILABLE_CODES | {
    "ekm_access_denied",
    "org_login_required",
    "team_access_not_granted",
    "two_factor_setup_required",
}
"""Codes that say something about docent's rights, and nothing about the person."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Person:
    """A user as Slack describes them.

    Attributes:
        team: id of their workspace; empty if Slack knows no such person.
        enterprise: id of their enterprise; empty for none.
        locale: the language of their Slack, such as `de-DE`.
        is_guest: True for a guest account, of one channel or several.
        is_deactivated: True if the account was deactivated.
        is_bot: True for the account of an app.
    """

    team: str
    enterprise: str = ""
    locale: str = ""
    is_guest: bool = False
    is_deactivated: bool = False
    is_bot: bool = False


UNKNOWN_PERSON = Person(team="")
"""The person whom Slack does not know or show: a member of no workspace."""


@dataclass(slots=True)
class _Lookup:
    """The last lookup of a user, when it began, and what was known last."""

    begun_at: float
    task: asyncio.Task[Person | None]
    last: Person | None = None


class People:
    """Looks people up in Slack; several who ask for one person share the lookup."""

    def __init__(self, client: AsyncWebClient, *, clock: Clock = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._lookups: OrderedDict[str, _Lookup] = OrderedDict()
        self._profiles: OrderedDict[str, Person] = OrderedDict()
        self._is_warned = False
        self.has_scope = True
        """False once Slack has said that docent lacks the scope to look people up."""
        self.is_slack_down = False
        """True if the last lookup failed as everything does while Slack is down."""

    async def find(
        self, user: str, *, max_age: float = CACHE_SECONDS, wait: float | None = None
    ) -> Person | None:
        """Return a person as Slack knows them.

        Args:
            user: id of the user.
            max_age: seconds for which a lookup counts.
            wait: most seconds to wait for one; `WAIT_SECONDS` if not given.

        Returns:
            The person as last known, `UNKNOWN_PERSON` if Slack has none; None if it never said.
        """
        lookup = self._lookups.get(user)
        if lookup is None or self._is_old(lookup, max_age):
            lookup = self._begin(user, lookup)
        if not lookup.task.done():
            seconds = WAIT_SECONDS if wait is None else wait
            await asyncio.wait({lookup.task}, timeout=seconds)
        found = lookup.task.result() if lookup.task.done() else None
        return found or lookup.last or self._profiles.get(user)

    def learn(self, user: str, person: Person) -> None:
        """Remember a message's word about its author.

        A lookup counts for more.
        """
        self._profiles[user] = person
        self._profiles.move_to_end(user)
        if len(self._profiles) > _MAX_PEOPLE:
            self._profiles.popitem(last=False)

    def _is_old(self, lookup: _Lookup, max_age: float) -> bool:
        if not lookup.task.done():
            return False
        seconds = max_age if lookup.task.result() is not None else RETRY_SECONDS
        return self._clock() - lookup.begun_at >= seconds

    def _begin(self, user: str, before: _Lookup | None) -> _Lookup:
        last = None if before is None else before.task.result() or before.last
        task = asyncio.create_task(self._fetch(user))
        lookup = self._lookups[user] = _Lookup(self._clock(), task, last)
        self._lookups.move_to_end(user)
        if len(self._lookups) > _MAX_PEOPLE:
            self._lookups.popitem(last=False)
        return lookup

    async def _fetch(self, user: str) -> Person | None:
        """Return a person, or `UNKNOWN_PERSON`; None if Slack fails."""
        if not read_id(user):
            return UNKNOWN_PERSON
        try:
            response = await self._client.users_info(user=user, include_locale=True)
        except SLACK_FAILURES as error:
            logger.warning("A person can't be looked up: %s", get_error_code(error) or error)
            self._record_scope(has_scope=get_error_code(error) != "missing_scope")
            self.is_slack_down = get_failure_kind(error) == "temporary"
            return None if _is_outage(error) else UNKNOWN_PERSON
        self._record_scope(has_scope=True)
        self.is_slack_down = False
        return _build_person(as_mapping(response.get("user")))

    def _record_scope(self, *, has_scope: bool) -> None:
        if not has_scope and not self._is_warned:
            logger.warning(
                "docent lacks the scope users:read, so it can't tell guests from members and "
                "answers both. Install the app again with today's slack-manifest.yaml."
            )
        self._is_warned = self._is_warned or not has_scope
        self.has_scope = has_scope


def read_profile(message: Mapping[str, Any]) -> Person | None:
    """Return the author as a message describes them.

    Return None if it does not. One limit makes a guest; a member has none of them.
    """
    profile = as_mapping(message.get("user_profile"))
    limits = profile.get("is_restricted"), profile.get("is_ultra_restricted")
    is_guest = True in limits
    team = profile.get("team") or (is_guest and (message.get("user_team") or message.get("team")))
    if not isinstance(team, str) or not (is_guest or all(each is False for each in limits)):
        return None
    return Person(team, is_guest=is_guest)


def _is_outage(error: BaseException) -> bool:
    """Return True if an error says nothing about the person."""
    code = get_error_code(error)
    return get_failure_kind(error) == "temporary" or not code or code in _CODES_ABOUT_DOCENT


def _build_person(user: Mapping[str, Any]) -> Person:
    grid = user.get("enterprise_user") or {}
    return Person(
        team=str(user.get("team_id") or ""),
        enterprise=str(grid.get("enterprise_id") or ""),
        locale=str(user.get("locale") or ""),
        is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        is_deactivated=bool(user.get("deleted")),
        is_bot=bool(user.get("is_bot")),
    )
