"""The rules of the port: no stranger calls without a proof."""

from __future__ import annotations

import pytest

from bot.door.rules import DoorRules, is_loopback, parse_tokens
from bot.settings import BotSettings
from rag_core.errors import SettingsError

TOKEN = "0123456789abcdef"
SLACK = {"slack_bot_token": "xoxb-1", "slack_signing_secret": "secret"}


def build(**settings: object) -> DoorRules:
    return DoorRules.build(BotSettings.load(mcp_port=8090, **settings), 8090)


def test_on_this_machine_everyone_may_call():
    rules = build()
    assert not rules.needs_proof
    assert rules.hosts == {"localhost", "127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "settings",
    [
        {"mcp_tokens": f"ci:{TOKEN}"},
        {"mcp_hosts": "docs.example.com", **SLACK},
        {"mcp_host": "0.0.0.0", "mcp_hosts": "docs.example.com", "mcp_tokens": f"ci:{TOKEN}"},
        {"mcp_host": "::", "mcp_hosts": "docs.example.com", **SLACK},
    ],
)
def test_beyond_it_a_proof_is_needed(settings: dict[str, str]):
    assert build(**settings).needs_proof


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"mcp_host": "0.0.0.0"}, "DOCENT_MCP_TOKENS"),
        ({"mcp_hosts": "docs.example.com"}, "DOCENT_MCP_TOKENS"),
        # A secret without Slack proves nothing: nobody says who may ask.
        ({"mcp_host": "0.0.0.0", "slack_signing_secret": "secret"}, "DOCENT_MCP_TOKENS"),
        ({"mcp_host": "0.0.0.0", "mcp_tokens": f"ci:{TOKEN}"}, "DOCENT_MCP_HOSTS"),
        ({"mcp_hosts": "https://docs.example.com", **SLACK}, "https://docs.example.com"),
        ({"mcp_hosts": "docs.example.com:443", **SLACK}, "not a host name"),
        ({"mcp_hosts": "10.0.0.1:8080", **SLACK}, "not a host name"),
        ({"mcp_hosts": "abc.de:80", **SLACK}, "not a host name"),
    ],
)
def test_what_would_let_strangers_in_is_refused(settings: dict[str, str], says: str):
    with pytest.raises(SettingsError, match=says):
        build(**settings)


@pytest.mark.parametrize("host", ["127.5.5.5", "[::1]", "LOCALHOST"])
def test_the_address_itself_may_be_called(host: str):
    rules = build(mcp_host=host)
    assert rules.host in rules.hosts
    assert not rules.needs_proof


def test_an_address_may_be_named():
    assert {"::2", "10.0.0.1"} <= build(mcp_hosts="[::2], 10.0.0.1", **SLACK).hosts


def test_names_are_compared_in_lower_case():
    assert "docs.example.com" in build(mcp_hosts="Docs.Example.COM, b.example", **SLACK).hosts


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_this_machine_alone_reaches_loopback(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "docs.example.com", ""])
def test_others_reach_the_rest(host: str):
    assert not is_loopback(host)


def test_tokens_have_names():
    setting = f"ci:{TOKEN}, editor:{TOKEN}:with:colons=="
    assert parse_tokens(setting) == {"ci": TOKEN, "editor": f"{TOKEN}:with:colons=="}
    assert parse_tokens(" \n") == {}


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        (TOKEN, "has no name"),
        (f":{TOKEN}", "has no name"),
        (f"a/b:{TOKEN}", "has no name"),
        ("ci:short", "too short"),
        (f"ci:{TOKEN} ci:{TOKEN}2", "twice"),
        (f"ci:{TOKEN} other:{TOKEN}", "another caller's"),
        (f"local:{TOKEN}", "take another name"),
        (f"signed:{TOKEN}", "take another name"),
    ],
)
def test_a_token_that_is_none_is_refused_without_being_shown(setting: str, says: str):
    with pytest.raises(SettingsError, match=says) as refused:
        parse_tokens(setting)
    assert TOKEN not in str(refused.value)
