"""The Web API of the local Slack through the real client: what its methods do."""

from __future__ import annotations

import inspect

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.conftest import refusal
from tests.servers.slack.arguments import METHODS
from tests.servers.slack.methods import HANDLERS
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import ALICE, BOT, BOT_USER, GENERAL, PRIVATE, TEAM

DIRECT = "D0ALICE"
TASKS = [{"title": "How?", "message": "How does it work?"}]


def modal(**more):
    return {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []} | more


@pytest.mark.parametrize(("size", "code"), [(4_000, None), (4_001, "msg_too_long")])
async def test_an_update_takes_4000_characters(client, size, code):
    ts = (await client.chat_postMessage(channel=GENERAL, text="x"))["ts"]
    update = client.chat_update(channel=GENERAL, ts=ts, text="y" * size)
    assert (await refusal(update) if code else (await update).get("error")) == code


async def test_an_update_keeps_blocks_that_it_does_not_name(slack, client):
    divider = [{"type": "section", "text": {"type": "mrkdwn", "text": "kept"}}]
    ts = (await client.chat_postMessage(channel=GENERAL, text="x", blocks=divider))["ts"]
    await client.chat_update(channel=GENERAL, ts=ts, text="new")
    [message] = slack.messages(GENERAL)
    assert message.shown == "kept"
    await client.chat_update(channel=GENERAL, ts=ts, text="new", blocks=[])
    assert message.shown == "new"
    assert message.edited


async def test_a_reply_to_a_reply_is_refused(slack, client):
    root = slack.said("root")
    reply = slack.said("reply", thread_ts=root.ts)
    call = client.chat_postMessage(channel=GENERAL, text="x", thread_ts=reply.ts)
    assert await refusal(call) == "invalid_thread_ts"


@pytest.mark.parametrize("token", ["xoxb-wrong", "xapp-docent-test"])
async def test_a_wrong_token_is_no_violation_but_lets_nothing_through(slack, token):
    client = AsyncWebClient(token, base_url=slack.base_url)
    assert await refusal(client.auth_test()) == "invalid_auth"
    assert slack.violations == []


async def test_no_token(slack):
    assert await refusal(AsyncWebClient(base_url=slack.base_url).auth_test()) == "not_authed"


async def test_a_socket_wants_the_app_token(slack, client):
    call = client.apps_connections_open(app_token=slack.bot_token)
    assert await refusal(call) == "invalid_auth"


async def test_auth_test_tells_who_the_bot_is(client):
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == (TEAM, BOT_USER, BOT)


@pytest.mark.parametrize(
    ("granted", "channel", "fine"),
    [
        ("channels:history", GENERAL, True),
        ("groups:history", PRIVATE, True),
        ("im:history", DIRECT, True),
        ("channels:history", PRIVATE, False),
        ("im:history", GENERAL, False),
    ],
)
async def test_a_scope_that_was_not_granted_is_missing(granted, channel, fine):
    async with SlackServer(scopes={granted}) as slack:
        client = AsyncWebClient(slack.bot_token, base_url=slack.base_url)
        ts = slack.said("x", channel=channel).ts
        call = client.conversations_replies(channel=channel, ts=ts)
        if fine:
            assert len((await call)["messages"]) == 1
        else:
            assert await refusal(call) == "missing_scope"
            assert len(slack.violations) == 1


async def test_replies_come_in_pages_oldest_first(slack, client):
    root = slack.said("0")
    for number in range(1, 5):
        slack.said(str(number), thread_ts=root.ts)
    slack.said("elsewhere")
    pages = await client.conversations_replies(channel=GENERAL, ts=root.ts, limit=2)
    texts = [[message["text"] for message in page["messages"]] async for page in pages]
    assert texts == [["0", "1"], ["2", "3"], ["4"]]


async def test_metadata_is_read_back_where_it_is_asked_for(slack, client):
    root = slack.said("how?")
    metadata = {"event_type": "a", "event_payload": {"b": "c"}}
    posted = await client.chat_postMessage(
        channel=GENERAL, thread_ts=root.ts, text="x", metadata=metadata
    )
    await client.chat_update(channel=GENERAL, ts=posted["ts"], text="y")
    for asked, expected in ((None, None), (True, metadata)):
        page = await client.conversations_replies(
            channel=GENERAL, ts=root.ts, include_all_metadata=asked
        )
        assert page["messages"][1].get("metadata") == expected


async def test_history_is_roots_newest_first_within_the_window(slack, client):
    first, second, third = (slack.said(text) for text in "abc")
    slack.said("reply", thread_ts=second.ts)
    answer = await client.conversations_history(channel=GENERAL, oldest=first.ts)
    assert [message["ts"] for message in answer["messages"]] == [third.ts, second.ts]
    answer = await client.conversations_history(channel=GENERAL, oldest=third.ts, inclusive=True)
    assert [message["ts"] for message in answer["messages"]] == [third.ts]


