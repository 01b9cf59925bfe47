"""The slash commands `/docent` and `/reindex`."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.slack.actions.commands import Commands, SlashCommand
from bot.slack.actions.deliveries import read_delivery
from bot.slack.client.respond import build_respond
from bot.slack.client.workspace import is_direct_channel
from bot.slack.inbox.messages import ListenerConfig
from bot.slack.inbox.recorder import QuestionRecorder
from bot.slack.inbox.targets import build_private_ts
from bot.types import IncomingMessage, MessageKey


def register(
    app: AsyncApp, commands: Commands, recorder: QuestionRecorder, config: ListenerConfig
) -> None:
    """Register the slash commands; each is answered later, to the caller alone.

    Args:
        app: the Bolt app.
        commands: runs all commands but questions.
        recorder: writes a question down before the acknowledgement.
        config: names docent's workspace.
    """

    async def on_docent(ack: AsyncAck, command: dict[str, Any]) -> None:
        parsed = _parse_command(command, _read_text(command), config)
        response_url = str(command.get("response_url") or "")
        question = commands.find_question(parsed)
        if not question:
            await ack()
            commands.accept(parsed, build_respond(response_url))
            return
        ts = build_private_ts(str(command.get("trigger_id") or command.get("response_url")))
        message = IncomingMessage(
            kind="question",
            key=MessageKey(config.team, parsed.channel, ts),
            thread_ts=ts,
            user=parsed.user,
            user_team=parsed.user_team or config.team,
            text=question,
            is_direct=is_direct_channel(parsed.channel),
            origin="command",
        )
        await recorder.record_command(message, response_url)
        await ack()

    async def on_reindex(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack()
        respond = build_respond(str(command.get("response_url") or ""))
        parsed = _parse_command(command, f"reindex {_read_text(command)}", config)
        commands.accept(parsed, respond)

    app.command("/docent")(on_docent)
    app.command("/reindex")(on_reindex)


def _parse_command(command: dict[str, Any], text: str, config: ListenerConfig) -> SlashCommand:
    return SlashCommand(
        text=text,
        user=str(command["user_id"]),
        channel=str(command["channel_id"]),
        user_team=str(command.get("team_id") or ""),
        team=config.team,
        delivery=read_delivery(command),
    )


def _read_text(command: dict[str, Any]) -> str:
    return str(command.get("text") or "")
