"""The gate of admin commands: it lets admins through and notes every use in the audit log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.slack.actions.commands import CommandAction, SlashCommand
from bot.slack.actions.gate import Gate
from bot.slack.client.respond import Respond
from bot.storage.audit_log import AuditEntry, AuditLog
from bot.texts import answers
from rag_core.errors import DocentError

AdminAction = Callable[[SlashCommand, Respond], Awaitable[str]]
"""Carries out an action, and returns its result for the audit log."""


class AdminGate:
    """Restricts actions to admins, and records who did what."""

    def __init__(self, gate: Gate, audit: AuditLog) -> None:
        self._gate = gate
        self._audit = audit

    def restrict(self, action: AdminAction) -> CommandAction:
        """Wrap an action so that it refuses people who are not admins.

        They are looked up each time the action is used.
        """

        async def run_if_admin(command: SlashCommand, respond: Respond) -> None:
            if await self._gate.is_admin(command.person):
                await self._run_audited(action, command, respond)
            else:
                await self._record_audit(command, "refused")
                await respond(answers.ADMINS_ONLY)

        return run_if_admin

    async def _run_audited(
        self, action: AdminAction, command: SlashCommand, respond: Respond
    ) -> None:
        result = "failed unexpectedly"
        try:
            result = await action(command, respond)
        except DocentError as error:
            result = f"failed: {error}"
            raise
        finally:
            await self._record_audit(command, result)

    async def _record_audit(self, command: SlashCommand, result: str) -> None:
        entry = AuditEntry(
            command.user, command.channel, command.text, result, user_team=command.user_team
        )
        await asyncio.to_thread(self._audit.record, entry)
