"""Access: the people and channels that docent answers; guests only if the settings say so."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bot.settings import BotSettings, parse_ids
from bot.slack.client.people import People, Person, read_profile
from bot.slack.client.rate_limit import Clock, ExpiringSet
from bot.slack.client.user_list import UserList
from bot.slack.client.workspace import is_direct_channel
from bot.texts import answers
from bot.types import Asker

REFUSE_AGAIN_SECONDS = 24 * 3600.0
"""After a refusal in a channel, the same person gets no second one there for so long."""

AUTHOR_SECONDS = 600.0
"""The author of an earlier message is not looked up again for so long."""

ASKER_SECONDS = 8.0
"""Longest wait for the lookup of an asker whom docent has never seen."""

Author = tuple[str, str]
"""The id of a message's author, and of their team as the message names it; it may be empty."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Workspace:
    """docent's workspace, and the enterprise that it belongs to; empty for none."""

    team: str
    enterprise: str = ""

    def has_member(self, person: Person | None, team: str) -> bool:
        """Return whether a person of this team belongs to the workspace.

        What Slack says of the person counts, and the team that a payload names has to agree: the
        same id of another workspace is another person. Without a lookup, the payload counts.
        """
        if person is None:
            return team == self.team or bool(self.enterprise and team == self.enterprise)
        if self.enterprise and person.enterprise == self.enterprise:
            return True
        return person.team == self.team and team in {"", self.team}

    def can_have(self, team: str) -> bool:
        """Return whether people of a team can be members."""
        return bool(self.enterprise) or team in {"", self.team}


