"""The manifest is one that Slack takes, and asks for what the code uses: no less and no more."""

from __future__ import annotations

import ast
import json
import re
from types import SimpleNamespace

import jsonschema
import pytest
import yaml
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.background import BackgroundTasks
from bot.slack import listeners
from bot.slack.actions.interactions import Interactions
from bot.slack.inbox.messages import ListenerConfig
from bot.texts import answers
from tests.conftest import ROOT
from tests.servers.slack.arguments import HISTORY_SCOPES, METHODS, TYPE_SCOPES

EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.mpim": "mpim:history",
    "reaction_added": "reactions:read",
    "app_home_opened": None,
    "agent_session_stopped": None,
}


class RecordingApp(AsyncApp):
    """Remembers what listeners are registered for."""

    def __init__(self):
        super().__init__(token="xoxb-not-used")
        self.events: set[str] = set()
        self.commands: set[str] = set()
        self.shortcuts: set[str] = set()
        self.interactions = 0

    def event(self, event, *args, **options):
        self.events.add(event)
        return super().event(event, *args, **options)

    def command(self, command, *args, **options):
        self.commands.add(command)
        return super().command(command, *args, **options)

    def message_shortcut(self, callback_id, *args, **options):
        self.shortcuts.add(callback_id)
        return super().message_shortcut(callback_id, *args, **options)

    def action(self, *args, **options):
        self.interactions += 1
        return super().action(*args, **options)

    def view(self, *args, **options):
        self.interactions += 1
        return super().view(*args, **options)


async def record(body, next):  # noqa: A002  (Bolt's name)
    del body, next


RECORDER = SimpleNamespace(record_message=record, record_reaction=record, record_stop=record)


@pytest.fixture
def manifest():
    return yaml.safe_load((ROOT / "slack-manifest.yaml").read_text())


@pytest.fixture
def app():
    recording = RecordingApp()
    config = ListenerConfig("U0", "T0")
    listeners.register(
        recording,
        recorder=RECORDER,
        commands=None,
        config=config,
        interactions=Interactions(BackgroundTasks(), None, None),
        home=None,
        suggested_prompts=None,
    )
    return recording


def called_methods() -> set[str]:
    """Web API methods that `bot` calls, by the names of slack_sdk's client."""
    known = {name.replace(".", "_"): name for name in METHODS}
    known["chat_stream"] = "chat.startStream"
    trees = [ast.parse(path.read_text()) for path in (ROOT / "bot").rglob("*.py")]
    names = {n.attr for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    return {known[name] for name in names & set(known)}


def test_slack_takes_the_manifest(manifest, shared):
    schema = json.loads((shared / "slack" / "manifest.schema.2.0.0.json").read_text())
    jsonschema.validate(manifest, schema)


def test_every_event_that_is_listened_for_is_subscribed_and_no_other(manifest, app):
    subscribed = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert {event.partition(".")[0] for event in subscribed} == app.events


def test_every_command_that_is_listened_for_is_declared_and_no_other(manifest, app):
    declared = manifest["features"]["slash_commands"]
    assert {command["command"] for command in declared} == app.commands


def test_every_shortcut_that_is_listened_for_is_declared_and_no_other(manifest, app):
    declared = manifest["features"]["shortcuts"]
    assert {shortcut["callback_id"] for shortcut in declared} == app.shortcuts
    assert {shortcut["type"] for shortcut in declared} == {"message"}


def test_clicks_arrive_without_a_public_url(manifest):
    assert manifest["settings"]["interactivity"] == {"is_enabled": True}
    assert manifest["settings"]["socket_mode_enabled"] is True


def test_docent_is_an_agent_that_people_can_write_to(manifest):
    assert "agent_view" in manifest["features"]
    assert "assistant_view" not in manifest["features"]
    assert manifest["features"]["app_home"]["messages_tab_enabled"] is True
    assert manifest["features"]["app_home"]["messages_tab_read_only_enabled"] is False


def test_the_home_tab_is_there_because_docent_publishes_it(manifest):
    assert "views.publish" in called_methods()
    assert manifest["features"]["app_home"]["home_tab_enabled"] is True


def test_the_usage_hint_names_every_word_of_the_command(manifest):
    docent = manifest["features"]["slash_commands"][0]
    words = set(re.findall(r"`/docent (\w+)", answers.HELP))
    assert set(docent["usage_hint"].split(" | ")) == words


def test_every_method_that_is_called_is_one_whose_scope_is_known():
    """A method that the local Slack does not know would be missed by the test of scopes."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / "bot").rglob("*.py")]
    names = {n.attr for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    methods = {name for name in vars(AsyncWebClient) if "_" in name.strip("_")}
    known = {name.replace(".", "_").lower() for name in METHODS} | {"chat_stream"}
    assert {name for name in names & methods if name.lower() not in known} == set()


def test_scopes_are_what_the_code_needs_and_no_more(manifest):
    subscribed = manifest["settings"]["event_subscriptions"]["bot_events"]
    needed = {EVENT_SCOPES[event] for event in subscribed}
    needed |= {METHODS[method].scope for method in called_methods()}
    if "*:history" in needed:  # threads are read wherever questions are asked
        needed = needed - {"*:history"} | set(HISTORY_SCOPES.values()) | {"mpim:history"}
    if "*:read" in needed:  # what was missed is looked for in conversations of all kinds
        needed = needed - {"*:read"} | set(TYPE_SCOPES.values())
    needed.add("files:read")  # shared files are read from their URLs, without a method
    # A declared agent has assistant:write by Slack's rule; commands come with slash_commands.
    needed |= {"assistant:write", "commands"}
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed - {None}
