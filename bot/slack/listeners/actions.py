"""Clicks on buttons, and submitted forms."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.slack.actions.interactions import Interactions, parse_click, parse_form
from bot.slack.client.respond import build_respond

logger = logging.getLogger(__name__)


def register(app: AsyncApp, interactions: Interactions) -> None:
    """Register the listeners of buttons and forms.

    Each acknowledges the payload at once and leaves the work to a background task.
    """
    for action_id in interactions.action_ids:
        app.action(action_id)(_build_click_listener(action_id, interactions))
    for callback_id in interactions.form_handlers:
        app.view(callback_id)(_build_form_listener(callback_id, interactions))


def _build_click_listener(
    action_id: str, interactions: Interactions
) -> Callable[..., Awaitable[None]]:
    async def on_click(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        if (click := parse_click(body)) is None:
            logger.warning("A click without a user was ignored.")
            return
        respond = build_respond(str(body.get("response_url") or ""))
        interactions.accept_click(action_id, click, respond)

    return on_click


def _build_form_listener(
    callback_id: str, interactions: Interactions
) -> Callable[..., Awaitable[None]]:
    async def on_form(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        if (form := parse_form(body)) is None:
            logger.warning("A form without a user was ignored.")
        else:
            interactions.accept_form(callback_id, form)

    return on_form