class AccessPolicy:
    """Decides who gets answers, and remembers who was refused lately."""

    def __init__(
        self,
        settings: BotSettings,
        allowed_users: UserList,
        people: People,
        workspace: Workspace,
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        """Decide by the settings and by what Slack says of people.

        Args:
            settings: say which channels and whether people from outside get answers.
            allowed_users: those who get answers; without a name, everyone of the workspace.
            people: looks people up, each time that they act.
            workspace: docent's.
            clock: returns the time in seconds.
        """
        self._people = people
        self._workspace = workspace
        self._channels = parse_ids(settings.allowed_channels)
        self._allowed_users = allowed_users
        self._external = settings.allow_external
        self._refused_lately = ExpiringSet(seconds=REFUSE_AGAIN_SECONDS, clock=clock)
        self._admitted = ExpiringSet(seconds=AUTHOR_SECONDS, clock=clock)

    @property
    def is_slack_down(self) -> bool:
        """True if people can't be looked up because Slack is down."""
        return self._people.is_slack_down

    def learn_author(self, message: Mapping[str, Any]) -> None:
        """Remember a message's word about an author of this workspace."""
        person = read_profile(message)
        if person is not None and person.team == self._workspace.team:
            self._people.learn(str(message.get("user") or ""), person)

    async def find_refusal(self, asker: Asker, *, wait: float | None = None) -> str | None:
        """Return the sentence that refuses an asker; None if they may ask.

        `DOCENT_ALLOWED_CHANNELS` limits channels alone: direct messages are always open. Who can't
        be looked up within `wait` seconds is told so, unless docent knows that they may ask.
        """
        if (
            self._channels
            and asker.channel not in self._channels
            and not is_direct_channel(asker.channel)
        ):
            return answers.NOT_IN_THIS_CHANNEL
        person = await self._people.find(asker.user, wait=wait)
        refusal = await self._find_refusal_now(asker.user, asker.user_team, person)
        if refusal is None:
            self._admitted.add(f"{asker.user} {asker.user_team}")
        return refusal

    async def find_personal_refusal(
        self, user: str, team: str, *, wait: float | None = None
    ) -> str | None:
        """Return the refusal for a person outside of channels.

        Args:
            user: id of the person.
            team: id of their team.
            wait: longest wait for the lookup, in seconds.

        Returns:
            The sentence; None if they may ask.
        """
        person = await self._people.find(user, wait=wait)
        return await self._find_refusal_now(user, team, person)

    async def find_refusal_for_user(self, user: str) -> str | None:
        """Return the refusal for a user who opens docent itself.

        Slack names no team there, so someone who can't be looked up is told so.
        """
        person = await self._people.find(user)
        return await self._find_refusal_now(user, person.team if person else "", person)

    async def find_home(self, user: str, user_team: str) -> str:
        """Return docent's team for its members, and their own for others."""
        person = await self._people.find(user)
        is_member = self._workspace.has_member(person, user_team)
        return self._workspace.team if is_member else user_team

    async def is_member(self, user: str, user_team: str) -> bool:
        """Return whether a person belongs to docent's workspace, as no guest."""
        person = await self._people.find(user)
        if person is not None and (person.is_guest or person.is_deactivated or person.is_bot):
            return False
        return self._workspace.has_member(person, user_team)

    async def list_readable(self, authors: Collection[Author]) -> frozenset[Author]:
        """Return the authors who may ask: the LLM may read them.

        Someone who can't be looked up is none of them.
        """
        distinct = list(dict.fromkeys(authors))
        may_read = await asyncio.gather(*(self._can_read(*author) for author in distinct))
        return frozenset(author for author, may in zip(distinct, may_read, strict=True) if may)

    def is_readable_app(self, team: str) -> bool:
        """Return whether the LLM may read apps of this team."""
        return self._external or team in {"", self._workspace.team}

    async def _can_read(self, user: str, team: str) -> bool:
        person = await self._people.find(user, max_age=AUTHOR_SECONDS)
        if person is None and f"{user} {team or self._workspace.team}" in self._admitted:
            return True  # they have asked lately, and it was settled that they may
        refusal = await self._find_personal_refusal(user, team, person)
        if refusal == answers.NOT_LOOKED_UP:
            logger.warning("A message is left out, as its author %s can't be looked up.", user)
        elif refusal is not None:
            logger.info("A message is left out, as its author %s may not ask.", user)
        return refusal is None

    async def _find_refusal_now(self, user: str, team: str, person: Person | None) -> str | None:
        """Return the refusal for a person who acts now."""
        if person is not None and (person.is_deactivated or person.is_bot):
            return answers.NOT_FOR_YOU
        refusal = await self._find_personal_refusal(user, team, person)
        # Without the scope it would refuse everyone, so the team in the payload counts.
        is_by_payload = not self._people.has_scope and self._workspace.has_member(None, team)
        return None if refusal == answers.NOT_LOOKED_UP and is_by_payload else refusal

    async def _find_personal_refusal(
        self, user: str, team: str, person: Person | None
    ) -> str | None:
        """Return the refusal for a person, wherever they are."""
        is_member = self._workspace.has_member(person, team)
        if self._allowed_users.has_names:
            # A named person of another workspace has to be the one that Slack knows.
            is_known = is_member or (
                person is not None and person.team != "" and team in {"", person.team}
            )
            if not await self._allowed_users.has_user(user):
                return answers.NOT_FOR_YOU
            if is_known:
                return None
            may_be_known = person is None and self._workspace.can_have(team)
            return answers.NOT_LOOKED_UP if may_be_known else answers.NOT_FOR_YOU
        if self._external:
            return None
        if person is None and self._workspace.can_have(team):
            return answers.NOT_LOOKED_UP  # a guest has the same team as a member
        is_guest = not is_member or (person is not None and person.is_guest)
        return answers.NOT_FOR_GUESTS if is_guest else None

    def should_post_refusal(self, asker: Asker, refusal: str) -> bool:
        """Return whether to post a refusal, and remember that it was posted.

        Direct messages get one each time, a person in a channel one a day. Who could not be looked
        up may try again, and hears about it each time.
        """
        if is_direct_channel(asker.channel) or refusal == answers.NOT_LOOKED_UP:
            return True
        entry = f"{asker.user} {asker.channel}"
        if entry in self._refused_lately:
            return False
        self._refused_lately.add(entry)
        return True
