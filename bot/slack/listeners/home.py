"""Somebody opens docent: its Home tab, or its direct messages."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.slack.home.home_tab import HomeTab
from bot.slack.home.suggested_prompts import SuggestedPrompts


def register(app: AsyncApp, home: HomeTab, prompts: SuggestedPrompts) -> None:
    """Show the tab that was opened; Bolt has acknowledged the event already."""

    async def on_opened(event: dict[str, Any]) -> None:
        if event.get("tab") == "home" and event.get("user"):
            home.accept(str(event["user"]))
        elif event.get("tab") == "messages" and event.get("channel"):
            prompts.accept(str(event["channel"]), str(event.get("user") or ""))

    app.event("app_home_opened")(on_opened)
