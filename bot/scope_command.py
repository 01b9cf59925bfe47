"""`/docent scope`: shows and sets which part of the documentation a channel asks of."""

from __future__ import annotations

import asyncio

from bot import asking_words as words
from bot.admins import Admins
from bot.commands import SlashCommand
from bot.notice import Tell
from bot.scopes import EVERYTHING, ChannelScopes, parse_scope

CLEAR = "clear"


class ScopeCommand:
    """Everybody may look; admins may change it, and anybody in a direct message to docent."""

    def __init__(self, scopes: ChannelScopes, admins: Admins, *, team: str) -> None:
        self._scopes = scopes
        self._admins = admins
        self._team = team

    async def run(self, command: SlashCommand, tell: Tell) -> None:
        """Carry the word out.

        Raises:
            StateError: the state database can't be used.
        """
        before = await asyncio.to_thread(self._scopes.of, self._team, command.channel)
        limits = " ".join(command.text.split(maxsplit=1)[1:])
        if not limits:
            await tell(words.scope_is(before))
            return
        scope = EVERYTHING if limits.lower() == CLEAR else parse_scope(limits, before)
        if scope is None:
            await tell(words.SCOPE_USAGE)
        elif not await self._may_set(command):
            await tell(words.SCOPE_ADMINS_ONLY)
        else:
            await asyncio.to_thread(
                self._scopes.set, self._team, command.channel, scope, user=command.user
            )
            await tell(words.scope_set(scope))

    async def _may_set(self, command: SlashCommand) -> bool:
        return command.channel.startswith("D") or await self._admins.include(command.user)
