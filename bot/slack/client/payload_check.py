"""Payload check: what has not the shape of Slack's payloads reaches no listener."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.middleware.async_middleware import AsyncMiddleware

from bot.slack.content.payloads import as_mapping, list_mappings, read_id

_TEXTS = ("user", "channel", "channel_type", "subtype", "team", "user_team", "bot_id")
_TIMES = ("ts", "thread_ts", "event_ts", "deleted_ts")
_TIME = re.compile(r"(\d{1,12}(\.\d{1,12})?)?", re.ASCII)

logger = logging.getLogger(__name__)


class PayloadCheck(AsyncMiddleware):
    """Ends malformed payloads in one line of the log; Bolt would end them in a traceback."""

    async def refuse_malformed(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002  (Bolt's name)
    ) -> BoltResponse | None:
        """Pass a payload on, or refuse it.

        Over a socket it is acknowledged, or Slack would send it again.

        Args:
            req: holds the payload.
            resp: the answer so far.
            next: runs the rest of Bolt's chain.

        Returns:
            The answer; None without one.
        """
        del resp
        if is_well_formed(req.body):
            return await next()
        logger.warning("A payload that is not one of Slack's was refused.")
        return BoltResponse(status=200 if req.mode == "socket_mode" else 400, body="")

    async_process = refuse_malformed
    """The method that Bolt calls."""


def is_well_formed(body: Mapping[str, Any]) -> bool:
    """Return True if the parts that docent reads have their types."""
    match body.get("type"):
        case "block_actions":
            actions = list_mappings(body.get("actions"))
            return bool(actions) and all(map(_has_action_id, actions)) and _has_user(body)
        case "view_submission" | "view_closed":
            return isinstance(body.get("view"), Mapping) and _has_user(body)
        case "message_action":
            message, channel = as_mapping(body.get("message")), as_mapping(body.get("channel"))
            return all([read_id(message.get("ts")), read_id(channel.get("id")), _has_user(body)])
        case "event_callback":
            return _is_event(body.get("event"))
    is_command = "command" in body
    return not is_command or all(read_id(body.get(name)) for name in ("user_id", "channel_id"))


def _has_action_id(action: Mapping[str, Any]) -> bool:
    return isinstance(action.get("action_id"), str)


def _has_user(body: Mapping[str, Any]) -> bool:
    return read_id(as_mapping(body.get("user")).get("id")) != ""


def _is_event(event: object) -> bool:
    """Return True for an event whose ids are texts."""
    if not isinstance(event, Mapping) or not isinstance(event.get("type"), str):
        return False
    messages = (event.get("message"), event.get("previous_message"))
    return _has_texts(event) and all(each is None or _has_texts(each) for each in messages)


def _has_texts(message: object) -> bool:
    if not isinstance(message, Mapping):
        return False
    edited = message.get("edited")
    if edited is not None and not (isinstance(edited, Mapping) and _has_times(edited)):
        return False
    return _has_times(message) and all(isinstance(message.get(each), str | None) for each in _TEXTS)


def _has_times(message: Mapping[str, Any]) -> bool:
    times = [message.get(name) or "" for name in _TIMES]
    return all(isinstance(time, str) and _TIME.fullmatch(time) for time in times)
