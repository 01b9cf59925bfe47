"""`/docent scope`: shows and sets the part of the documentation that a channel asks."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from bot.index_service import IndexService, PageLabels
from bot.slack.actions.commands import SlashCommand
from bot.slack.actions.gate import Gate
from bot.slack.client.respond import Respond
from bot.slack.client.workspace import is_direct_channel
from bot.storage.channel_scopes import EVERYTHING, ChannelScopes, parse_scope
from bot.texts import asking as words
from rag_core.types import Scope

CLEAR = "clear"

ScopeLimit = tuple[str, str]
"""The name of a limit, as it is typed, and its value."""


class ScopeCommand:
    """Shows the scope to those who may ask; lets admins set it, and anyone in a direct message."""

    def __init__(
        self, scopes: ChannelScopes, index: IndexService, gate: Gate, *, team: str
    ) -> None:
        self._scopes = scopes
        self._index = index
        self._labels_cache: tuple[list[str], Collection[PageLabels] | None] = ([], None)
        self._gate = gate
        self._team = team

    async def run(self, command: SlashCommand, respond: Respond) -> None:
        """Show the scope of the channel, or set it.

        Refuse limits that no page is within: docent could answer nothing.

        Raises:
            StateError, StoreError: the state database or the index can't be used.
        """
        current = await asyncio.to_thread(self._scopes.read_scope, self._team, command.channel)
        limits = " ".join(command.text.split(maxsplit=1)[1:])
        if not limits:
            await respond(words.render_current_scope(current))
            return
        scope = EVERYTHING if limits.lower() == CLEAR else parse_scope(limits, current)
        if scope is None:
            await respond(words.SCOPE_USAGE)
        elif not await self._can_set(command):
            await respond(words.SCOPE_ADMINS_ONLY)
        elif problem := await self._find_problem(scope, current):
            await respond(problem)
        else:
            await asyncio.to_thread(
                self._scopes.set_scope, self._team, command.channel, scope, user=command.user
            )
            await respond(words.render_new_scope(scope))

    async def _can_set(self, command: SlashCommand) -> bool:
        return is_direct_channel(command.channel) or await self._gate.is_admin(command.person)

    async def _find_problem(self, scope: Scope, current: Scope) -> str:
        """Return the sentence that refuses a scope; empty if it is allowed.

        Fewer limits are always right, and before the first sync all are.
        """
        limits = find_new_limits(scope, current)
        pages = await asyncio.to_thread(self._load_labels) if limits else None
        if pages is None:
            return ""
        has_pages = any(page.is_in_scope(scope) for page in pages)
        return describe_unknown_limit(limits, pages) or (
            "" if has_pages else words.render_empty_scope(scope)
        )

    def _load_labels(self) -> Collection[PageLabels] | None:
        """Return the page labels of the live version, read once per version."""
        live = [version.collection for version in self._index.list_versions() if version.live]
        if self._labels_cache[0] != live:
            self._labels_cache = (live, self._index.list_page_labels())
        return self._labels_cache[1]


def find_new_limits(scope: Scope, current: Scope) -> list[ScopeLimit]:
    """Return the limits of a scope that the current one lacks."""
    single = (
        ("version", scope.version, current.version),
        ("language", scope.language, current.language),
        ("path", scope.path_prefix, current.path_prefix),
    )
    sources = [("source", source) for source in scope.sources if source not in current.sources]
    return sources + [(name, value) for name, value, old in single if value not in ("", old)]


def describe_unknown_limit(limits: Sequence[ScopeLimit], pages: Collection[PageLabels]) -> str:
    """Return the sentence for the first limit without a page.

    Return an empty string if each limit alone has pages.
    """
    for name, value in limits:
        values = {getattr(page, name) for page in pages} - {""}
        if name == "path":
            if not any(path.startswith(value) for path in values):
                return words.render_unknown_value(
                    name, value, {_extract_top_folder(path) for path in values}
                )
        elif value not in values:
            return words.render_unknown_value(name, value, values)
    return ""


def _extract_top_folder(path: str) -> str:
    """Return the outermost folder of a path, or the path itself."""
    folder, slash, _ = path.partition("/")
    return folder + slash
