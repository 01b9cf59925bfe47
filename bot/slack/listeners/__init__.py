"""Listeners: thin handlers that pass Slack's payloads on to the parts that act on them."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from bot.slack.actions.commands import Commands
from bot.slack.actions.interactions import Interactions
from bot.slack.home.home_tab import HomeTab
from bot.slack.home.suggested_prompts import SuggestedPrompts
from bot.slack.inbox.messages import ListenerConfig
from bot.slack.inbox.recorder import QuestionRecorder
from bot.slack.listeners import actions, messages, shortcuts
from bot.slack.listeners import commands as slash
from bot.slack.listeners import home as home_tab


def register(  # noqa: PLR0913  (the parts, by name)
    app: AsyncApp,
    *,
    recorder: QuestionRecorder,
    commands: Commands,
    config: ListenerConfig,
    interactions: Interactions,
    home: HomeTab,
    suggested_prompts: SuggestedPrompts,
) -> None:
    """Register every listener.

    Args:
        app: the Bolt app.
        recorder: takes questions in all their ways, edits, deletions and stops.
        commands: takes `/docent` and `/reindex`.
        config: names docent's workspace.
        interactions: takes clicks and forms.
        home: shows the Home tab.
        suggested_prompts: suggests questions in direct messages.
    """
    messages.register(app, recorder)
    shortcuts.register(app, recorder)
    slash.register(app, commands, recorder, config)
    actions.register(app, interactions)
    home_tab.register(app, home, suggested_prompts)
