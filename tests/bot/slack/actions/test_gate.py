"""Every handler that docent registers is gated: a new one without a deed here fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

from bot.slack import listeners
from bot.slack.inbox.targets import SHORTCUT
from bot.slack.views import buttons, modals
from bot.slack.views.sync_report import ROLL_BACK
from bot.texts import answers
from tests.bot.conftest import Docent
from tests.hostile import test_slack
from tests.servers.slack.store import BOB

KINDS = (
    "action",
    "attachment_action",
    "block_action",
    "block_suggestion",
    "command",
    "dialog_cancellation",
    "dialog_submission",
    "dialog_suggestion",
    "event",
    "function",
    "global_shortcut",
    "message",
    "message_shortcut",
    "options",
    "shortcut",
    "step",
    "view",
    "view_closed",
    "view_submission",
)
"""The methods with which Bolt registers a listener."""


def click(action_id: str, value: str = "general") -> dict[str, Any]:
    return {"way": "click", "button": action_id, "value": value}


DEEDS: dict[tuple[str, str], dict[str, Any]] = {
    ("action", buttons.ASK_PEOPLE): click(buttons.ASK_PEOPLE),
    ("action", buttons.EVIDENCE): click(buttons.EVIDENCE),
    ("action", buttons.RATE): click(buttons.RATE, "up general"),
    ("action", buttons.REINDEX): click(buttons.REINDEX),
    ("action", buttons.SHARE): click(buttons.SHARE, "alone"),
    ("action", buttons.STOP): click(buttons.STOP),
    ("action", ROLL_BACK): click(ROLL_BACK),
    ("command", "/docent"): {"way": "command", "text": "help"},
    ("command", "/reindex"): {"way": "command", "command": "/reindex", "text": ""},
    ("event", "app_home_opened"): {"way": "home"},
    ("event", "app_mention"): {"way": "mention"},
    ("event", "message"): {"way": "dm", "where": "bob"},
    ("event", "reaction_added"): {"way": "reaction"},
    ("message_shortcut", SHORTCUT): {"way": "shortcut"},
    ("view", modals.WHY_BAD): {"way": "form", "metadata": "general", "values": {"comment": "x"}},
}
"""What a person without rights does with each listener."""

HARMLESS = {("event", "agent_session_stopped")}
"""Slack has ended the answer already, and docent shows nothing new."""

WORDS = frozenset(
    [
        "ask",
        "help",
        "instructions",
        "reindex",
        "resume",
        "rollback",
        "scope",
        "status",
        "versions",
        "why",
    ]
)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is registered: the listeners by kind and name, and the parts behind them."""
    found: dict[str, Any] = {"listeners": []}
    original = listeners.register

    def record(kind: str) -> Callable[..., Any]:
        method = getattr(AsyncApp, kind)

        def register(app: AsyncApp, name: Any, *args: Any, **options: Any) -> Any:
            found["listeners"].append((kind, name))
            return method(app, name, *args, **options)

        return register

    for kind in KINDS:
        monkeypatch.setattr(AsyncApp, kind, record(kind))

    def register_all(app: AsyncApp, **parts: Any) -> None:
        found.update(parts)
        original(app, **parts)

    monkeypatch.setattr(listeners, "register", register_all)
    return found


async def test_every_listener_and_word_has_a_deed(docent: Docent, registered: dict[str, Any]):
    await docent.start()
    assert set(registered["listeners"]) == set(DEEDS) | HARMLESS
    assert registered["commands"].words == WORDS
    assert set(registered["interactions"].action_ids) == {
        name for kind, name in DEEDS if kind == "action"
    }


@pytest.mark.parametrize("deed", DEEDS, ids=" ".join)
async def test_nothing_but_a_refusal_comes_of_it(docent: Docent, deed: tuple[str, str]):
    await refuse(docent, DEEDS[deed])


@pytest.mark.parametrize("word", sorted(WORDS | {"", "nonsense"}))
async def test_no_word_of_the_command_is_open(docent: Docent, word: str):
    text = f"{word} how is data stored?" if word == "ask" else word
    await refuse(docent, {"way": "command", "text": text})


async def refuse(docent: Docent, attack: dict[str, Any]) -> None:
    """Let a guest act; only a refusal may come of it."""
    test_slack.arrange(docent)
    test_slack.PLACES["bob"] = docent.slack.store.open_direct(BOB).id
    user, team, _ = test_slack.become(docent, "guest")
    await docent.start(help_channel=test_slack.HELP, emoji="books")
    before = set(docent.slack.store.all)
    refusals = {answers.NOT_FOR_GUESTS, answers.ADMINS_ONLY}
    await test_slack.strike(docent, attack, user, team)

    def find_refusal() -> list[str]:
        shown = test_slack.read_shown(docent, before)
        return [refusal for refusal in refusals if refusal in shown]

    await docent.slack.wait_for(find_refusal)
    new = [docent.slack.store.all[key] for key in set(docent.slack.store.all) - before]
    said = [message.shown for message in new if message.by_bot]
    assert set(said) <= refusals
    assert docent.pipeline.questions == []
    assert docent.sync.runs == 0
    assert docent.slack.store.views == {}