async def test_an_ephemeral_message_is_seen_by_one_and_is_in_no_history(slack, client):
    await client.chat_postEphemeral(channel=GENERAL, user=ALICE, text="psst")
    [message] = slack.messages(GENERAL)
    assert message.visible_to == ALICE
    assert (await client.conversations_history(channel=GENERAL))["messages"] == []
    call = client.chat_update(channel=GENERAL, ts=message.ts, text="x")
    assert await refusal(call) == "message_not_found"


async def test_reactions(slack, client):
    message = slack.said("x")
    where = {"channel": GENERAL, "timestamp": message.ts}
    await client.reactions_add(name="eyes", **where)
    assert message.reactions == {"eyes": {BOT_USER}}
    assert await refusal(client.reactions_add(name="eyes", **where)) == "already_reacted"
    found = (await client.reactions_get(**where))["message"]["reactions"]
    assert found == [{"name": "eyes", "users": [BOT_USER], "count": 1}]
    await client.reactions_remove(name="eyes", **where)
    assert await refusal(client.reactions_remove(name="eyes", **where)) == "no_reaction"
    assert slack.violations == []


async def test_people_groups_and_channels(slack, client):
    slack.store.usergroups["S0ADMINS"] = {ALICE}
    slack.store.locales[ALICE] = "de-DE"
    user = (await client.users_info(user=ALICE, include_locale=True))["user"]
    assert (user["name"], user["locale"]) == ("alice", "de-DE")
    assert (await client.usergroups_users_list(usergroup="S0ADMINS"))["users"] == [ALICE]
    groups = (await client.usergroups_list(include_users=True))["usergroups"]
    assert groups[0]["users"] == [ALICE]
    assert (await client.conversations_info(channel=GENERAL))["channel"]["is_member"]
    assert (await client.conversations_open(users=ALICE))["channel"]["id"] == DIRECT


async def test_sessions_titles_status_and_prompts_are_kept(slack, client):
    root = slack.said("x", channel=DIRECT)
    where = {"channel_id": DIRECT, "thread_ts": root.ts}
    key = (DIRECT, root.ts)
    await client.agents_sessions_setStatus(status="processing", title="A", **where)
    await client.agents_sessions_setStatus(status="active", title="ignored", **where)
    assert (slack.store.sessions[key], slack.store.titles[key]) == (["processing", "active"], "A")
    await client.agents_sessions_rename(title="B", **where)
    assert slack.store.titles[key] == "B"
    await client.assistant_threads_setTitle(title="C", **where)
    await client.assistant_threads_setStatus(status="reading", **where)
    await client.assistant_threads_setSuggestedPrompts(prompts=TASKS, **where)
    assert slack.store.statuses[key] == ["reading"]
    assert slack.store.prompts[key] == TASKS
    assert slack.violations == []


async def test_views(slack, client):
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    await client.views_publish(user_id=ALICE, view=home)
    assert slack.store.homes[ALICE] == home
    slack.store.triggers.add("trigger")
    opened = await client.views_open(trigger_id="trigger", view=modal())
    await client.views_update(view_id=opened["view"]["id"], view=modal(callback_id="x"))
    assert slack.store.views[opened["view"]["id"]]["callback_id"] == "x"
    again = client.views_open(trigger_id="trigger", view=modal())
    assert await refusal(again) == "invalid_trigger_id"


async def test_a_channel_without_the_bot_and_a_group_that_is_not_there(slack, client):
    slack.store.channels[GENERAL].members.remove(BOT_USER)
    call = client.chat_postMessage(channel=GENERAL, text="x")
    assert await refusal(call) == "not_in_channel"
    assert await refusal(client.usergroups_users_list(usergroup="S1")) == "no_such_subteam"
    assert slack.violations == []


async def test_a_permalink_and_a_deletion(slack, client):
    ts = (await client.chat_postMessage(channel=GENERAL, text="x"))["ts"]
    link = (await client.chat_getPermalink(channel=GENERAL, message_ts=ts))["permalink"]
    assert ts.replace(".", "") in link
    await client.chat_delete(channel=GENERAL, ts=ts)
    assert slack.messages(GENERAL) == []


def test_every_method_has_a_handler():
    assert set(HANDLERS) | {"apps.connections.open"} == set(METHODS)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_the_arguments_are_those_of_the_real_client(method):
    """Every argument that slack_sdk names is known here, so that strictness refuses no real one."""
    function = getattr(AsyncWebClient, method.replace(".", "_"))
    named = set(inspect.signature(function).parameters) - {"self", "kwargs", "app_token"}
    known = METHODS[method].required | METHODS[method].optional
    assert named - set(known) <= {"file", "file_comment"}
