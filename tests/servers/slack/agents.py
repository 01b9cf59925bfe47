"""Methods of views, agent sessions and assistant threads."""

from __future__ import annotations

from typing import Any

from tests.servers.slack.limits import SESSION_STATUSES, check_prompts, check_view
from tests.servers.slack.store import APP, SlackError, Store

Arguments = dict[str, Any]
Reply = dict[str, Any]


def publish(store: Store, arguments: Arguments) -> Reply:
    check_view(arguments["view"], kind="home")
    store.homes[arguments["user_id"]] = arguments["view"]
    return {"view": arguments["view"] | {"id": f"V{arguments['user_id']}"}}


def views_open(store: Store, arguments: Arguments) -> Reply:
    check_view(arguments["view"], kind="modal")
    trigger = arguments.get("trigger_id", arguments.get("interactivity_pointer", ""))
    if trigger not in store.triggers:
        raise SlackError("invalid_trigger_id", trigger)
    store.triggers.remove(trigger)
    view = arguments["view"] | {"id": f"V{len(store.views)}", "app_id": APP}
    store.views[view["id"]] = view
    return {"view": view}


def views_update(store: Store, arguments: Arguments) -> Reply:
    view = store.views.get(arguments.get("view_id", ""))
    if view is None:
        raise SlackError("not_found", "no such view")
    check_view(arguments["view"], kind="modal")
    store.views[view["id"]] = arguments["view"] | {"id": view["id"], "app_id": APP}
    return {"view": store.views[view["id"]]}


def _thread(store: Store, arguments: Arguments) -> tuple[str, str]:
    channel = store.channel(arguments["channel_id"])
    if "thread_ts" not in arguments:
        raise SlackError("invalid_arguments", "missing thread_ts")
    try:
        return channel.id, store.root(channel.id, arguments["thread_ts"]).ts
    except SlackError as error:
        # Its root may have been deleted while docent was at work there.
        had_session = (channel.id, arguments["thread_ts"]) in {*store.sessions, *store.statuses}
        raise SlackError(error.code, error.detail, fault=not had_session) from error


def session_status(store: Store, arguments: Arguments) -> Reply:
    key = _thread(store, arguments)
    if arguments["status"] not in SESSION_STATUSES:
        raise SlackError("invalid_arguments", f"status {arguments['status']!r}")
    if "title" in arguments and key not in store.sessions:
        _set_title(store, key, arguments["title"])
    store.sessions.setdefault(key, []).append(arguments["status"])
    return {"status": arguments["status"]}


def _set_title(store: Store, key: tuple[str, str], title: str) -> None:
    if not 1 <= len(title) <= 200:
        raise SlackError("invalid_arguments", "title wants 1 to 200 characters")
    store.titles[key] = title


def session_rename(store: Store, arguments: Arguments) -> Reply:
    key = _thread(store, arguments)
    if key not in store.sessions:
        raise SlackError("session_not_found", "no session in this thread")
    _set_title(store, key, arguments["title"])
    return {"title": arguments["title"]}


def thread_status(store: Store, arguments: Arguments) -> Reply:
    if len(arguments.get("loading_messages", ())) > 10:
        raise SlackError("invalid_arguments", "at most 10 loading_messages")
    store.statuses.setdefault(_thread(store, arguments), []).append(arguments["status"])
    return {}


def thread_title(store: Store, arguments: Arguments) -> Reply:
    _set_title(store, _thread(store, arguments), arguments["title"])
    return {}


def thread_prompts(store: Store, arguments: Arguments) -> Reply:
    check_prompts(arguments["prompts"])
    key = (store.channel(arguments["channel_id"]).id, arguments.get("thread_ts", ""))
    store.prompts[key] = arguments["prompts"]
    return {}
