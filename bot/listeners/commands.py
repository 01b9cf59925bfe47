"""The slash command `/docent`."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.commands import Commands, SlashCommand


def register(app: AsyncApp, commands: Commands) -> None:
    """Acknowledge at once, work behind it, answer to the caller alone."""

    async def on_docent(ack: AsyncAck, command: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        commands.accept(
            SlashCommand(
                text=str(command.get("text") or ""),
                user=str(command["user_id"]),
                channel=str(command["channel_id"]),
            ),
            respond,
        )

    app.command("/docent")(on_docent)
