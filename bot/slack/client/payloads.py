"""Payloads: the shape of what Slack sends, checked before anything is done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Objects = list[dict[str, Any]] | None
Text = str | None
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
Time = Annotated[str, Field(pattern=r"^([0-9]{1,12}(\.[0-9]{1,12})?)?$")] | None


class _Shape(BaseModel):
    """Fields that docent or Bolt reads; all others may be anything."""

    model_config = ConfigDict(extra="ignore", strict=True)


class _Part(_Shape):
    """The fields that Bolt reads of any payload, its event and their parts."""

    type: Text = None
    id: Text = None
    team: str | _Part | None = None
    enterprise: str | _Part | None = None
    user: str | _Part | None = None
    channel: str | _Part | None = None
    team_id: Text = None
    enterprise_id: Text = None
    user_id: Text = None
    channel_id: Text = None
    app_installed_team_id: Text = None
    thread_ts: Time = None
    authorizations: list[_Part] | None = None
    event: _Part | None = None
    message: _Part | None = None
    previous_message: _Part | None = None
    item: str | _Part | None = None
    assistant_thread: _Part | None = None
    view: _Part | None = None
    callback_id: Text = None
    action_id: Text = None
    actions: Objects = None
    function_execution_id: Text = None
    function_data: dict[str, Any] | None = None
    workflow_step: dict[str, Any] | None = None
    bot_access_token: Text = None
    inputs: dict[str, Any] | None = None
    trigger_id: Text = None
    response_url: Text = None
    response_urls: Objects = None


class _Named(_Part):
    id: Id


class _Edit(_Shape):
    ts: Time = None


class _Message(_Part):
    ts: Time = None
    user: Text = None
    user_team: Text = None
    team: Text = None
    channel: Text = None
    text: Text = None
    subtype: Text = None
    bot_id: Text = None
    edited: _Edit | None = None
    attachments: Objects = None
    blocks: Objects = None
    files: Objects = None


class _Event(_Part):
    type: str
    event_ts: Time = None
    deleted_ts: Time = None


class _MessageEvent(_Event, _Message):
    type: str
    channel_type: Text = None
    message: _Message | None = None
    previous_message: _Message | None = None


class _ReactionItem(_Part):
    channel: Text = None
    ts: Time = None


class _PersonEvent(_Event):
    user: Text = None
    channel: Text = None
    tab: Text = None
    reaction: Text = None
    item: _ReactionItem | None = None
    item_user: Text = None


class _Option(_Shape):
    value: Text = None


class _Action(_Shape):
    action_id: str
    block_id: Text = None
    type: Text = None
    action_ts: Text = None
    value: Text = None
    selected_option: _Option | None = None


class _State(_Shape):
    values: dict[str, dict[str, dict[str, Any]]] = {}


class _View(_Part):
    hash: Text = None
    private_metadata: Text = None
    state: _State | None = None


class _Container(_Shape):
    message_ts: Time = None
    thread_ts: Time = None


class _TypedPayload(_Part):
    type: str


class _EventCallback(_TypedPayload):
    event: _Event


class _Interaction(_TypedPayload):
    user: _Named
    channel: _Part | None = None
    container: _Container | None = None
    message: _Message | None = None
    view: _View | None = None


class _Click(_Interaction):
    actions: Annotated[list[_Action], Field(min_length=1)]  # type: ignore[assignment]


class _SubmittedView(_View):
    type: str
    callback_id: str


class _Submission(_Interaction):
    view: _SubmittedView


class _PointedMessage(_Message):
    ts: Id


class _Pointing(_Interaction):
    channel: _Named
    message: _PointedMessage


class _Command(_Part):
    command: str
    user_id: Id
    channel_id: Id
    text: Text = None


_TYPES: dict[str, type[_Part]] = {
    "event_callback": _EventCallback,
    "block_actions": _Click,
    "view_submission": _Submission,
    "message_action": _Pointing,
    "view_closed": _Submission,
    "block_suggestion": _Interaction,
    "shortcut": _Interaction,
}

_EVENTS: dict[str, type[_Event]] = {
    "app_mention": _MessageEvent,
    "message": _MessageEvent,
    "agent_session_stopped": _PersonEvent,
    "app_home_opened": _PersonEvent,
    "reaction_added": _PersonEvent,
}


def is_well_formed(payload: Mapping[str, Any]) -> bool:
    """Return True if all fields that are read have their types."""
    try:
        if "command" in payload:
            _Command.model_validate(payload)
        elif payload.get("type") == "url_verification":
            return isinstance(payload.get("challenge"), str)
        elif payload.get("ssl_check") != "1":
            _check_by_type(payload)
    except (ValidationError, RecursionError):
        return False
    return True


def _check_by_type(payload: Mapping[str, Any]) -> None:
    kind = payload.get("type")
    _TYPES.get(kind if isinstance(kind, str) else "", _TypedPayload).model_validate(payload)
    if kind == "event_callback":
        event = payload["event"]
        _EVENTS.get(event["type"], _Event).model_validate(event)
