"""Managing: the words of `/docent` for admins, and the buttons that do the same. All audited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.index_service import IndexService, SyncRequest, is_rollback_target
from bot.slack.actions.commands import CommandAction, SlashCommand
from bot.slack.actions.interactions import ClickHandler
from bot.slack.actions.reindex import ReindexRunner
from bot.slack.client.respond import Click, Respond, respond_privately
from bot.slack.client.user_list import UserList
from bot.slack.client.workspace import SlackClients
from bot.slack.reply.status_message import StatusMessage
from bot.slack.views.buttons import REINDEX
from bot.slack.views.sync_report import ROLL_BACK
from bot.storage.audit_log import AuditEntry, AuditLog
from bot.texts import admin, answers
from bot.texts.catalog import say
from ingest.overview.history import SourceState
from ingest.overview.status import IndexStatus
from ingest.types import IndexVersion
from rag_core.errors import DocentError

AdminAction = Callable[[SlashCommand, Respond], Awaitable[str]]
"""Carries a word out; gives what came of it, for the audit."""


class AdminCommands:
    """What admins can do to the index."""

    def __init__(
        self,
        index: IndexService,
        reindex: ReindexRunner,
        *,
        admins: UserList,
        audit: AuditLog,
        slack: SlackClients,
    ) -> None:
        self._index = index
        self._reindex = reindex
        self._admins = admins
        self._audit = audit
        self._slack = slack

    @property
    def actions(self) -> Mapping[str, CommandAction]:
        """Who carries out which word of `/docent`."""
        work: dict[str, AdminAction] = {
            "reindex": self._start_reindex,
            "status": self._show_status,
            "versions": self._show_versions,
            "rollback": self._roll_back,
            "resume": self._resume,
        }
        return {word: self._restrict_to_admins(action) for word, action in work.items()}

    @property
    def click_handlers(self) -> Mapping[str, ClickHandler]:
        """Who takes which click."""
        return {ROLL_BACK: self._on_roll_back, REINDEX: self._on_reindex}

    def _restrict_to_admins(self, action: AdminAction) -> CommandAction:
        async def act(command: SlashCommand, tell: Respond) -> None:
            if await self._admins.has_user(command.user):
                await self._run_audited(action, command, tell)
            else:
                await self._record_audit(command, "refused")
                await tell(answers.ADMINS_ONLY)

        return act

    async def _run_audited(self, action: AdminAction, command: SlashCommand, tell: Respond) -> None:
        result = "failed unexpectedly"
        try:
            result = await action(command, tell)
        except DocentError as error:
            result = f"failed: {error}"
            raise
        finally:
            await self._record_audit(command, result)

    async def _record_audit(self, command: SlashCommand, result: str) -> None:
        entry = AuditEntry(command.user, command.channel, command.text, result)
        await asyncio.to_thread(self._audit.record, entry)

    async def _start_reindex(self, command: SlashCommand, tell: Respond) -> str:
        request, complaint = parse_sync_request(command.text.split()[1:], self._index.source_names)
        if complaint:
            await tell(complaint)
            return "not started: not understood"
        return await self._reindex.run(request, command.channel, tell, user=command.user)

    async def _show_status(self, command: SlashCommand, tell: Respond) -> str:
        del command
        now, versions, sources = await asyncio.to_thread(self._read_state)
        await tell(admin.render_status(now, versions, sources))
        return "shown"

    async def _show_versions(self, command: SlashCommand, tell: Respond) -> str:
        del command
        found = await asyncio.to_thread(self._index.list_versions)
        await tell(admin.render_versions(found) if found else answers.NO_INDEX_YET)
        return "shown"

    async def _roll_back(self, command: SlashCommand, tell: Respond) -> str:
        wanted = "".join(command.text.split()[1:2]).strip("`")
        if wanted and not is_rollback_target(
            await asyncio.to_thread(self._index.list_versions), wanted
        ):
            await tell(say("rollback_other"))
            return "not done: that is not the version before"
        return await self._roll_back_and_post(command, tell)

    async def _roll_back_and_post(self, command: SlashCommand, tell: Respond) -> str:
        version = await asyncio.to_thread(self._index.roll_back)
        text = admin.render_rollback(version, command.user)
        await StatusMessage(self._slack, command.channel, tell, user=command.user).post(text)
        return f"back at revision {version.revision[:7]}"

    async def _resume(self, command: SlashCommand, tell: Respond) -> str:
        del command
        resumed = await asyncio.to_thread(self._index.resume)
        await tell(say("resumed") if resumed else say("not_pinned"))
        return "resumed" if resumed else "nothing was pinned"

    def _read_state(self) -> tuple[IndexStatus, Sequence[IndexVersion], Sequence[SourceState]]:
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
            return await self._roll_back_and_post(command, say_alone)

        command = SlashCommand("rollback (button)", click.user, click.channel, click.team)
        await self._restrict_to_admins(back)(command, _build_private_respond(click, respond))

    async def _on_reindex(self, click: Click, respond: Respond) -> None:
        """From the Home tab, where nothing can be said: the report goes to who clicked."""
        where = click.channel or click.user
        command = SlashCommand("reindex", click.user, where, click.team)
        notice = StatusMessage(self._slack, click.user, _build_private_respond(click, respond))
        say_there = _build_private_respond(click, respond) if click.channel else notice.post
        await self._restrict_to_admins(self._start_reindex)(command, say_there)


def parse_sync_request(words: Sequence[str], sources: Sequence[str]) -> tuple[SyncRequest, str]:
    """What is to be synced; or a complaint about what was said."""
    options = {word for word in words if word.startswith(("-", "—"))}
    names = tuple(word for word in words if word not in options)
    # Slack's editors turn two hyphens into a dash.
    known = {option: option.replace("—", "--") for option in options}
    if bad := [option for option in known if known[option] not in {"--dry-run", "--full"}]:
        return SyncRequest(), say("reindex_option", option=admin.escape_plain(min(bad)))
    if strange := [name for name in names if name not in sources]:
        return SyncRequest(), admin.render_unknown_source(strange[0], sources)
    chosen = set(known.values())
    return SyncRequest(names, dry_run="--dry-run" in chosen, full="--full" in chosen), ""


def _build_private_respond(click: Click, respond: Respond) -> Respond:
    async def say_alone(text: str, **content: object) -> object:
        return await respond_privately(respond, click, text, **content)

    return say_alone
