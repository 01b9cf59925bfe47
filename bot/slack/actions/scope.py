"""`/docent scope`: shows and sets which part of the documentation a channel asks of."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from bot.index_service import IndexService, PageLabels
from bot.slack.actions.commands import SlashCommand
from bot.slack.client.respond import Respond
from bot.slack.client.user_list import UserList
from bot.storage.channel_scopes import EVERYTHING, ChannelScopes, parse_scope
from bot.texts import asking as words
from rag_core.types import Scope

CLEAR = "clear"

ScopeLimit = tuple[str, str]
"""Its name, as it is typed, and its value."""


class ScopeCommand:
    """Everybody may look; admins may change it, and anybody in a direct message to docent."""

    def __init__(
        self, scopes: ChannelScopes, index: IndexService, admins: UserList, *, team: str
    ) -> None:
        self._scopes = scopes
        self._index = index
        self._known: tuple[list[str], Collection[PageLabels] | None] = ([], None)
        self._admins = admins
        self._team = team

    async def run(self, command: SlashCommand, tell: Respond) -> None:
        """Carry the word out. A limit that no page is within is refused: it would answer nothing.

        Raises:
            StateError, StoreError: the state database or the index can't be used.
        """
        before = await asyncio.to_thread(self._scopes.read_scope, self._team, command.channel)
        limits = " ".join(command.text.split(maxsplit=1)[1:])
        if not limits:
            await tell(words.render_current_scope(before))
            return
        scope = EVERYTHING if limits.lower() == CLEAR else parse_scope(limits, before)
        if scope is None:
            await tell(words.SCOPE_USAGE)
        elif not await self._can_set(command):
            await tell(words.SCOPE_ADMINS_ONLY)
        elif complaint := await self._find_problem(scope, before):
            await tell(complaint)
        else:
            await asyncio.to_thread(
                self._scopes.set_scope, self._team, command.channel, scope, user=command.user
            )
            await tell(words.render_new_scope(scope))

    async def _can_set(self, command: SlashCommand) -> bool:
        return command.channel.startswith("D") or await self._admins.has_user(command.user)

    async def _find_problem(self, wanted: Scope, before: Scope) -> str:
        """Nothing can be said against limits before the first sync, or against fewer of them."""
        limits = find_new_limits(wanted, before)
        pages = await asyncio.to_thread(self._load_labels) if limits else None
        if pages is None:
            return ""
        within = any(page.is_in_scope(wanted) for page in pages)
        return describe_unknown_limit(limits, pages) or (
            "" if within else words.render_empty_scope(wanted)
        )

    def _load_labels(self) -> Collection[PageLabels] | None:
        """Of the live version, read once for each; other labels make no other revision."""
        live = [version.collection for version in self._index.list_versions() if version.live]
        if self._known[0] != live:
            self._known = (live, self._index.list_page_labels())
        return self._known[1]


def find_new_limits(wanted: Scope, before: Scope) -> list[ScopeLimit]:
    """Name and value of what was not set before."""
    named = (
        ("version", wanted.version, before.version),
        ("language", wanted.language, before.language),
        ("path", wanted.path_prefix, before.path_prefix),
    )
    sources = [("source", one) for one in wanted.sources if one not in before.sources]
    return sources + [(name, value) for name, value, old in named if value not in ("", old)]


def describe_unknown_limit(limits: Sequence[ScopeLimit], pages: Collection[PageLabels]) -> str:
    """What is said of the first limit that alone has no page; empty where each has some."""
    for name, value in limits:
        known = {getattr(page, name) for page in pages} - {""}
        if name == "path":
            if not any(path.startswith(value) for path in known):
                return words.render_unknown_value(
                    name, value, {_extract_top_folder(path) for path in known}
                )
        elif value not in known:
            return words.render_unknown_value(name, value, known)
    return ""


def _extract_top_folder(path: str) -> str:
    """The outermost folder, or the page that lies in none."""
    folder, slash, _ = path.partition("/")
    return folder + slash
