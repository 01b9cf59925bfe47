"""The Home tab and the direct messages of docent, when a person opens one of them."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.slack.home.home_tab import HomeTab
from bot.slack.home.suggested_prompts import SuggestedPrompts


def register(app: AsyncApp, home: HomeTab, suggested_prompts: SuggestedPrompts) -> None:
    """Register the listener of `app_home_opened`, which Bolt acknowledges itself.

    Args:
        app: the Bolt app.
        home: shows the Home tab.
        suggested_prompts: suggests questions in direct messages.
    """

    async def on_opened(event: dict[str, Any]) -> None:
        if event.get("tab") == "home" and event.get("user"):
            home.accept(str(event["user"]))
        elif event.get("tab") == "messages" and event.get("channel"):
            suggested_prompts.accept(str(event["channel"]), str(event.get("user") or ""))

    app.event("app_home_opened")(on_opened)
