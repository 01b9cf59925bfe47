"""Deliveries through the real Bolt app and Socket Mode client."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.conftest import connected
from tests.servers.slack.delivery import MOST_SOCKETS
from tests.servers.slack.store import ALICE, BOT_USER, GENERAL


def record(slack, app, *names):
    """Listen for events and keep what came, in order."""
    seen = []

    async def keep(event, body, request):
        seen.append((event, body["event_id"], request.headers))
        slack.changes.notify()

    for name in names:
        app.event(name)(keep)
    return seen


async def settle(slack, seen, count):
    """All events, in the order of sending, once there are `count`."""
    await slack.wait_for(lambda: len(seen) >= count, what=f"{count} events")
    assert len(seen) == count
    # Ids are given in the order of sending; listeners may run in another.
    return sorted(seen, key=lambda item: item[1])


async def test_a_mention_is_answered_in_its_thread(slack, bolt):
    @bolt.event("app_mention")
    async def answer(event, client):
        await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text="hi")

    question = await slack.mention("hello?")
    reply = await slack.wait_for_reply(question)
    assert (reply.shown, reply.thread_ts) == ("hi", question.ts)
    assert slack.messages(GENERAL, question.ts) == [question, reply]
    assert slack.violations == []


async def test_a_mention_has_the_shape_that_slack_sends(slack, bolt):
    seen = record(slack, bolt, "app_mention")
    sent = await slack.mention("how?", thread_ts=slack.said("root").ts)
    [(event, _, headers)] = await settle(slack, seen, 1)
    assert event["text"] == f"<@{BOT_USER}> how?"
    assert event["thread_ts"] == sent.thread_ts != event["ts"]
    assert event["user"] == ALICE
    assert "channel_type" not in event
    assert headers["x-slack-retry-num"] == ["0"]


async def test_a_direct_message_says_that_it_is_one(slack, bolt):
    seen = record(slack, bolt, "message")
    sent = await slack.dm("how?")
    [(event, _, _)] = await settle(slack, seen, 1)
    assert event["channel_type"] == "im"
    assert event["channel"] == sent.channel == "D0ALICE"


async def test_a_message_can_come_from_a_bot_or_have_a_subtype(slack, bolt):
    seen = record(slack, bolt, "message")
    await slack.message("beep", bot_id="B0OTHER")
    await slack.message("joined", subtype="channel_join")
    (first, _, _), (second, _, _) = await settle(slack, seen, 2)
    assert first["bot_id"] == "B0OTHER"
    assert second["subtype"] == "channel_join"


@pytest.mark.parametrize(
    ("order", "kinds"),
    [("after", ["app_mention", "message"]), ("before", ["message", "app_mention"])],
)
async def test_a_mention_can_come_as_message_too(slack, bolt, order, kinds):
    seen = record(slack, bolt, "app_mention", "message")
    slack.double_mentions = order
    sent = await slack.mention("how?")
    events = await settle(slack, seen, 2)
    assert [event["type"] for event, _, _ in events] == kinds
    assert {event["ts"] for event, _, _ in events} == {sent.ts}
    assert len({event_id for _, event_id, _ in events}) == 2


async def test_an_event_delivered_twice_keeps_its_id(slack, bolt):
    seen = record(slack, bolt, "app_mention")
    slack.deliver_twice = True
    await slack.mention("how?")
    events = await settle(slack, seen, 2)
    assert len({event_id for _, event_id, _ in events}) == 1
    assert sorted(h["x-slack-retry-num"] for _, _, h in events) == [["0"], ["1"]]


async def test_an_edit_that_mentions_comes_in_both_forms(slack, bolt):
    seen = record(slack, bolt, "app_mention", "message")
    message = slack.said("oops")
    await slack.edit(message, f"<@{BOT_USER}> what is it?")
    (changed, _, _), (mention, _, _) = await settle(slack, seen, 2)
    assert changed["subtype"] == "message_changed"
    assert changed["previous_message"]["text"] == "oops"
    assert mention["type"] == "app_mention"
    assert mention["ts"] == message.ts
    assert "edited" in mention


async def test_a_deleted_message_is_gone(slack, bolt):
    seen = record(slack, bolt, "message")
    message = slack.said("oops")
    await slack.delete(message)
    [(event, _, _)] = await settle(slack, seen, 1)
    assert event["deleted_ts"] == message.ts
    assert slack.messages(GENERAL) == []


async def test_a_command_gets_its_ack_and_its_response_url(slack, bolt):
    @bolt.command("/docent")
    async def command(ack, respond, command):
        await ack("working")
        await respond(f"done: {command['text']}")

    ack = await slack.slash("/docent", "status")
    await slack.wait_for_message(lambda message: message.shown == "done: status")
    assert ack.kind == "slash_commands"
    shown = [(message.shown, message.visible_to) for message in slack.messages(GENERAL)]
    assert sorted(shown) == [("done: status", ALICE), ("working", ALICE)]
    assert slack.violations == []


async def test_a_click_reports_the_element_that_is_there(slack, bolt, client):
    clicks = []

    @bolt.action("again")
    async def clicked(ack, body, action):
        await ack()
        clicks.append((action["value"], body["container"]["message_ts"]))

    button = {
        "type": "button",
        "action_id": "again",
        "value": "42",
        "text": {"type": "plain_text", "text": "Ask again"},
    }
    await client.chat_postMessage(
        channel=GENERAL, text="x", blocks=[{"type": "actions", "elements": [button]}]
    )
    [message] = slack.messages(GENERAL)
    await slack.action(message, "again")
    assert clicks == [("42", message.ts)]
    with pytest.raises(LookupError, match="other"):
        await slack.action(message, "other")


async def test_feedback_buttons_report_the_chosen_value(slack, bolt, client):
    values = []

    @bolt.action("feedback")
    async def clicked(ack, action):
        await ack()
        values.append(action["value"])

    def button(value):
        return {"text": {"type": "plain_text", "text": value}, "value": value}

    feedback = {
        "type": "feedback_buttons",
        "action_id": "feedback",
        "positive_button": button("good"),
        "negative_button": button("bad"),
    }
    await client.chat_postMessage(
        channel=GENERAL, text="x", blocks=[{"type": "context_actions", "elements": [feedback]}]
    )
    await slack.action(slack.messages(GENERAL)[0], "feedback", value="bad")
    assert values == ["bad"]


async def test_an_app_that_is_not_connected_is_named(slack, monkeypatch):
    monkeypatch.setattr("tests.servers.slack.senders.ACK_SECONDS", 0)
    with pytest.raises(TimeoutError, match="not connected"):
        await slack.mention("anyone?")


async def test_an_event_whose_socket_is_cut_is_sent_again(slack, bolt):
    seen = record(slack, bolt, "app_mention")
    first, release = asyncio.Event(), asyncio.Event()

    @bolt.middleware
    async def slow_once(next_, request):
        if request.headers["x-slack-retry-num"] == ["0"]:
            first.set()
            await release.wait()
        await next_()

    sending = asyncio.create_task(slack.mention("how?"))
    await first.wait()
    slack.sockets.abort()
    await sending
    [(_, _, headers)] = await settle(slack, seen, 1)
    assert headers["x-slack-retry-num"] == ["1"]
    assert slack.sockets.opened == 2
    release.set()


@pytest.mark.parametrize("how", ["abort", "close", "ask"])
async def test_the_client_comes_back_after_every_kind_of_end(slack, bolt, how):
    seen = record(slack, bolt, "app_mention")
    await slack.wait_connected()
    if how == "abort":
        slack.sockets.abort()
    elif how == "close":
        await slack.sockets.close()
    else:
        await slack.sockets.ask_to_reconnect("refresh_requested")
    await slack.wait_connected(2)
    await slack.mention("still there?")
    await settle(slack, seen, 1)


async def test_every_connection_gets_its_share(slack, client):
    async with connected(slack, client) as one, connected(slack, client) as two:
        counts = [record(slack, one, "app_mention"), record(slack, two, "app_mention")]
        await slack.mention("first")
        await slack.mention("second")
        assert [len(await settle(slack, seen, 1)) for seen in counts] == [1, 1]


async def test_a_ticket_lets_one_connection_in(slack, client):
    await client.apps_connections_open(app_token=slack.app_token)
    url = slack.url(f"link?ticket={slack.sockets.ticket()}")
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as socket:
            assert (await socket.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_an_eleventh_connection_is_too_many(slack):
    async with aiohttp.ClientSession() as session:
        links = [f"link?ticket={slack.sockets.ticket()}" for _ in range(MOST_SOCKETS + 1)]
        sockets = [await session.ws_connect(slack.url(link)) for link in links]
        hellos = [await socket.receive_json() for socket in sockets]
    assert hellos[-2]["num_connections"] == MOST_SOCKETS
    assert hellos[-1]["reason"] == "too_many_websockets"
    assert slack.violations[0].where == "socket"


@pytest.mark.usefixtures("bolt")
async def test_a_delivery_without_an_ack_is_named(slack, monkeypatch):
    monkeypatch.setattr("tests.servers.slack.senders.ACK_SECONDS", 0)
    await slack.wait_connected()
    with pytest.raises(TimeoutError, match="did not ack"):
        await slack.mention("nobody listens to mentions")


async def test_a_command_whose_socket_is_cut_is_lost(slack, bolt):
    came = asyncio.Event()

    @bolt.command("/docent")
    async def never(ack):  # noqa: ARG001
        came.set()
        await asyncio.Event().wait()

    sending = asyncio.create_task(slack.slash("/docent"))
    await came.wait()
    slack.sockets.abort()
    with pytest.raises(ConnectionResetError):
        await sending


async def test_an_ack_keeps_to_the_rules_of_messages(slack, bolt):
    @bolt.command("/docent")
    async def too_much(ack):
        await ack("x" * 40_001)

    await slack.slash("/docent")
    assert slack.violations[0].where == "ack"


@pytest.mark.parametrize(
    "frame",
    [{"envelope_id": "never sent"}, {"type": "message", "text": "hello"}],
    ids=["unknown envelope", "not an ack"],
)
async def test_what_is_no_ack_is_a_violation(slack, frame):
    url = slack.url(f"link?ticket={slack.sockets.ticket()}")
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.send_json(frame)
        await slack.wait_for(lambda: slack.violations, what="a violation")
    assert slack.violations[0].where == "ack"


async def test_an_ack_that_comes_twice_is_a_violation(slack):
    url = slack.url(f"link?ticket={slack.sockets.ticket()}")
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.receive_json()
        sending = asyncio.create_task(slack.mention("how?"))
        ack = {"envelope_id": (await socket.receive_json())["envelope_id"]}
        await socket.send_json(ack)
        await sending
        await socket.send_json(ack)
        await slack.wait_for(lambda: slack.violations, what="a violation")
    assert "twice" in slack.violations[0].why


async def test_an_ack_that_is_lost_brings_the_event_again(slack, bolt):
    seen = record(slack, bolt, "app_mention")
    slack.sockets.loses_acks = True
    sending = asyncio.create_task(slack.mention("how?"))
    await slack.wait_for(lambda: slack.sockets.lost_acks == len(seen) == 1)
    slack.sockets.loses_acks = False
    slack.sockets.abort()
    await sending
    await slack.wait_for(lambda: len(seen) == 2)
    assert [headers["x-slack-retry-num"] for _, _, headers in seen] == [["0"], ["1"]]


async def test_one_process_of_two_can_be_preferred(slack):
    clients = {
        name: AsyncWebClient(slack.bot_token, base_url=slack.base_url_of(name)) for name in "ab"
    }
    async with connected(slack, clients["a"]) as first, connected(slack, clients["b"]) as second:
        seen = {"a": record(slack, first, "app_mention"), "b": record(slack, second, "app_mention")}
        slack.sockets.preferred = "b"
        for _ in range(3):
            await slack.mention("how?")
        await settle(slack, seen["b"], 3)
    assert seen["a"] == []
    assert not slack.sockets.is_connected("b")
