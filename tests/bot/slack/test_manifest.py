"""`docent manifest`: the file of the repository, and its form for HTTP mode."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import BotSettings
from bot.slack.manifest import build_manifest, build_new_app_url
from rag_core.errors import SettingsError
from tests.conftest import ROOT

URL = "https://docent.example.com"


def test_the_file_at_the_top_is_what_the_command_prints():
    """`docent manifest > slack-manifest.yaml` brings the file up to date."""
    printed = CliRunner().invoke(app, ["manifest"])
    assert printed.exit_code == 0
    assert printed.stdout == (ROOT / "slack-manifest.yaml").read_text()


def test_http_mode_has_the_address_everywhere_and_no_socket(shared):
    printed = CliRunner().invoke(app, ["manifest", "--url", URL])
    manifest = yaml.safe_load(printed.stdout)
    schema = json.loads((shared / "slack" / "manifest.schema.2.0.0.json").read_text())
    jsonschema.validate(manifest, schema)
    settings, expected = manifest["settings"], f"{URL}/slack/events"
    assert settings["socket_mode_enabled"] is False
    assert settings["event_subscriptions"]["request_url"] == expected
    assert settings["interactivity"] == {"is_enabled": True, "request_url": expected}
    assert {each["url"] for each in manifest["features"]["slash_commands"]} == {expected}


def test_the_rest_is_the_same_in_both_modes():
    socket, http = (yaml.safe_load(build_manifest(BotSettings.load(), url)) for url in ("", URL))
    for command in http["features"]["slash_commands"]:
        del command["url"]
    del http["settings"], socket["settings"]
    assert http == socket


def test_http_mode_needs_its_address():
    settings = BotSettings.load(http_port=3000)
    with pytest.raises(SettingsError, match="docent manifest --url"):
        build_manifest(settings)
    assert "socket_mode_enabled: false" in build_manifest(settings, URL)


@pytest.mark.parametrize(
    "url", ["http://a.example", "docent.example.com", "https://", "https://[x"]
)
def test_an_address_that_slack_refuses_is_told(url: str):
    with pytest.raises(SettingsError, match="https:// with a host"):
        build_manifest(BotSettings.load(), url)


@given(st.text(max_size=30))
def test_no_address_breaks_the_manifest(text: str):
    try:
        manifest = build_manifest(BotSettings.load(), f"https://a.example/{text}")
    except SettingsError:
        return
    url = yaml.safe_load(manifest)["settings"]["event_subscriptions"]["request_url"]
    assert url.startswith("https://a.example")
    assert url.endswith("/slack/events")


def test_the_link_has_the_manifest_in_it():
    manifest = build_manifest(BotSettings.load())
    query = parse_qs(urlsplit(build_new_app_url(manifest)).query)
    assert query == {"new_app": ["1"], "manifest_yaml": [manifest]}


@pytest.mark.parametrize("mode", [[], ["--url", URL]])
def test_slackbot_gets_a_server_and_its_scope(shared, mode: list[str]):
    printed = CliRunner().invoke(app, ["manifest", *mode, "--slackbot", "https://ask.example.com/"])
    manifest = yaml.safe_load(printed.stdout)
    schema = json.loads((shared / "slack" / "manifest.schema.2.0.0.json").read_text())
    jsonschema.validate(manifest, schema)
    assert manifest["mcp_servers"] == {
        "docent": {"url": "https://ask.example.com/mcp", "auth_type": "slack_identity_auth"}
    }
    plain = yaml.safe_load(CliRunner().invoke(app, ["manifest", *mode]).stdout)
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    assert set(scopes) - set(plain["oauth_config"]["scopes"]["bot"]) == {"mcp:connect"}
    del manifest["mcp_servers"], manifest["oauth_config"], plain["oauth_config"]
    assert manifest == plain


def test_the_address_of_slackbot_is_checked_too():
    with pytest.raises(SettingsError, match="https:// with a host"):
        build_manifest(BotSettings.load(), slackbot="http://localhost:8090/mcp")
