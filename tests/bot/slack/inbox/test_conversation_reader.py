"""Conversation reader: pages, missing scopes and the rate, against the local Slack."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client.workspace import SlackClients
from bot.slack.inbox import conversation_reader as module
from bot.slack.inbox.conversation_reader import Conversation, ConversationReader, RateUsedUpError
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import ALICE, BOB, GENERAL, GROUP, PRIVATE


class Clock:
    """Time that only waiting moves on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module.asyncio, "sleep", clock.sleep)
    return clock


@pytest.fixture
def reader(slack_server: SlackServer, clock: Clock) -> ConversationReader:
    client = AsyncWebClient(
        slack_server.bot_token, base_url=slack_server.base_url, retry_handlers=[]
    )
    return ConversationReader(SlackClients.of(client, client, clock=clock))


async def test_all_kinds_are_listed_over_pages(
    reader: ConversationReader, slack_server: SlackServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "PAGE_SIZE", 1)
    direct = [slack_server.store.open_direct(user).id for user in (ALICE, BOB)]
    assert set(await reader.list_conversations()) == {
        Conversation(GENERAL, "channel"),
        Conversation(PRIVATE, "group"),
        Conversation(GROUP, "mpim"),
        *(Conversation(each, "im") for each in direct),
    }


@pytest.mark.parametrize(
    ("channel", "active_at"),
    [
        ({}, 0.0),
        ({"latest": None}, 0.0),
        ({"latest": "7.5"}, 7.5),
        ({"latest": {"ts": "7.5"}}, 7.5),
    ],
)
def test_the_newest_message_is_told_in_several_forms(channel: dict[str, Any], active_at: float):
    assert module._get_activity(channel) == active_at


async def test_a_missing_scope_costs_only_its_own_kind(
    reader: ConversationReader, slack_server: SlackServer, caplog: pytest.LogCaptureFixture
):
    slack_server.scopes = {"channels:read", "mpim:read"}
    found = await reader.list_conversations()
    assert {each.kind for each in found} == {"channel", "mpim"}
    assert "im (missing_scope), private_channel (missing_scope)" in caplog.text
    slack_server.violations.clear()


async def test_history_goes_back_to_the_time_and_no_further(
    reader: ConversationReader, slack_server: SlackServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "PAGE_SIZE", 2)
    said = [slack_server.said(f"{number}", ts=f"{number}00.000001") for number in range(1, 8)]
    messages = await reader.read_history(GENERAL, 450.0)
    assert [each["ts"] for each in messages] == [each.ts for each in reversed(said[3:])]
    assert len(slack_server.calls("conversations.history")) == 2


async def test_replies_come_without_the_first_message(
    reader: ConversationReader, slack_server: SlackServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "PAGE_SIZE", 2)
    root = slack_server.said("root", ts="100.000001")
    for number in range(2, 8):
        slack_server.said(f"{number}", ts=f"{number}00.000001", thread_ts=root.ts)
    replies = await reader.read_replies(GENERAL, root.ts, 350.0)
    assert [each["text"] for each in replies] == ["4", "5", "6", "7"]


async def test_it_waits_as_slack_says_and_reads_on(
    reader: ConversationReader, slack_server: SlackServer, clock: Clock
):
    slack_server.rate_limit("conversations.history", retry_after=7)
    slack_server.said("hello")
    [message] = await reader.read_history(GENERAL, 0.0)
    assert message["text"] == "hello"
    assert clock.now >= 7


async def test_it_gives_up_when_slack_goes_on_refusing(
    reader: ConversationReader, slack_server: SlackServer
):
    slack_server.rate_limit("conversations.history", times=5)
    with pytest.raises(RateUsedUpError):
        await reader.read_history(GENERAL, 0.0)
    assert len(slack_server.calls("conversations.history")) == module.MAX_REFUSALS
    reader.begin()
    assert await reader.read_history(GENERAL, 0.0) == []


async def test_it_stays_within_slacks_rate_and_leaves_half_of_it(
    reader: ConversationReader, slack_server: SlackServer, clock: Clock
):
    slack_server.clock = clock
    slack_server.limit_rates()
    for _ in range(120):
        await reader.read_history(GENERAL, 0.0)
    assert not [call for call in slack_server.calls() if call.error]
    assert clock.now > 60
