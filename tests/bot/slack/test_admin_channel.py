"""The admins' channel hears of scheduled syncs."""

from __future__ import annotations

import asyncio
import logging

import pytest

from bot.settings import BotSettings
from bot.slack.admin_channel import AdminChannel
from bot.texts import answers
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
