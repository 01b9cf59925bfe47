"""Interactions: parses clicks and submitted forms and passes them to their handlers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.background import BackgroundTasks
from bot.slack.actions.deliveries import Deliveries, read_delivery
from bot.slack.client.respond import Click, Respond, respond_privately
from bot.texts import answers
from rag_core.errors import DocentError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Form:
    """A submitted form.

    Attributes:
        user: id of the user who submitted it.
        metadata: the metadata that the modal was opened with.
        values: typed text or chosen option, by action id of the input; empty text for none.
        delivery: identity of the payload, equal in each of its deliveries.
    """

    user: str
    metadata: str
    values: Mapping[str, str]
    delivery: str = ""


ClickHandler = Callable[[Click, Respond], Awaitable[None]]
FormHandler = Callable[[Form], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Interactions:
    """The handlers of clicks, by action id, and of forms, by callback id; each runs once."""

    tasks: BackgroundTasks
    click_handlers: Mapping[str, ClickHandler] = field(default_factory=dict)
    form_handlers: Mapping[str, FormHandler] = field(default_factory=dict)
    deliveries: Deliveries = field(default_factory=Deliveries)

    def accept_click(self, action_id: str, click: Click, respond: Respond) -> None:
        """Handle a click in the background; return at once.

        Args:
            action_id: names the handler.
            click: the click.
            respond: posts beside the clicked message.
        """
        self.tasks.start(self._handle_click(self.click_handlers[action_id], click, respond))

    def accept_form(self, callback_id: str, form: Form) -> None:
        """Handle a form in the background; return at once."""
        self.tasks.start(self._handle_form(self.form_handlers[callback_id], form))

    async def _handle_click(self, handler: ClickHandler, click: Click, respond: Respond) -> None:
        async with self.deliveries.hold(click.delivery) as is_first:
            if is_first:
                await _run_and_report_errors(handler, click, respond)

    async def _handle_form(self, handler: FormHandler, form: Form) -> None:
        async with self.deliveries.hold(form.delivery) as is_first:
            if is_first:
                await handler(form)


async def _run_and_report_errors(handler: ClickHandler, click: Click, respond: Respond) -> None:
    """Run a handler, and tell the clicker if it fails."""
    try:
        await handler(click, respond)
    except DocentError as error:
        logger.warning("A click failed.", exc_info=error)
        await respond_privately(respond, click, answers.render_error(error))
    except Exception:
        logger.exception("A click failed unexpectedly.")
        await respond_privately(respond, click, answers.UNEXPECTED)


def parse_click(body: Mapping[str, Any]) -> Click:
    """Return the click of a `block_actions` payload."""
    action, user = body["actions"][0], body["user"]
    container = body.get("container") or {}
    message = body.get("message") or {}
    team = str((body.get("team") or {}).get("id") or "")
    chosen = action.get("selected_option") or {}
    return Click(
        value=str(action.get("value") or chosen.get("value") or ""),
        user=str(user["id"]),
        user_team=str(user.get("team_id") or team),
        team=team,
        channel=str((body.get("channel") or {}).get("id") or ""),
        message_ts=str(container.get("message_ts") or ""),
        thread_ts=str(container.get("thread_ts") or message.get("thread_ts") or ""),
        trigger_id=str(body.get("trigger_id") or ""),
        delivery=read_delivery(body),
    )


def parse_form(body: Mapping[str, Any]) -> Form:
    """Return the form of a `view_submission` payload."""
    view = body["view"]
    values: dict[str, str] = {}
    for block in (view.get("state") or {}).get("values", {}).values():
        for action_id, field_value in block.items():
            chosen = field_value.get("selected_option") or {}
            values[action_id] = str(field_value.get("value") or chosen.get("value") or "")
    metadata = str(view.get("private_metadata") or "")
    return Form(str(body["user"]["id"]), metadata, values, read_delivery(body))
