"""Payloads: the shape of what Slack sends, checked before anything is done with it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Objects = list[dict[str, Any]] | None
Text = str | None


class _Shape(BaseModel):
    """Fields that docent or Bolt reads; all others may be anything."""

    model_config = ConfigDict(extra="ignore", strict=True)


class _Named(_Shape):
    id: str
    team_id: Text = None


class _Message(_Shape):
    ts: Text = None
    thread_ts: Text = None
    user: Text = None
    user_team: Text = None
    team: Text = None
    text: Text = None
    subtype: Text = None
    bot_id: Text = None
    edited: dict[str, Any] | None = None
    attachments: Objects = None
    blocks: Objects = None
    files: Objects = None


class _Event(_Shape):
    type: str
    event_ts: Text = None
    deleted_ts: Text = None


class _MessageEvent(_Event, _Message):
    channel: Text = None
    channel_type: Text = None
    message: _Message | None = None
    previous_message: _Message | None = None


class _ReactionItem(_Shape):
    type: Text = None
    channel: Text = None
    ts: Text = None


class _PersonEvent(_Event):
    user: Text = None
    channel: Text = None
    thread_ts: Text = None
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


class _View(_Shape):
    id: Text = None
    hash: Text = None
    callback_id: Text = None
    type: Text = None
    private_metadata: Text = None
    state: _State | None = None


class _Container(_Shape):
    message_ts: Text = None
    thread_ts: Text = None


class _Authorization(_Shape):
    team_id: Text = None
    enterprise_id: Text = None


class _Payload(_Shape):
    team_id: Text = None
    enterprise_id: Text = None
    team: _Named | None = None
    enterprise: _Named | None = None
    authorizations: list[_Authorization] | None = None
    event: dict[str, Any] | None = None
    trigger_id: Text = None
    response_url: Text = None


class _TypedPayload(_Payload):
    type: str


class _EventCallback(_TypedPayload):
    event: dict[str, Any]


class _Interaction(_TypedPayload):
    user: _Named
    channel: _Named | None = None
    container: _Container | None = None
    message: _Message | None = None
    view: _View | None = None
    actions: list[_Action] | None = None
    callback_id: Text = None


class _Click(_Interaction):
    actions: Annotated[list[_Action], Field(min_length=1)]


class _Submission(_Interaction):
    view: _View


class _PointedMessage(_Message):
    ts: str


class _Pointing(_Interaction):
    channel: _Named
    message: _PointedMessage
    callback_id: str


class _Command(_Payload):
    command: str
    user_id: str
    channel_id: str
    text: Text = None


_TYPES: dict[str, type[_Payload]] = {
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


def is_well_formed(payload: dict[str, Any]) -> bool:
    """Return True if all fields that are read have their types."""
    try:
        if "command" in payload:
            _Command.model_validate(payload)
        elif payload.get("type") == "url_verification":
            return isinstance(payload.get("challenge"), str)
        elif payload.get("ssl_check") != "1":
            _check_by_type(payload)
    except ValidationError:
        return False
    return True


def _check_by_type(payload: dict[str, Any]) -> None:
    kind = payload.get("type")
    _TYPES.get(kind if isinstance(kind, str) else "", _TypedPayload).model_validate(payload)
    if kind == "event_callback":
        event = _Event.model_validate(payload["event"])
        _EVENTS.get(event.type, _Event).model_validate(payload["event"])
