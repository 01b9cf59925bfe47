"""Who may ask: allowed people and channels; guests from other workspaces only if so set."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from bot import messages
from bot.admins import Admins
from bot.pacing import Clock, Unavailable
from bot.settings import BotSettings

TELL_AGAIN_SECONDS = 24 * 3600.0
"""Somebody who was refused in a channel is not told again there for so long."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where; `team` is docent's workspace, `user_team` theirs."""

    user: str
    user_team: str
    channel: str
    team: str


class Access:
    """Decides who gets answers, and remembers who was told that they don't."""

    def __init__(
        self, settings: BotSettings, people: Admins, *, clock: Clock = time.monotonic
    ) -> None:
        self._channels = names(settings.allowed_channels)
        self._people = people
        self._external = settings.allow_external
        self._told = Unavailable(seconds=TELL_AGAIN_SECONDS, clock=clock)

    async def refusal(self, asker: Asker) -> str | None:
        """Why this person gets no answer here; None where they do.

        `DOCENT_ALLOWED_CHANNELS` is about channels: direct messages are not among them.
        """
        if self._channels and asker.channel not in self._channels and asker.channel[:1] != "D":
            return messages.NOT_IN_THIS_CHANNEL
        if self._people.named:
            allowed = await self._people.include(asker.user)
            return None if allowed else messages.NOT_FOR_YOU
        if asker.user_team != asker.team and not self._external:
            return messages.NOT_FOR_GUESTS
        return None

    async def refusal_of(self, user: str) -> str | None:
        """The same of somebody who opens docent itself, in their own workspace's Slack."""
        return await self.refusal(Asker(user, "", "D", ""))

    def should_tell(self, asker: Asker) -> bool:
        """Whether to say so: always in a direct message, once a day in a channel."""
        if asker.channel.startswith("D"):
            return True
        where = f"{asker.user} {asker.channel}"
        if where in self._told:
            return False
        self._told.remember(where)
        return True


def names(setting: str) -> frozenset[str]:
    """Ids separated by white space or commas."""
    return frozenset(name for name in re.split(r"[\s,]+", setting) if name)
