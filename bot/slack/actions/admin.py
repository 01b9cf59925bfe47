"""Admin commands: the actions of `/docent` for admins, and their buttons; all are audited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from bot.index_service import IndexService, SyncRequest, is_rollback_target
from bot.markup.markdown import escape_plain
from bot.slack.actions.admin_gate import AdminAction, AdminGate
from bot.slack.actions.commands import CommandAction, SlashCommand
from bot.slack.actions.interactions import ClickHandler
from bot.slack.actions.reindex import ReindexRunner
from bot.slack.client.respond import Click, Respond, respond_privately
from bot.slack.client.workspace import SlackClients
from bot.slack.reply.status_message import StatusMessage
from bot.slack.views.buttons import REINDEX
from bot.slack.views.sync_report import ROLL_BACK
from bot.storage.problems import Problem
from bot.texts import admin, answers
from bot.texts.catalog import say
from bot.texts.problems import render_problem_list
from ingest.overview.history import SourceState
from ingest.overview.status import IndexStatus
from ingest.types import IndexVersion


class AdminCommands:
    """The actions of admins on the index."""

    def __init__(
        self,
        index: IndexService,
        reindex: ReindexRunner,
        *,
        gate: AdminGate,
        slack: SlackClients,
        list_problems: Callable[[], Sequence[Problem]],
    ) -> None:
        self._index = index
        self._reindex = reindex
        self._gate = gate
        self._slack = slack
        self._list_problems = list_problems

    @property
    def actions(self) -> Mapping[str, CommandAction]:
        """The actions, by the word after `/docent`."""
        actions: dict[str, AdminAction] = {
            "reindex": self._start_reindex,
            "status": self._show_status,
            "versions": self._show_versions,
            "rollback": self._roll_back,
            "resume": self._resume,
        }
        return {word: self._gate.restrict(action) for word, action in actions.items()}

    @property
    def click_handlers(self) -> Mapping[str, ClickHandler]:
        """The handlers of clicks, by action id."""
        return {ROLL_BACK: self._on_roll_back, REINDEX: self._on_reindex}

    async def _start_reindex(self, command: SlashCommand, respond: Respond) -> str:
        request, problem = parse_sync_request(command.text.split()[1:], self._index.source_names)
        if problem:
            await respond(problem)
            return "not started: not understood"
        return await self._reindex.run(request, command.channel, respond, user=command.user)

    async def _show_status(self, command: SlashCommand, respond: Respond) -> str:
        del command
        status, versions, sources = await asyncio.to_thread(self._read_state)
        problems = render_problem_list(await asyncio.to_thread(self._list_problems))
        await respond("\n".join([*problems, admin.render_status(status, versions, sources)]))
        return "shown"

    async def _show_versions(self, command: SlashCommand, respond: Respond) -> str:
        del command
        versions = await asyncio.to_thread(self._index.list_versions)
        await respond(admin.render_versions(versions) if versions else answers.NO_INDEX_YET)
        return "shown"

    async def _roll_back(self, command: SlashCommand, respond: Respond) -> str:
        revision = "".join(command.text.split()[1:2]).strip("`")
        if revision and not is_rollback_target(
            await asyncio.to_thread(self._index.list_versions), revision
        ):
            await respond(say("rollback_other"))
            return "not done: that is not the version before"
        return await self._roll_back_and_post(command, respond)

    async def _roll_back_and_post(self, command: SlashCommand, respond: Respond) -> str:
        version = await asyncio.to_thread(self._index.roll_back)
        text = admin.render_rollback(version, command.user)
        await StatusMessage(self._slack, command.channel, respond, user=command.user).post(text)
        return f"back at revision {version.revision[:7]}"

    async def _resume(self, command: SlashCommand, respond: Respond) -> str:
        del command
        resumed = await asyncio.to_thread(self._index.resume)
        await respond(say("resumed") if resumed else say("not_pinned"))
        return "resumed" if resumed else "nothing was pinned"

    def _read_state(self) -> tuple[IndexStatus, Sequence[IndexVersion], Sequence[SourceState]]:
        return (
            self._index.read_status(),
            self._index.list_versions(),
            self._index.list_source_states(),
        )

    async def _on_roll_back(self, click: Click, respond: Respond) -> None:
        """Roll back from the version that the report was about.

        Refuse if another version is live by now.
        """

        async def roll_back(command: SlashCommand, respond_alone: Respond) -> str:
            versions = await asyncio.to_thread(self._index.list_versions)
            if not any(version.live and version.revision == click.value for version in versions):
                await respond_alone(say("rollback_stale"))
                return "not done: another version is live"
            return await self._roll_back_and_post(command, respond_alone)

        command = SlashCommand(
            "rollback (button)", click.user, click.channel, click.user_team, click.team
        )
        await self._gate.restrict(roll_back)(command, _build_private_respond(click, respond))

    async def _on_reindex(self, click: Click, respond: Respond) -> None:
        """Start a sync; the Home tab's report goes to the clicker.

        The Home tab has no channel to post in.
        """
        channel = click.channel or click.user
        command = SlashCommand("reindex", click.user, channel, click.user_team, click.team)
        respond_alone = _build_private_respond(click, respond)
        direct_message = StatusMessage(self._slack, click.user, respond_alone)
        respond_to_clicker = respond_alone if click.channel else direct_message.post
        await self._gate.restrict(self._start_reindex)(command, respond_to_clicker)


def parse_sync_request(words: Sequence[str], sources: Sequence[str]) -> tuple[SyncRequest, str]:
    """Return the request that the words make, and an empty sentence.

    If they make none, return an empty request and a sentence that says why.
    """
    options = {word for word in words if word.startswith(("-", "—"))}
    names = tuple(word for word in words if word not in options)
    # Slack's editors turn two hyphens into a dash.
    spelled = {option: option.replace("—", "--") for option in options}
    if bad := [option for option in options if spelled[option] not in {"--dry-run", "--full"}]:
        return SyncRequest(), say("reindex_option", option=escape_plain(min(bad)))
    if unknown := [name for name in names if name not in sources]:
        return SyncRequest(), admin.render_unknown_source(unknown[0], sources)
    chosen = set(spelled.values())
    return SyncRequest(names, dry_run="--dry-run" in chosen, full="--full" in chosen), ""


def _build_private_respond(click: Click, respond: Respond) -> Respond:
    async def respond_alone(text: str, **content: object) -> object:
        return await respond_privately(respond, click, text, **content)

    return respond_alone
