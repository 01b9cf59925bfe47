"""The slash commands `/docent` and `/reindex`."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.slack.actions.commands import Commands, SlashCommand


def register(app: AsyncApp, commands: Commands) -> None:
    """Register the slash commands.

    Each acknowledges the command at once; the answer comes later, to the caller alone.
    """

    async def on_docent(ack: AsyncAck, command: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        commands.accept(_parse_command(command, str(command.get("text") or "")), respond)

    async def on_reindex(ack: AsyncAck, command: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        commands.accept(_parse_command(command, f"reindex {command.get('text') or ''}"), respond)

    app.command("/docent")(on_docent)
    app.command("/reindex")(on_reindex)


def _parse_command(command: dict[str, Any], text: str) -> SlashCommand:
    return SlashCommand(
        text=text,
        user=str(command["user_id"]),
        channel=str(command["channel_id"]),
        team=str(command.get("team_id") or ""),
    )
