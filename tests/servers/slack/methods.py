"""The Web API's methods, which change the store once their arguments are checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.servers.slack import agents, streams
from tests.servers.slack.limits import UPDATE_TEXT, check_content, read_markdown
from tests.servers.slack.store import BOT, BOT_USER, TEAM, Message, SlackError, Store

Arguments = dict[str, Any]
Reply = dict[str, Any]
Handler = Callable[[Store, Arguments], Reply]

CONVERSATION_KINDS = {
    "public_channel": "channel",
    "private_channel": "group",
    "im": "im",
    "mpim": "mpim",
}


def _auth_test(store: Store, arguments: Arguments) -> Reply:
    del arguments
    grid = {"enterprise_id": store.enterprise} if store.enterprise else {}
    return grid | {
        "url": "https://docent-test.slack.com/",
        "team": "docent test",
        "user": "docent",
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "is_enterprise_install": False,
    }


def _new_message(store: Store, arguments: Arguments) -> Message:
    check_content(arguments)
    channel = store.channel(arguments["channel"])
    thread_ts = arguments.get("thread_ts")
    if thread_ts is not None:
        store.root(channel.id, thread_ts)
    store.check_open(channel.id, thread_ts)
    store.check_tables(*read_markdown(arguments))
    store.check_kinds(arguments.get("blocks", []))
    return Message(
        channel=channel.id,
        ts=store.new_ts(),
        user=BOT_USER,
        bot_id=BOT,
        text=arguments.get("text", ""),
        markdown=arguments.get("markdown_text", ""),
        blocks=arguments.get("blocks", []),
        thread_ts=thread_ts,
        metadata=arguments.get("metadata"),
    )


def _post_message(store: Store, arguments: Arguments) -> Reply:
    if arguments["channel"] in store.users:  # stands in their direct messages
        arguments["channel"] = store.open_direct(arguments["channel"]).id
    message = store.add(_new_message(store, arguments))
    return {"channel": message.channel, "ts": message.ts, "message": message.as_json()}


def _post_ephemeral(store: Store, arguments: Arguments) -> Reply:
    channel = store.channel(arguments["channel"])
    if arguments["user"] not in channel.members:
        raise SlackError("user_not_in_channel", arguments["user"])
    message = _new_message(store, arguments)
    message.visible_to = arguments["user"]
    return {"message_ts": store.add(message).ts}


def _own(store: Store, arguments: Arguments, refusal: str) -> Message:
    message = store.find(store.channel(arguments["channel"]).id, arguments["ts"])
    if not message.by_bot:
        raise SlackError(refusal, "someone else's message")
    return message


def _update(store: Store, arguments: Arguments) -> Reply:
    message = _own(store, arguments, "cant_update_message")
    if message.live:
        # It may be the stream of a process that died, of which docent can't know that it is one.
        raise SlackError("streaming_state_conflict", "the message is still streaming", fault=False)
    check_content(arguments, most_text=UPDATE_TEXT)
    store.check_tables(*read_markdown(arguments))
    store.check_kinds(arguments.get("blocks", []))
    message.text = arguments.get("text", "")
    message.markdown = arguments.get("markdown_text", "")
    # Slack keeps the previous blocks where none are given; an empty list removes them.
    message.blocks = arguments.get("blocks", message.blocks)
    message.stream_blocks = []
    message.edited = store.new_ts()
    return {"channel": message.channel, "ts": message.ts, "text": message.text}


def _delete(store: Store, arguments: Arguments) -> Reply:
    message = _own(store, arguments, "cant_delete_message")
    del store.all[message.channel, message.ts]
    return {"channel": message.channel, "ts": message.ts}


def _permalink(store: Store, arguments: Arguments) -> Reply:
    message = store.find(arguments["channel"], arguments["message_ts"])
    path = f"{message.channel}/p{message.ts.replace('.', '')}"
    link = f"https://docent-test.slack.com/archives/{path}"
    return {"channel": message.channel, "permalink": link}


def _page(store: Store, messages: Iterable[Message], arguments: Arguments, *, most: int) -> Reply:
    """One page of messages; the cursor is the offset."""
    limit = arguments.get("limit", 100)
    if not 1 <= limit <= most:
        raise SlackError("invalid_limit", f"{limit}, wants 1 to {most}")
    shown = [m for m in messages if not m.visible_to and _in_window(m.ts, arguments)]
    start = int(arguments.get("cursor") or 0)
    more = len(shown) > start + limit
    return {
        "messages": [
            _as_listed(store, message, with_metadata=bool(arguments.get("include_all_metadata")))
            for message in shown[start : start + limit]
        ],
        "has_more": more,
        "response_metadata": {"next_cursor": str(start + limit) if more else ""},
    }


def _as_listed(store: Store, message: Message, *, with_metadata: bool) -> Reply:
    """A message as a list has it: the first of a thread says how far the thread goes."""
    replies = [m for m in store.replies(message) if not m.visible_to]
    listed = message.as_json()
    if not with_metadata:
        listed.pop("metadata", None)
    if not replies:
        return listed
    return listed | {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": sorted({reply.user for reply in replies}),
        "latest_reply": replies[-1].ts,
    }


def _in_window(ts: str, arguments: Arguments) -> bool:
    oldest, latest = arguments.get("oldest", "0"), arguments.get("latest", "9999999999")
    if ts in {oldest, latest}:
        return bool(arguments.get("inclusive"))
    return float(oldest) < float(ts) < float(latest)


def _replies(store: Store, arguments: Arguments) -> Reply:
    channel = store.channel(arguments["channel"])
    if (channel.id, arguments["ts"]) not in store.all:
        raise SlackError("thread_not_found", arguments["ts"])
    return _page(store, store.messages(channel.id, arguments["ts"]), arguments, most=1_000)


def _history(store: Store, arguments: Arguments) -> Reply:
    channel = store.channel(arguments["channel"])
    roots = [m for m in store.messages(channel.id) if m.thread_ts in {None, m.ts}]
    return _page(store, reversed(roots), arguments, most=999)


def _info(store: Store, arguments: Arguments) -> Reply:
    channel = store.channels.get(arguments["channel"])
    if channel is None:
        raise SlackError("channel_not_found", arguments["channel"])
    body: Reply = {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind == "channel",
        "is_private": channel.kind == "group",
        "is_im": channel.kind == "im",
        "is_member": BOT_USER in channel.members,
    }
    if arguments.get("include_num_members"):
        body["num_members"] = len(channel.members)
    return {"channel": body}


def _conversations(store: Store, arguments: Arguments) -> Reply:
    """docent's own conversations of one kind, or of several."""
    kinds = arguments.get("types", "public_channel").split(",")
    wanted = {CONVERSATION_KINDS[kind] for kind in kinds}
    own = [each for each in store.channels.values() if BOT_USER in each.members]
    shown = [each for each in own if each.kind in wanted]
    start, limit = int(arguments.get("cursor") or 0), arguments.get("limit", 100)
    more = len(shown) > start + limit
    return {
        "channels": [
            {"id": each.id, "is_im": each.kind == "im", "is_mpim": each.kind == "mpim"}
            | ({"user": next(iter(each.members - {BOT_USER}))} if each.kind == "im" else {})
            for each in shown[start : start + limit]
        ],
        "response_metadata": {"next_cursor": str(start + limit) if more else ""},
    }


