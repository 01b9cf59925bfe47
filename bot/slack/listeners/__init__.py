"""Listeners: thin handlers that pass Slack's payloads on to the parts that act on them."""

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
    ask_actions: AskActions,
    commands: Commands,
    config: ListenerConfig,
    interactions: Interactions,
    home: HomeTab,
    suggested_prompts: SuggestedPrompts,
) -> None:
    """Register every listener.

    Args:
        app: the Bolt app.
        responder: takes messages, edits, deletions and stops.
        ask_actions: takes the message shortcut and reactions.
        commands: takes `/docent` and `/reindex`.
        config: says which messages and reactions are for docent.
        interactions: takes clicks and forms.
        home: shows the Home tab.
        suggested_prompts: suggests questions in direct messages.
    """
    messages.register(app, responder, config)
    shortcuts.register(app, ask_actions, config)
    slash.register(app, commands)
    actions.register(app, interactions)
    home_tab.register(app, home, suggested_prompts)
