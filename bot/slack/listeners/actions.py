"""Clicks on buttons, and submitted forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.slack.actions.interactions import Interactions, parse_click, parse_form
from bot.slack.client.respond import build_respond


def register(app: AsyncApp, interactions: Interactions) -> None:
    """Register the listeners of buttons and forms.

    Each acknowledges the payload at once and leaves the work to a background task.
    """
    for action_id in interactions.click_handlers:
        app.action(action_id)(_build_click_listener(action_id, interactions))
    for callback_id in interactions.form_handlers:
        app.view(callback_id)(_build_form_listener(callback_id, interactions))


def _build_click_listener(
    action_id: str, interactions: Interactions
) -> Callable[..., Awaitable[None]]:
    async def on_click(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        respond = build_respond(str(body.get("response_url") or ""))
        interactions.accept_click(action_id, parse_click(body), respond)

    return on_click


def _build_form_listener(
    callback_id: str, interactions: Interactions
) -> Callable[..., Awaitable[None]]:
    async def on_form(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        interactions.accept_form(callback_id, parse_form(body))

    return on_form