def _open(store: Store, arguments: Arguments) -> Reply:
    users = arguments.get("users", "")
    if "," in users or not users:
        raise SlackError("not_supported_here", "conversations.open wants one user")
    return {"channel": {"id": store.open_direct(users).id}}


def _react(store: Store, arguments: Arguments) -> tuple[set[str], str]:
    name = arguments["name"].strip(":")
    if name != arguments["name"]:
        raise SlackError("invalid_name", "an emoji's name is given without colons")
    message = store.find(arguments["channel"], arguments["timestamp"])
    return message.reactions.setdefault(name, set()), name


def _reactions_add(store: Store, arguments: Arguments) -> Reply:
    users, name = _react(store, arguments)
    if BOT_USER in users:
        raise SlackError("already_reacted", name, fault=False)
    users.add(BOT_USER)
    return {}


def _reactions_remove(store: Store, arguments: Arguments) -> Reply:
    users, name = _react(store, arguments)
    if BOT_USER not in users:
        raise SlackError("no_reaction", name, fault=False)
    users.discard(BOT_USER)
    return {}


def _reactions_get(store: Store, arguments: Arguments) -> Reply:
    message = store.find(arguments.get("channel", ""), arguments.get("timestamp", ""))
    return {"type": "message", "message": message.as_json()}


def _users_info(store: Store, arguments: Arguments) -> Reply:
    user = arguments["user"]
    if user not in store.users:
        raise SlackError("user_not_found", user)
    team = store.teams.get(user, TEAM)
    body: Reply = {
        "id": user,
        "team_id": team,
        "name": store.users[user],
        "profile": {"display_name": store.users[user].capitalize()},
        "is_bot": user == BOT_USER,
        "is_restricted": user in store.guests,
        "deleted": user in store.deactivated,
    }
    if user in store.enterprises:
        grid = {"id": f"W{user[1:]}", "enterprise_id": store.enterprises[user], "teams": [team]}
        body["enterprise_user"] = grid
    if arguments.get("include_locale"):
        body["locale"] = store.locales.get(user, "en-US")
    return {"user": body}


def _usergroups_list(store: Store, arguments: Arguments) -> Reply:
    groups: list[Reply] = [{"id": group, "handle": group.lower()} for group in store.usergroups]
    if arguments.get("include_users"):
        groups = [group | {"users": sorted(store.usergroups[group["id"]])} for group in groups]
    return {"usergroups": groups}


def _usergroup_users(store: Store, arguments: Arguments) -> Reply:
    if arguments["usergroup"] not in store.usergroups:
        raise SlackError("no_such_subteam", arguments["usergroup"], fault=False)
    return {"users": sorted(store.usergroups[arguments["usergroup"]])}


HANDLERS: dict[str, Handler] = {
    "auth.test": _auth_test,
    "chat.postMessage": _post_message,
    "chat.postEphemeral": _post_ephemeral,
    "chat.update": _update,
    "chat.delete": _delete,
    "chat.getPermalink": _permalink,
    "chat.startStream": streams.start,
    "chat.appendStream": streams.append,
    "chat.stopStream": streams.stop,
    "conversations.replies": _replies,
    "conversations.history": _history,
    "conversations.info": _info,
    "conversations.open": _open,
    "reactions.add": _reactions_add,
    "reactions.remove": _reactions_remove,
    "reactions.get": _reactions_get,
    "users.conversations": _conversations,
    "users.info": _users_info,
    "usergroups.list": _usergroups_list,
    "usergroups.users.list": _usergroup_users,
    "views.publish": agents.publish,
    "views.open": agents.views_open,
    "views.update": agents.views_update,
    "agents.sessions.setStatus": agents.session_status,
    "agents.sessions.rename": agents.session_rename,
    "assistant.threads.setStatus": agents.thread_status,
    "assistant.threads.setTitle": agents.thread_title,
    "assistant.threads.setSuggestedPrompts": agents.thread_prompts,
}
