"""Listeners: thin handlers that hand what Slack sends to the parts that know what to do."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from bot.commands import Commands
from bot.listeners import commands as slash
from bot.listeners import events
from bot.responder import Responder


def register(
    app: AsyncApp, *, responder: Responder, commands: Commands, bot_user: str, team: str
) -> None:
    """Wire every listener."""
    events.register(app, responder, bot_user=bot_user, team=team)
    slash.register(app, commands)
