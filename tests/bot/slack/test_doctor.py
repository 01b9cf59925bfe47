"""`docent doctor --slack` against the strict local Slack."""

import asyncio

import pytest
import yaml
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import BotSettings
from bot.slack.doctor import SCOPES, check_slack
from rag_core.models.known_answers import CheckResult
from tests.conftest import ROOT
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import ALICE, BOT_USER, GENERAL, Channel


def settings(slack: SlackServer, **changes: object) -> BotSettings:
    values = {
        "slack_bot_token": slack.bot_token,
        "slack_app_token": slack.app_token,
        "slack_api_url": slack.base_url,
        "admins": ALICE,
    }
    return BotSettings.load(**(values | changes))


async def wrong(slack: SlackServer, **changes: object) -> list[CheckResult]:
    return [check for check in await check_slack(settings(slack, **changes)) if not check.passed]


def test_the_scopes_are_those_of_the_manifest():
    manifest = yaml.safe_load((ROOT / "slack-manifest.yaml").read_text())
    assert list(SCOPES) == manifest["oauth_config"]["scopes"]["bot"]


async def test_all_is_well(slack_server: SlackServer):
    slack_server.scopes = set(SCOPES)
    slack_server.store.usergroups["S0DOCS"] = {ALICE}
    checks = await check_slack(
        settings(slack_server, admins=f"{ALICE} S0DOCS", help_channel=GENERAL)
    )
    assert [check.name for check in checks if check.passed] == [
        "bot token",
        "scopes",
        "app token",
        f"DOCENT_HELP_CHANNEL {GENERAL}",
        "DOCENT_ADMINS S0DOCS",
        f"DOCENT_ADMINS {ALICE}",
    ]
    assert all(check.passed for check in checks)
    assert slack_server.calls("chat.postMessage") == []


async def test_missing_scopes_are_named_with_what_to_click(slack_server: SlackServer):
    slack_server.scopes = set(SCOPES) - {"users:read", "reactions:read"} | {"pins:read"}
    found = await wrong(slack_server, admins="")
    assert [check.name for check in found] == ["scopes"]
    assert (
        "reactions:read (DOCENT_EMOJI), users:read (who people are, and their language; "
        "without it docent can't tell guests from members, and answers both)" in found[0].says
    )
    assert "Reinstall" in found[0].says


@pytest.mark.parametrize(
    ("changes", "name", "says"),
    [
        ({"slack_bot_token": "xoxb-other"}, "bot token", "SLACK_BOT_TOKEN (invalid_auth)"),
        ({"slack_bot_token": ""}, "bot token", "SLACK_BOT_TOKEN is not set"),
        ({"slack_app_token": "xapp-other"}, "app token", "SLACK_APP_TOKEN (invalid_auth)"),
        ({"slack_api_url": "http://127.0.0.1:9/"}, "bot token", "can't be reached"),
    ],
)
async def test_tokens_are_checked(
    slack_server: SlackServer, changes: dict[str, str], name: str, says: str
):
    found = await wrong(slack_server, **changes)
    assert [check.name for check in found] == [name]
    assert says in found[0].says


async def test_channels_and_people_are_looked_up(slack_server: SlackServer):
    slack_server.store.channels["C0OTHER"] = Channel("C0OTHER", "other", {ALICE})
    slack_server.lack("users.info", error="user_not_found")
    found = await wrong(slack_server, help_channel="C0OTHER", admins="U0GONE S0GONE")
    assert [check.name for check in found] == [
        "DOCENT_HELP_CHANNEL C0OTHER",
        "DOCENT_ADMINS S0GONE",
        "DOCENT_ADMINS U0GONE",
    ]
    assert "/invite @docent" in found[0].says
    assert "user group" in found[1].says
    assert "Copy member ID" in found[2].says


async def test_without_admins_it_is_said(slack_server: SlackServer):
    checks = await check_slack(settings(slack_server, admins=""))
    assert checks[-1].says == "is empty, so docent accepts no commands for admins"


async def test_http_mode_needs_no_app_token(slack_server: SlackServer):
    found = await wrong(
        slack_server, http_port=3000, slack_app_token="", slack_signing_secret="a-secret"
    )
    assert found == []


async def test_the_command_line_has_it(slack_server: SlackServer, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for variable, value in {
        "SLACK_BOT_TOKEN": slack_server.bot_token,
        "SLACK_APP_TOKEN": "xapp-other",
        "SLACK_API_URL": slack_server.base_url,
    }.items():
        monkeypatch.setenv(variable, value)
    ran = await asyncio.to_thread(CliRunner().invoke, app, ["doctor", "--slack"])
    assert ran.exit_code == 1
    assert f"bot token: docent is {BOT_USER} in this workspace" in ran.stdout
    assert "wrong app token" in ran.stdout
