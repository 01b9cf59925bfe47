"""Listeners: thin handlers that hand what Slack sends to the parts that know what to do."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from bot.asking import Asking
from bot.commands import Commands
from bot.home import Home
from bot.incoming import Listening
from bot.interactions import Interactions
from bot.listeners import actions, events, pointing
from bot.listeners import commands as slash
from bot.listeners import home as home_tab
from bot.prompts import Prompts
from bot.responder import Responder


def register(  # noqa: PLR0913  (the parts, by name)
    app: AsyncApp,
    *,
    responder: Responder,
    asking: Asking,
    commands: Commands,
    listening: Listening,
    interactions: Interactions,
    home: Home,
    prompts: Prompts,
) -> None:
    """Wire every listener."""
    events.register(app, responder, listening)
    pointing.register(app, asking, listening)
    slash.register(app, commands)
    actions.register(app, interactions)
    home_tab.register(app, home, prompts)
