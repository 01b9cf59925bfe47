"""Payloads that Slack sends to an app, as docs.slack.dev shows them."""

from __future__ import annotations

import html
import itertools
import time
from typing import Any

from tests.servers.slack.store import APP, BOT_USER, TEAM, Channel, Message, block_text

_numbers = itertools.count(1)


def unique(prefix: str) -> str:
    """An id that was not given out before."""
    return f"{prefix}{next(_numbers):08d}"


def rich_text(text: str) -> list[dict[str, Any]]:
    """The blocks Slack's own client puts beside a person's text."""
    plain = html.unescape(text)  # Slack escapes the text of a message, not that of its blocks
    words = {"type": "rich_text_section", "elements": [{"type": "text", "text": plain}]}
    return [{"type": "rich_text", "block_id": unique("b"), "elements": [words]}]


def callback(event: dict[str, Any]) -> dict[str, Any]:
    """The outer part of an event."""
    return {
        "token": "verification",
        "team_id": TEAM,
        "api_app_id": APP,
        "event": event,
        "type": "event_callback",
        "event_id": unique("Ev"),
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": unique("4-"),
    }


def said(message: Message, channel: Channel, *, kind: str) -> dict[str, Any]:
    """`message` or `app_mention` for something a person, or another bot, wrote."""
    body = message.as_json() | {
        "type": kind,
        "client_msg_id": unique("client-"),
        "channel": message.channel,
        "event_ts": message.ts,
    }
    if message.subtype or message.bot_id:
        del body["client_msg_id"]
    if kind == "message":
        body["channel_type"] = channel.kind
    return body


def changed(message: Message, before: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """`message_changed`, whose own ts is not the message's."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": message.as_json(),
        "previous_message": before,
        "channel": channel.id,
        "hidden": True,
        "ts": f"{time.time():.6f}",
        "event_ts": f"{time.time():.6f}",
        "channel_type": channel.kind,
    }


def tombstone(message: Message, channel: Channel) -> dict[str, Any]:
    """`message_changed`, which Slack sends where a message that had replies was deleted."""
    gone = {
        "type": "message",
        "subtype": "tombstone",
        "text": "This message was deleted.",
        "user": "USLACKBOT",
        "hidden": True,
        "thread_ts": message.ts,
        "ts": message.ts,
    }
    return changed(message, message.as_json(), channel) | {"message": gone}


def deleted(message: Message, channel: Channel) -> dict[str, Any]:
    """`message_deleted`."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": message.as_json(),
        "channel": channel.id,
        "hidden": True,
        "deleted_ts": message.ts,
        "ts": f"{time.time():.6f}",
        "event_ts": f"{time.time():.6f}",
        "channel_type": channel.kind,
    }


def slash(
    command: str, text: str, *, user: tuple[str, str], channel: Channel, urls: dict[str, str]
) -> dict[str, Any]:
    """A slash command; `user` is id and name, `urls` holds response_url and trigger_id."""
    return {
        "token": "verification",
        "team_id": TEAM,
        "team_domain": "docent-test",
        "channel_id": channel.id,
        "channel_name": channel.name or "directmessage",
        "user_id": user[0],
        "user_name": user[1],
        "command": command,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        **urls,
    }


def opened(user: str, channel: str, tab: str) -> dict[str, Any]:
    """`app_home_opened`."""
    return {
        "type": "app_home_opened",
        "user": user,
        "channel": channel,
        "tab": tab,
        "event_ts": f"{time.time():.6f}",
    }


def clicked(
    message: Message, action: dict[str, Any], *, user: tuple[str, str], urls: dict[str, str]
) -> dict[str, Any]:
    """`block_actions` of one element of a message."""
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.visible_to is not None,
        "thread_ts": message.thread_ts,
    }
    return {
        "type": "block_actions",
        "user": {"id": user[0], "username": user[1], "name": user[1], "team_id": TEAM},
        "api_app_id": APP,
        "token": "verification",
        "container": {key: value for key, value in container.items() if value is not None},
        "team": {"id": TEAM, "domain": "docent-test"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": message.channel, "name": "channel"},
        "message": message.as_json(),
        "state": {"values": {}},
        "actions": [action | {"action_ts": f"{time.time():.6f}"}],
        **urls,
    }


def submitted(
    view: dict[str, Any], values: dict[str, str], *, user: tuple[str, str]
) -> dict[str, Any]:
    """`view_submission`: each input of the modal with what was typed or chosen, by action id.

    Raises:
        LookupError: the modal has no such input or option.
    """
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    if unknown := set(values) - {block["element"]["action_id"] for block in inputs}:
        raise LookupError(f"no input {sorted(unknown)} in the modal")
    state = {
        block.get("block_id", f"b{number}"): {
            block["element"]["action_id"]: _given(block["element"], values)
        }
        for number, block in enumerate(inputs)
    }
    return {
        "type": "view_submission",
        "user": {"id": user[0], "username": user[1], "name": user[1], "team_id": TEAM},
        "api_app_id": APP,
        "token": "verification",
        "team": {"id": TEAM, "domain": "docent-test"},
        "enterprise": None,
        "is_enterprise_install": False,
        "trigger_id": unique("trigger."),
        "view": view | {"state": {"values": state}},
        "response_urls": [],
    }


def _given(element: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    chosen = values.get(element["action_id"])
    if "options" not in element:
        return {"type": element["type"], "value": chosen}
    options = {option["value"]: option for option in element["options"]}
    if chosen is not None and chosen not in options:
        raise LookupError(f"no option {chosen!r} in {sorted(options)}")
    return {"type": element["type"], "selected_option": options.get(chosen or "")}


def pointed_at(
    message: Message,
    callback_id: str,
    *,
    user: tuple[str, str],
    channel: Channel,
    urls: dict[str, str],
) -> dict[str, Any]:
    """`message_action`: a shortcut used on a message."""
    return {
        "type": "message_action",
        "token": "verification",
        "action_ts": f"{time.time():.6f}",
        "team": {"id": TEAM, "domain": "docent-test"},
        "user": {"id": user[0], "username": user[1], "team_id": TEAM, "name": user[1]},
        "channel": {"id": channel.id, "name": channel.name or "directmessage"},
        "is_enterprise_install": False,
        "enterprise": None,
        "callback_id": callback_id,
        "message_ts": message.ts,
        "message": message.as_json(),
        **urls,
    }


def find_action(message: Message, action_id: str, value: str | None) -> dict[str, Any]:
    """Return the payload of a click on the element.

    Raises:
        LookupError: the message has no such element to click on.
    """
    for number, block in enumerate([*message.stream_blocks, *message.blocks]):
        elements = [*block.get("elements", ()), block.get("accessory") or {}]
        for element in elements:
            if element.get("action_id") == action_id:
                return _action(element, block.get("block_id", f"b{number}"), value)
    text = "\n".join(map(block_text, message.blocks))
    raise LookupError(f"no element {action_id!r} in the message: {text}")


def _action(element: dict[str, Any], block_id: str, value: str | None) -> dict[str, Any]:
    action = {"type": element["type"], "action_id": element["action_id"], "block_id": block_id}
    if element["type"] == "feedback_buttons":
        buttons = (element["positive_button"], element["negative_button"])
        chosen = next(b for b in buttons if value in {None, b["value"]})
        return action | {"text": chosen["text"], "value": chosen["value"]}
    if "options" in element:
        option = next(o for o in element["options"] if value in {None, o["value"]})
        return action | {"selected_option": option}
    return action | {key: element[key] for key in ("text", "value", "url") if key in element}
