"""Managing: the words of `/docent` for admins, and the buttons that do the same. All audited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.index_service import IndexService, SyncRequest, is_previous
from bot.slack.actions.commands import Action, SlashCommand
from bot.slack.actions.interactions import OnClick
from bot.slack.actions.reindex import Reindex
from bot.slack.client.respond import Click, Respond, tell
from bot.slack.client.user_list import Admins
from bot.slack.client.workspace import SlackClients
from bot.slack.reply.status_message import Notice
from bot.slack.views.buttons import REINDEX
from bot.slack.views.sync_report import ROLL_BACK
from bot.storage.audit_log import Audit, Entry
from bot.texts import admin, answers
from bot.texts.catalog import say
from ingest.overview.history import SourceState
from ingest.overview.status import IndexStatus
from ingest.types import IndexVersion
from rag_core.errors import DocentError

Manage = Callable[[SlashCommand, Respond], Awaitable[str]]
"""Carries a word out; gives what came of it, for the audit."""


class Managing:
    """What admins can do to the index."""

    def __init__(
        self,
        index: IndexService,
        reindex: Reindex,
        *,
        admins: Admins,
        audit: Audit,
        slack: SlackClients,
    ) -> None:
        self._index = index
        self._reindex = reindex
        self._admins = admins
        self._audit = audit
        self._slack = slack

    @property
    def words(self) -> Mapping[str, Action]:
        """Who carries out which word of `/docent`."""
        work: dict[str, Manage] = {
            "reindex": self._start_reindex,
            "status": self._tell_status,
            "versions": self._tell_versions,
            "rollback": self._roll_back,
            "resume": self._resume,
        }
        return {word: self._for_admins(action) for word, action in work.items()}

    @property
    def clicks(self) -> Mapping[str, OnClick]:
        """Who takes which click."""
        return {ROLL_BACK: self._on_roll_back, REINDEX: self._on_reindex}

    def _for_admins(self, action: Manage) -> Action:
        async def act(command: SlashCommand, tell: Respond) -> None:
            if await self._admins.include(command.user):
                await self._audited(action, command, tell)
            else:
                await self._note(command, "refused")
                await tell(answers.ADMINS_ONLY)

        return act

    async def _audited(self, action: Manage, command: SlashCommand, tell: Respond) -> None:
        result = "failed unexpectedly"
        try:
            result = await action(command, tell)
        except DocentError as error:
            result = f"failed: {error}"
            raise
        finally:
            await self._note(command, result)

    async def _note(self, command: SlashCommand, result: str) -> None:
        entry = Entry(command.user, command.channel, command.text, result)
        await asyncio.to_thread(self._audit.note, entry)

    async def _start_reindex(self, command: SlashCommand, tell: Respond) -> str:
        request, complaint = parse_reindex(command.text.split()[1:], self._index.source_names)
        if complaint:
            await tell(complaint)
            return "not started: not understood"
        return await self._reindex.run(request, command.channel, tell, user=command.user)

    async def _tell_status(self, command: SlashCommand, tell: Respond) -> str:
        del command
        now, versions, sources = await asyncio.to_thread(self._state)
        await tell(admin.status(now, versions, sources))
        return "shown"

    async def _tell_versions(self, command: SlashCommand, tell: Respond) -> str:
        del command
        found = await asyncio.to_thread(self._index.list_versions)
        await tell(admin.versions(found) if found else answers.NO_INDEX_YET)
        return "shown"

    async def _roll_back(self, command: SlashCommand, tell: Respond) -> str:
        wanted = "".join(command.text.split()[1:2]).strip("`")
        if wanted and not is_previous(await asyncio.to_thread(self._index.list_versions), wanted):
            await tell(say("rollback_other"))
            return "not done: that is not the version before"
        return await self._back(command, tell)

    async def _back(self, command: SlashCommand, tell: Respond) -> str:
        version = await asyncio.to_thread(self._index.roll_back)
        text = admin.rolled_back(version, command.user)
        await Notice(self._slack, command.channel, tell, user=command.user).post(text)
        return f"back at revision {version.revision[:7]}"

    async def _resume(self, command: SlashCommand, tell: Respond) -> str:
        del command
        resumed = await asyncio.to_thread(self._index.resume)
        await tell(say("resumed") if resumed else say("not_pinned"))
        return "resumed" if resumed else "nothing was pinned"

    def _state(self) -> tuple[IndexStatus, Sequence[IndexVersion], Sequence[SourceState]]:
        return (
            self._index.read_status(),
            self._index.list_versions(),
            self._index.list_source_states(),
        )

    async def _on_roll_back(self, click: Click, respond: Respond) -> None:
        """Only from the version that the report was about: by now another may be live."""

        async def back(command: SlashCommand, say_alone: Respond) -> str:
            versions = await asyncio.to_thread(self._index.list_versions)
            if not any(version.live and version.revision == click.value for version in versions):
                await say_alone(say("rollback_stale"))
                return "not done: another version is live"
            return await self._back(command, say_alone)

        command = SlashCommand("rollback (button)", click.user, click.channel, click.team)
        await self._for_admins(back)(command, _alone(click, respond))

    async def _on_reindex(self, click: Click, respond: Respond) -> None:
        """From the Home tab, where nothing can be said: the report goes to who clicked."""
        where = click.channel or click.user
        command = SlashCommand("reindex", click.user, where, click.team)
        notice = Notice(self._slack, click.user, _alone(click, respond))
        say_there = _alone(click, respond) if click.channel else notice.post
        await self._for_admins(self._start_reindex)(command, say_there)


def parse_reindex(words: Sequence[str], sources: Sequence[str]) -> tuple[SyncRequest, str]:
    """What is to be synced; or a complaint about what was said."""
    options = {word for word in words if word.startswith(("-", "—"))}
    names = tuple(word for word in words if word not in options)
    # Slack's editors turn two hyphens into a dash.
    known = {option: option.replace("—", "--") for option in options}
    if bad := [option for option in known if known[option] not in {"--dry-run", "--full"}]:
        return SyncRequest(), say("reindex_option", option=admin.plain(min(bad)))
    if strange := [name for name in names if name not in sources]:
        return SyncRequest(), admin.no_source(strange[0], sources)
    chosen = set(known.values())
    return SyncRequest(names, dry_run="--dry-run" in chosen, full="--full" in chosen), ""


def _alone(click: Click, respond: Respond) -> Respond:
    async def say_alone(text: str, **content: object) -> object:
        return await tell(respond, click, text, **content)

    return say_alone
