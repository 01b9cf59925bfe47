"""The admins' channel hears of scheduled syncs."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

import pytest

from bot.settings import BotSettings
from bot.slack.admin_channel import AdminChannel
from bot.storage.problems import Problem
from bot.texts import answers, problems
from ingest.state.jobs import SyncAlert
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import GENERAL

WRONG = SyncAlert("docs: it is <gone>\nmore: too")


def channel(slack: SlackServer, **more: str) -> AdminChannel:
    return AdminChannel(
        BotSettings(slack_bot_token=slack.bot_token, slack_api_url=slack.base_url, **more)
    )


async def test_it_is_posted(slack_server: SlackServer):
    admins = channel(slack_server, admin_channel=GENERAL)
    assert await asyncio.to_thread(admins.post_alert, WRONG)
    await asyncio.to_thread(admins.post_alert, SyncAlert("Syncing works again.", resolved=True))
    first, second = slack_server.messages(GENERAL)
    assert "more: too" in first.shown
    assert "works again" in second.shown


def test_every_line_is_quoted_and_nothing_in_it_is_read():
    text = answers.render_sync_alert(WRONG)
    assert text.splitlines()[1:] == ["> docs: it is &lt;gone&gt;", "> more: too"]
    assert answers.render_sync_alert(SyncAlert("Well.", resolved=True)).endswith("Well.")


def test_without_a_channel_it_is_logged(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO):
        assert AdminChannel(BotSettings(slack_bot_token="xoxb-1")).post_alert(WRONG)
    assert "it is <gone>" in caplog.text


def test_a_slack_that_is_down_is_logged(caplog: pytest.LogCaptureFixture):
    settings = BotSettings(
        slack_bot_token="xoxb-1", slack_api_url="http://127.0.0.1:9/api/", admin_channel="C1"
    )
    assert not AdminChannel(settings).post_alert(WRONG)
    assert "An alert could not be posted to DOCENT_ADMIN_CHANNEL" in caplog.text


async def test_a_problem_and_its_end_are_posted_with_what_to_do(slack_server: SlackServer):
    admins = channel(slack_server, admin_channel=GENERAL)
    problem = Problem("milvus", "No <Milvus> answers: start it.", datetime.now(UTC))
    assert await asyncio.to_thread(admins.post_problem, problem)
    assert await asyncio.to_thread(admins.post_recovery, problem)
    first, second = slack_server.messages(GENERAL)
    assert problems.PROBLEMS["milvus"] in first.shown
    assert "No &lt;Milvus&gt; answers: start it." in first.shown
    assert problems.RECOVERIES["milvus"] in second.shown


@pytest.mark.parametrize("service", problems.PROBLEMS)
async def test_every_service_has_its_words(slack_server: SlackServer, service: str):
    admins = channel(slack_server, admin_channel=GENERAL)
    problem = Problem(service, "It is gone.", datetime.now(UTC))
    assert await asyncio.to_thread(admins.post_problem, problem)
    assert await asyncio.to_thread(admins.post_recovery, problem)


async def test_a_problem_that_slack_refuses_is_posted_later(slack_server: SlackServer):
    admins = channel(slack_server, admin_channel=GENERAL)
    problem = Problem("llm", "It is gone.", datetime.now(UTC))
    slack_server.fail("chat.postMessage", "internal_error")
    assert not await asyncio.to_thread(admins.post_problem, problem)
    assert await asyncio.to_thread(admins.post_problem, problem)


async def test_a_refusal_is_one_line_with_slacks_code_and_is_logged_once(
    slack_server: SlackServer, caplog: pytest.LogCaptureFixture
):
    admins = channel(slack_server, admin_channel=GENERAL)
    problem = Problem("llm", "It is gone.", datetime.now(UTC))
    for code in ("is_archived", "is_archived", "not_in_channel"):
        slack_server.fail("chat.postMessage", code)
        assert not await asyncio.to_thread(admins.post_problem, problem)
    line = "An alert could not be posted to DOCENT_ADMIN_CHANNEL: "
    messages = [r.getMessage() for r in caplog.records if r.name == "bot.slack.admin_channel"]
    assert messages == [f"{line}is_archived", f"{line}not_in_channel"]
    assert await asyncio.to_thread(admins.post_problem, problem)
    slack_server.fail("chat.postMessage", "not_in_channel")
    assert not await asyncio.to_thread(admins.post_recovery, problem)
    assert caplog.records[-1].getMessage() == f"{line}not_in_channel"
