"""Interaction: a click or a sent form becomes a value, and goes to who knows what to do with it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.background import BackgroundTasks
from bot.slack.client.respond import Click, Respond, respond_privately
from bot.texts import answers
from rag_core.errors import DocentError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Form:
    """A modal that was sent.

    Attributes:
        user: who sent it.
        metadata: what the modal was opened with.
        values: what was typed or chosen, by the action id of each input; empty where nothing was.
    """

    user: str
    metadata: str
    values: Mapping[str, str]


ClickHandler = Callable[[Click, Respond], Awaitable[None]]
FormHandler = Callable[[Form], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Interactions:
    """Who takes which click, by action id, and which form, by callback id."""

    tasks: BackgroundTasks
    click_handlers: Mapping[str, ClickHandler] = field(default_factory=dict)
    form_handlers: Mapping[str, FormHandler] = field(default_factory=dict)

    def accept_click(self, action_id: str, click: Click, respond: Respond) -> None:
        """Do what a click asks for; returns at once."""
        self.tasks.start(_run_and_report_errors(self.click_handlers[action_id], click, respond))

    def accept_form(self, callback_id: str, form: Form) -> None:
        """Take what a form says; returns at once."""
        self.tasks.start(self.form_handlers[callback_id](form))


async def _run_and_report_errors(work: ClickHandler, click: Click, respond: Respond) -> None:
    """Whatever happens, who clicked is told."""
    try:
        await work(click, respond)
    except DocentError as error:
        logger.warning("A click came to nothing.", exc_info=error)
        await respond_privately(respond, click, answers.render_error(error))
    except Exception:
        logger.exception("A click failed unexpectedly.")
        await respond_privately(respond, click, answers.UNEXPECTED)


def parse_click(body: Mapping[str, Any]) -> Click:
    """The click of a `block_actions` payload."""
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
    )


def parse_form(body: Mapping[str, Any]) -> Form:
    """The form of a `view_submission` payload."""
    view = body["view"]
    values: dict[str, str] = {}
    for block in (view.get("state") or {}).get("values", {}).values():
        for action_id, given in block.items():
            chosen = given.get("selected_option") or {}
            values[action_id] = str(given.get("value") or chosen.get("value") or "")
    return Form(str(body["user"]["id"]), str(view.get("private_metadata") or ""), values)
