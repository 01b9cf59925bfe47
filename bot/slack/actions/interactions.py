"""Interactions: parses clicks and submitted forms and passes them to their handlers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.background import BackgroundTasks
from bot.slack.actions.deliveries import Deliveries, read_delivery
from bot.slack.actions.gate import Gate
from bot.slack.client.respond import Click, Respond, respond_privately
from bot.slack.content.payloads import as_mapping, list_mappings, read_id, read_value
from bot.texts import answers
from bot.types import Asker
from rag_core.errors import DocentError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Form:
    """A submitted form.

    Attributes:
        user: id of the user who submitted it.
        user_team: id of their team.
        metadata: the metadata that the modal was opened with; anyone may have written it.
        values: typed text or chosen option, by action id of the input; empty text for none.
        delivery: identity of the payload, equal in each of its deliveries.
    """

    user: str
    metadata: str
    values: Mapping[str, str]
    user_team: str = ""
    delivery: str = ""

    @property
    def person(self) -> Asker:
        """The person who submitted it; a form has no channel, as a direct message."""
        return Asker(self.user, self.user_team, f"D{self.user}", "")


ClickHandler = Callable[[Click, Respond], Awaitable[None]]
FormHandler = Callable[[Form], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Interactions:
    """The handlers of clicks, by action id, and of forms, by callback id; each runs once.

    Attributes:
        tasks: runs them in the background.
        gate: lets through who may ask.
        tell: sends a sentence to a user whose form is closed already.
        click_handlers: what those click who may ask.
        admin_click_handlers: what `AdminGate` lets admins do.
        form_handlers: what those submit who may ask.
        deliveries: knows what was carried out already.
    """

    tasks: BackgroundTasks
    gate: Gate
    tell: Callable[[str, str], Awaitable[object]]
    click_handlers: Mapping[str, ClickHandler] = field(default_factory=dict)
    admin_click_handlers: Mapping[str, ClickHandler] = field(default_factory=dict)
    form_handlers: Mapping[str, FormHandler] = field(default_factory=dict)
    deliveries: Deliveries = field(default_factory=Deliveries)

    @property
    def action_ids(self) -> tuple[str, ...]:
        """The action ids of all buttons."""
        return (*self.click_handlers, *self.admin_click_handlers)

    def accept_click(self, action_id: str, click: Click, respond: Respond) -> None:
        """Handle a click in the background; return at once.

        Args:
            action_id: names the handler.
            click: the click.
            respond: posts beside the clicked message.
        """
        self.tasks.start(self._handle_click(action_id, click, respond))

    def accept_form(self, callback_id: str, form: Form) -> None:
        """Handle a form in the background; return at once."""
        self.tasks.start(self._handle_form(self.form_handlers[callback_id], form))

    async def _handle_click(self, action_id: str, click: Click, respond: Respond) -> None:
        async with self.deliveries.hold(click.delivery) as is_first:
            if is_first:
                handler = self.admin_click_handlers.get(action_id)
                handler = handler or self._restrict(self.click_handlers[action_id])
                await _run_and_report_errors(handler, click, respond)

    def _restrict(self, handler: ClickHandler) -> ClickHandler:
        """Wrap a handler so that it refuses people who may not ask."""

        async def run_if_allowed(click: Click, respond: Respond) -> None:
            if refusal := await self.gate.find_refusal(click.person):
                await respond_privately(respond, click, refusal)
            else:
                home = await self.gate.find_home(click.person)
                await handler(replace(click, user_team=home), respond)

        return run_if_allowed

    async def _handle_form(self, handler: FormHandler, form: Form) -> None:
        async with self.deliveries.hold(form.delivery) as is_first:
            if not is_first:
                return
            if refusal := await self.gate.find_refusal(form.person):
                await self.tell(form.user, refusal)
            else:
                home = await self.gate.find_home(form.person)
                await handler(replace(form, user_team=home))


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


def parse_click(body: Mapping[str, Any]) -> Click | None:
    """Return the click of a `block_actions` payload; None if it is none."""
    action = next(iter(list_mappings(body.get("actions"))), {})
    user, message = as_mapping(body.get("user")), as_mapping(body.get("message"))
    container = as_mapping(body.get("container"))
    team = read_id(as_mapping(body.get("team")).get("id"))
    if not (user_id := read_id(user.get("id"))):
        return None
    chosen = as_mapping(action.get("selected_option"))
    return Click(
        value=read_value(action.get("value") or chosen.get("value")),
        user=user_id,
        user_team=read_id(user.get("team_id")) or team,
        team=team,
        channel=read_id(as_mapping(body.get("channel")).get("id")),
        message_ts=read_id(container.get("message_ts")),
        thread_ts=read_id(container.get("thread_ts") or message.get("thread_ts")),
        trigger_id=read_value(body.get("trigger_id")),
        delivery=read_delivery(body),
    )


def parse_form(body: Mapping[str, Any]) -> Form | None:
    """Return the form of a `view_submission` payload; None if it is none."""
    view, user = as_mapping(body.get("view")), as_mapping(body.get("user"))
    if not (user_id := read_id(user.get("id"))):
        return None
    values: dict[str, str] = {}
    for block in as_mapping(as_mapping(view.get("state")).get("values")).values():
        for action_id, field_value in as_mapping(block).items():
            answer = as_mapping(field_value)
            chosen = as_mapping(answer.get("selected_option"))
            values[action_id] = read_value(answer.get("value") or chosen.get("value"))
    team = read_id(as_mapping(body.get("team")).get("id"))
    return Form(
        user_id,
        read_value(view.get("private_metadata")),
        values,
        read_id(user.get("team_id")) or team,
        read_delivery(body),
    )
