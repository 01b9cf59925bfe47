"""Listeners: thin handlers that hand what Slack sends to the parts that know what to do."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from bot.slack.actions.ask import AskActions
from bot.slack.actions.commands import Commands
from bot.slack.actions.interactions import Interactions
from bot.slack.home.home_tab import HomeTab
from bot.slack.home.suggested_prompts import SuggestedPrompts
from bot.slack.inbox.messages import ListenerConfig
from bot.slack.inbox.responder import Responder
from bot.slack.listeners import actions, messages, shortcuts
from bot.slack.listeners import commands as slash
from bot.slack.listeners import home as home_tab


def register(  # noqa: PLR0913  (the parts, by name)
    app: AsyncApp,
    *,
    responder: Responder,
    asking: AskActions,
    commands: Commands,
    listening: ListenerConfig,
    interactions: Interactions,
    home: HomeTab,
    prompts: SuggestedPrompts,
) -> None:
    """Wire every listener."""
    messages.register(app, responder, listening)
    shortcuts.register(app, asking, listening)
    slash.register(app, commands)
    actions.register(app, interactions)
    home_tab.register(app, home, prompts)
