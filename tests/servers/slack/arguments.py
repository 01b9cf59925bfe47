"""Every Web API method of the local Slack: its arguments, scope and rate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.servers.slack.store import SlackError

# Calls a minute, by Slack's tiers: https://docs.slack.dev/apis/web-api/rate-limits. Each method's
# page names its tier. Those of "special" methods: posts about one a second in each channel,
# assistant.threads.setStatus about 600 a minute, as apps have seen it.
TIER_2, TIER_3, TIER_4, STATUS_TEXTS = 20, 50, 100, 600


@dataclass(frozen=True)
class Method:
    """Argument names with their types, the bot scope that is needed, calls a minute."""

    required: dict[str, type]
    optional: dict[str, type]
    scope: str | None
    rate: int


def _method(
    required: str, optional: str = "", *, scope: str | None, rate: int = TIER_3
) -> tuple[dict[str, type], dict[str, type], str | None, int]:
    return _typed(required), _typed(optional), scope, rate


TYPES: dict[str, type] = {"bool": bool, "int": int, "list": list, "dict": dict}


def _typed(names: str) -> dict[str, type]:
    """`"channel limit:int"` as `{"channel": str, "limit": int}`."""
    pairs = (name.partition(":") for name in names.split())
    return {name: TYPES.get(kind, str) for name, _, kind in pairs}


LOOK = "icon_emoji icon_url username"
POST = f"attachments:list as_user:bool blocks:list link_names:bool parse text markdown_text {LOOK}"
WINDOW = "cursor inclusive:bool include_all_metadata:bool latest limit:int oldest"
CHAT = "chat:write"

# From the pages under docs.slack.dev/reference/methods and slack_sdk's AsyncWebClient.
METHODS: dict[str, Method] = {
    name: Method(*spec)
    for name, spec in {
        "apps.connections.open": _method("", scope=None),
        "auth.test": _method("", scope=None, rate=TIER_4),
        "chat.postMessage": _method(
            "channel",
            f"{POST} thread_ts reply_broadcast:bool unfurl_links:bool unfurl_media:bool "
            "container_id mrkdwn:bool metadata:dict",
            scope=CHAT,
            rate=60,
        ),
        "chat.postEphemeral": _method("channel user", f"{POST} thread_ts", scope=CHAT, rate=100),
        "chat.update": _method(
            "channel ts",
            "attachments:list as_user:bool blocks:list file_ids link_names:bool metadata:dict "
            "parse reply_broadcast:bool text markdown_text",
            scope=CHAT,
        ),
        "chat.delete": _method("channel ts", "as_user:bool", scope=CHAT),
        "chat.getPermalink": _method("channel message_ts", scope=None, rate=TIER_4),
        "chat.startStream": _method(
            "channel thread_ts",
            "markdown_text chunks:list recipient_team_id recipient_user_id task_display_mode "
            + LOOK,
            scope=CHAT,
            rate=TIER_2,
        ),
        "chat.appendStream": _method(
            "channel ts", "markdown_text chunks:list", scope=CHAT, rate=TIER_4
        ),
        "chat.stopStream": _method(
            "channel ts",
            "markdown_text chunks:list blocks:list metadata:dict session_status",
            scope=CHAT,
            rate=TIER_2,
        ),
        "conversations.replies": _method("channel ts", WINDOW, scope="*:history"),
        "conversations.history": _method("channel", WINDOW, scope="*:history"),
        "conversations.info": _method(
            "channel", "include_locale:bool include_num_members:bool", scope="*:read"
        ),
        "conversations.open": _method("", "channel return_im:bool users", scope="im:write"),
        "reactions.add": _method("channel name timestamp", scope="reactions:write"),
        "reactions.remove": _method("name", "channel timestamp", scope="reactions:write"),
        "reactions.get": _method("", "channel full:bool timestamp", scope="reactions:read"),
        "users.info": _method("user", "include_locale:bool", scope="users:read", rate=TIER_4),
        "users.conversations": _method(
            "", "cursor exclude_archived:bool limit:int team_id types user", scope="*:read"
        ),
        "usergroups.list": _method(
            "",
            "include_count:bool include_disabled:bool include_users:bool team_id",
            scope="usergroups:read",
            rate=TIER_2,
        ),
        "usergroups.users.list": _method(
            "usergroup", "include_disabled:bool team_id", scope="usergroups:read", rate=TIER_2
        ),
        "views.publish": _method("user_id view:dict", "hash", scope=None, rate=TIER_4),
        "views.open": _method(
            "view:dict", "trigger_id interactivity_pointer", scope=None, rate=TIER_4
        ),
        "views.update": _method("view:dict", "external_id view_id hash", scope=None, rate=TIER_4),
        "agents.sessions.setStatus": _method(
            "channel_id status", f"thread_ts title initiator_user_id {LOOK}", scope=CHAT
        ),
        "agents.sessions.rename": _method("channel_id title", "thread_ts", scope=CHAT),
        "assistant.threads.setStatus": _method(
            "channel_id thread_ts status",
            f"loading_messages:list {LOOK}",
            scope=CHAT,
            rate=STATUS_TEXTS,
        ),
        "assistant.threads.setTitle": _method(
            "channel_id thread_ts title", scope="assistant:write"
        ),
        "assistant.threads.setSuggestedPrompts": _method(
            "channel_id prompts:list", "thread_ts title", scope="assistant:write"
        ),
    }.items()
}

# An empty status takes the one before away.
MAY_BE_EMPTY = {("assistant.threads.setStatus", "status")}

HISTORY_SCOPES = {"C": "channels:history", "G": "groups:history", "D": "im:history"}
READ_SCOPES = {"C": "channels:read", "G": "groups:read", "D": "im:read"}
TYPE_SCOPES = {
    "public_channel": "channels:read",
    "private_channel": "groups:read",
    "im": "im:read",
    "mpim": "mpim:read",
}


def needed_scope(method: str, arguments: dict[str, Any]) -> str | None:
    """The bot scope of a call; that of reading a conversation depends on its kind."""
    scope = METHODS[method].scope
    if method == "users.conversations":
        return TYPE_SCOPES.get(arguments.get("types", "public_channel"))
    kind = str(arguments.get("channel", ""))[:1]
    if scope == "*:history":
        return HISTORY_SCOPES.get(kind)
    if scope == "*:read":
        return READ_SCOPES.get(kind)
    return scope


async def read_arguments(request: web.Request) -> dict[str, Any]:
    """Arguments as they came: from the query, and from a JSON or form body."""
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        arguments |= json.loads(await request.text() or "{}")
    elif request.can_read_body:
        arguments |= dict(await request.post())
    arguments.pop("token", None)
    return arguments


def check_arguments(method: str, raw: dict[str, Any]) -> dict[str, Any]:
    """The arguments with their right types.

    Raises:
        SlackError: `invalid_arguments`, with every name that is wrong in the detail.
    """
    spec = METHODS[method]
    known = spec.required | spec.optional
    # Bolt sends it along with every call.
    known.setdefault("team_id", str)
    problems = [
        f"missing {name}"
        for name in spec.required
        if raw.get(name) is None or (raw[name] == "" and (method, name) not in MAY_BE_EMPTY)
    ]
    problems += [f"unknown {name}" for name in raw if name not in known]
    typed: dict[str, Any] = {}
    for name in known.keys() & raw.keys():
        value = raw[name]
        try:
            typed[name] = _coerce(value, known[name])
        except (TypeError, ValueError):
            problems.append(f"{name} wants {known[name].__name__}, got {value!r:.80}")
    if problems:
        raise SlackError("invalid_arguments", "; ".join(problems))
    return typed


def _coerce(value: Any, kind: type) -> Any:
    """A value that came typed in JSON, or as a string in a query or form."""
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    if not isinstance(value, str):
        raise TypeError
    if kind is bool:
        return {"1": True, "true": True, "0": False, "false": False}[value.lower()]
    parsed = int(value) if kind is int else json.loads(value)
    if not isinstance(parsed, kind):
        raise TypeError
    return parsed
