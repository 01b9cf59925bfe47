"""The local Slack misbehaves as told; response URLs; signed HTTP requests."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.servers.conftest import refusal
from tests.servers.loopback import Loopback
from tests.servers.slack.delivery import Delivery, post
from tests.servers.slack.events import callback
from tests.servers.slack.store import ALICE, GENERAL


def hello(client):
    return client.chat_postMessage(channel=GENERAL, text="hello")


async def test_a_rate_limit_says_when_to_come_back(slack, client):
    slack.rate_limit("chat.postMessage", times=2, retry_after=7)
    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            await hello(client)
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"] == "7"
    await hello(client)
    assert [c.error for c in slack.calls("chat.postMessage")] == ["ratelimited"] * 2 + [None]
    assert slack.violations == []


async def test_slack_sdk_understands_the_rate_limit(slack, client):
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    slack.rate_limit("chat.postMessage", retry_after=0)
    await hello(client)
    assert len(slack.messages(GENERAL)) == 1


async def test_a_method_fails_as_often_as_told(slack, client):
    slack.fail("chat.postMessage", "internal_error")
    slack.fail("chat.postMessage", "fatal_error", status=500)
    assert await refusal(hello(client)) == "internal_error"
    assert await refusal(hello(client)) == "fatal_error"
    await hello(client)
    assert slack.violations == []


async def test_streaming_can_be_missing(slack, client):
    slack.lack_streaming()
    call = client.chat_startStream(channel=GENERAL, thread_ts=slack.said("x").ts)
    assert await refusal(call) == "unknown_method"
    assert slack.violations == []


async def test_a_lost_reply_leaves_the_work_done(slack):
    slack.lose_reply("chat.postMessage")
    client = AsyncWebClient(slack.bot_token, base_url=slack.base_url, retry_handlers=[])
    with pytest.raises(aiohttp.ClientError):
        await hello(client)
    assert len(slack.messages(GENERAL)) == 1


async def test_a_held_call_waits_until_it_is_let_go(slack, client):
    gate = slack.hold("chat.postMessage")
    call = asyncio.create_task(hello(client))
    await slack.wait_for_calls("chat.postMessage")
    assert slack.messages(GENERAL) == []
    gate.set()
    await call
    assert len(slack.messages(GENERAL)) == 1


async def test_rates_are_kept_for_each_channel_once_switched_on(slack, client):
    now = 0.0
    slack.clock = lambda: now
    slack.limit_rates()
    for _ in range(60):
        await hello(client)
    assert await refusal(hello(client)) == "ratelimited"
    await client.chat_postMessage(channel="D0ALICE", text="elsewhere")
    now = 60.0
    await hello(client)


async def test_waiting_in_vain_tells_what_there_was(slack, client):
    await hello(client)
    with pytest.raises(TimeoutError, match="hello"):
        await slack.wait_for_message(lambda message: message.shown == "goodbye", timeout=0)


async def test_a_response_url_takes_five_messages(slack):
    url = AsyncWebhookClient(slack.response_urls.new(GENERAL, ALICE))
    for number in range(5):
        assert (await url.send(text=str(number))).status_code == 200
    assert (await url.send(text="5")).status_code == 404
    assert [message.shown for message in slack.messages(GENERAL)] == list("01234")
    assert "used_url" in slack.violations[0].why


async def test_a_response_url_that_was_not_given(slack):
    assert (await AsyncWebhookClient(slack.url("response/R1")).send(text="x")).status_code == 404
    assert "expired_url" in slack.violations[0].why


async def test_a_response_url_lasts_thirty_minutes(slack):
    now = 0.0
    slack.clock = lambda: now
    url = AsyncWebhookClient(slack.response_urls.new(GENERAL, ALICE))
    now = 1_800.0
    assert (await url.send(text="in time")).status_code == 200
    now = 1_801.0
    assert (await url.send(text="late")).status_code == 404
    assert "expired_url" in slack.violations[0].why


async def test_a_response_is_for_one_or_for_all_or_instead(slack, client):
    await hello(client)
    [original] = slack.messages(GENERAL)
    url = AsyncWebhookClient(slack.response_urls.new(GENERAL, ALICE, original))
    await url.send(text="for you")
    await url.send(text="for all", response_type="in_channel")
    await url.send(text="instead", replace_original=True)
    seen = {message.shown: message.visible_to for message in slack.messages(GENERAL)}
    assert seen == {"instead": None, "for you": ALICE, "for all": None}
    await url.send(delete_original=True)
    assert original not in slack.messages(GENERAL)


@pytest.mark.parametrize(
    "body", [{}, {"text": "x", "colour": "red"}, {"text": 7}, {"text": "x" * 40_001}]
)
async def test_a_response_keeps_to_the_rules_of_messages(slack, body):
    url = AsyncWebhookClient(slack.response_urls.new(GENERAL, ALICE))
    assert (await url.send_dict(body)).status_code == 404
    assert len(slack.violations) == 1


@pytest.fixture
async def http(slack, client):
    """A Bolt app behind HTTP, and its URL in the server."""
    app = AsyncApp(client=client, signing_secret=slack.signing_secret)
    site = web.Application()
    site.router.add_post("/slack/events", app.server(0).handle_post_requests)
    loopback = Loopback(site)
    await loopback.start()
    slack.events_url = f"http://127.0.0.1:{loopback.port}/slack/events"
    yield app
    await loopback.stop()


async def test_the_same_senders_speak_http(slack, http):
    seen = []

    @http.event("app_mention")
    async def mention(event):
        seen.append(event["ts"])
        slack.changes.notify()

    @http.command("/docent")
    async def command(ack, command):
        await ack(f"you said {command['text']}")

    question = await slack.mention("how?")
    await slack.wait_for(lambda: seen)
    assert seen == [question.ts]
    ack = await slack.slash("/docent", "status")
    assert ack.status == 200
    assert slack.messages(GENERAL)[1].shown == "you said status"


async def test_clicks_and_retries_go_over_http_too(slack, http, client):
    seen = []

    @http.action("again")
    async def click(ack, action):
        await ack()
        seen.append(action["selected_option"]["value"])

    @http.event("app_mention")
    async def mention(request):
        seen.append(request.headers.get("x-slack-retry-num"))
        slack.changes.notify()

    option = {"text": {"type": "plain_text", "text": "x"}, "value": "v"}
    menu = {"type": "overflow", "action_id": "again", "options": [option]}
    blocks = [{"type": "actions", "elements": [menu]}]
    await client.chat_postMessage(channel=GENERAL, text="x", blocks=blocks)
    await slack.action(slack.messages(GENERAL)[0], "again")
    assert seen == ["v"]
    slack.deliver_twice = True
    await slack.mention("how?")
    await slack.wait_for(lambda: len(seen) == 3)
    assert seen[1:] in ([None, ["1"]], [["1"], None])


@pytest.mark.parametrize(
    ("secret", "age", "status"),
    [(None, 0, 200), ("wrong", 0, 401), (None, 301, 401), (None, -301, 401)],
)
async def test_bolt_checks_our_signature(slack, http, secret, age, status):
    @http.event("app_mention")
    async def mention():
        pass

    delivery = Delivery("events_api", callback({"type": "app_mention", "channel": GENERAL}))
    ack = await post(
        slack.events_url,
        delivery,
        secret or slack.signing_secret,
        timestamp=int(time.time()) - age,
    )
    assert ack.status == status


async def test_everything_fails_for_a_time(slack, client):
    now = 0.0
    slack.clock = lambda: now
    slack.fail_for(12, "fatal_error", methods={"chat.postMessage"})
    assert await refusal(hello(client)) == "fatal_error"
    await client.auth_test()
    now = 12.0
    await hello(client)
    slack.fail_for(error="internal_error")
    assert await refusal(client.auth_test()) == "internal_error"
    slack.recover()
    await hello(client)
    assert slack.violations == []


async def test_a_restricted_channel_and_a_locked_thread_take_no_posts(slack, client):
    root = slack.said("x").ts
    slack.store.locked.add((GENERAL, root))
    reply = client.chat_postMessage(channel=GENERAL, thread_ts=root, text="x")
    assert await refusal(reply) == "restricted_action_thread_locked"
    await hello(client)
    slack.store.restricted[GENERAL] = "restricted_action"
    assert await refusal(hello(client)) == "restricted_action"
    assert slack.violations == []


async def test_who_is_removed_has_no_stream_there(slack, client):
    root = slack.said("x").ts
    where = {"channel": GENERAL, "thread_ts": root}
    recipient = {"recipient_team_id": "T0DOCENT", "recipient_user_id": ALICE}
    stream = await client.chat_startStream(**where, **recipient)
    assert [message.ts for message in slack.open_streams()] == [stream["ts"]]
    slack.remove_from(GENERAL)
    assert slack.open_streams() == []
    assert await refusal(hello(client)) == "not_in_channel"


async def test_the_status_of_a_thread_is_seen_until_it_is_taken_back(slack, client):
    root = slack.said("x").ts
    where = {"channel_id": GENERAL, "thread_ts": root}
    await client.agents_sessions_setStatus(**where, status="processing")
    await client.assistant_threads_setStatus(**where, status="is thinking")
    assert slack.processing_threads() == [(GENERAL, root)] * 2
    await client.chat_postMessage(channel=GENERAL, thread_ts=root, text="x")
    assert slack.processing_threads() == [(GENERAL, root)]
    await client.assistant_threads_setStatus(**where, status="is thinking")
    await client.assistant_threads_setStatus(**where, status="")
    await client.agents_sessions_setStatus(**where, status="active")
    assert slack.processing_threads() == []


async def test_kinds_of_blocks_and_a_second_table_can_be_refused(slack, client):
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    both = [{"type": "markdown", "text": table * 2}]
    await client.chat_postMessage(channel=GENERAL, text="x", blocks=both)
    slack.store.single_table = True
    call = client.chat_postMessage(channel=GENERAL, text="x", blocks=both)
    assert await refusal(call) == "invalid_blocks"
    one = [{"type": "markdown", "text": table}]
    await client.chat_postMessage(channel=GENERAL, text="x", blocks=one)
    slack.store.refused_blocks = {"markdown"}
    call = client.chat_postMessage(channel=GENERAL, text="x", blocks=one)
    assert await refusal(call) == "invalid_blocks"
    assert slack.violations == []


async def test_a_response_url_can_be_used_up(slack):
    slack.response_urls.refusal = (404, "used_url")
    url = AsyncWebhookClient(slack.response_urls.new(GENERAL, ALICE))
    response = await url.send(text="x")
    assert (response.status_code, "used_url" in response.body) == (404, True)
    assert slack.violations == []


async def test_held_calls_are_not_done_before_they_are_released(slack, client):
    hold = slack.hold_calls(lambda _, call: call.get("text") == "hello")
    calling = asyncio.create_task(hello(client))
    await slack.wait_for(lambda: hold.calls)
    await client.chat_postMessage(channel=GENERAL, text="another")
    assert [message.text for message in slack.messages(GENERAL)] == ["another"]
    hold.release()
    await calling
    await hello(client)
    assert [message.text for message in slack.messages(GENERAL)] == ["another", "hello", "hello"]


async def test_held_calls_can_be_dropped(slack, client):
    hold = slack.hold_calls(lambda method, _: method == "chat.postMessage")
    refused = asyncio.create_task(refusal(hello(client)))
    await slack.wait_for(lambda: hold.calls)
    hold.drop()
    assert await refused == "dropped"
    assert slack.messages(GENERAL) == []


async def test_the_reply_alone_can_be_held(slack, client):
    hold = slack.hold_calls(lambda method, _: method == "chat.postMessage", done=True)
    calling = asyncio.create_task(hello(client))
    await slack.wait_for(lambda: hold.calls)
    assert [message.text for message in slack.messages(GENERAL)] == ["hello"]
    assert not calling.done()
    hold.drop()
    with pytest.raises(SlackApiError):
        await calling


async def test_calls_say_which_process_made_them(slack):
    for name in ("a", "b"):
        own = AsyncWebClient(slack.bot_token, base_url=slack.base_url_of(name))
        await hello(own)
    assert [call.process for call in slack.calls("chat.postMessage")] == ["a", "b"]
