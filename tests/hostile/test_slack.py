"""Attacks from within Slack: people without rights and crafted payloads, on the real app."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from bot.slack.inbox.targets import SHORTCUT
from bot.slack.views import buttons, modals
from bot.storage.answers import Answers
from bot.storage.channel_scopes import ChannelScopes
from bot.storage.ratings import Ratings
from bot.texts import answers, asking, button_labels
from bot.types import MessageKey
from rag_core.types import Scope
from tests.bot.conftest import Docent
from tests.bot.fakes import REVISION, script
from tests.bot.slack.actions.test_answer_buttons import LONG_AGO
from tests.bot.storage.test_answers import KEPT
from tests.hostile.attacks import Attack, each_attack
from tests.servers.slack import events
from tests.servers.slack.delivery import Delivery
from tests.servers.slack.store import (
    ALICE,
    BOB,
    BOT_USER,
    GENERAL,
    PRIVATE,
    TEAM,
    Channel,
    Message,
)

HELP, OTHER_TEAM = "C0HELP", "T0OTHER"
DIRECT = f"D{ALICE[1:]}"
SECRETS = ("salary", "object storage", "Where data lives", "2.6", REVISION[:7])
"""Words of answers that are not the attacker's, and of the index."""

PLACES: dict[str, str] = {
    "channel": GENERAL,
    "private channel": PRIVATE,
    "direct": DIRECT,
    "home": "",
}


def told_sentence(name: str) -> str:
    """The sentence that an attack must end in."""
    room = next(room for room in (answers, asking, button_labels) if hasattr(room, name))
    return str(getattr(room, name))


def arrange(docent: Docent) -> None:
    """Answers to Alice: in a channel, a private one, a direct message, and for her alone."""
    docent.slack.store.channels[HELP] = Channel(HELP, "help", {ALICE, BOT_USER})
    stored = Answers(docent.engine, days=90)
    places = {
        "general": (GENERAL, "1.1", "1.1", TEAM),
        "private": (PRIVATE, "1.2", "1.2", TEAM),
        "direct": (DIRECT, "1.3", "1.3", TEAM),
        "alone": (GENERAL, "ask-4", "ask-4", TEAM),
        "elsewhere": (GENERAL, "1.5", "1.5", OTHER_TEAM),
    }
    for name, (channel, ts, thread_ts, team) in places.items():
        key = MessageKey(team, channel, ts)
        stored.add(
            replace(
                KEPT,
                id=name,
                key=key,
                thread_ts=thread_ts,
                user=ALICE,
                user_team=team,
                question="what is my salary?",
            )
        )
    Ratings(docent.engine).rate("general", ALICE, "down", user_team=TEAM)
    scope = Scope(version="2.6")
    ChannelScopes(docent.engine).set_scope(TEAM, GENERAL, scope, user=ALICE)


def become(docent: Docent, who: str) -> tuple[str, str, dict[str, Any]]:
    """The id and team of an attacker, and the settings that keep them out."""
    store = docent.slack.store
    match who:
        case "guest":
            store.guests.add(BOB)
        case "external":
            store.teams[BOB] = OTHER_TEAM
            return BOB, OTHER_TEAM, {}
        case "namesake":  # of an admin, in another workspace
            return ALICE, OTHER_TEAM, {}
        case "deactivated":
            store.deactivated.add(BOB)
        case "former admin":
            store.deactivated.add(ALICE)
            return ALICE, TEAM, {}
        case "unnamed":
            return BOB, TEAM, {"allowed_users": ALICE}
        case "outside":  # of the channels that the settings name
            return BOB, TEAM, {"allowed_channels": PRIVATE}
    return BOB, TEAM, {}


async def strike(docent: Docent, attack: Attack, user: str, team: str) -> None:
    """Send what the attack says."""
    slack, channel = docent.slack, PLACES[attack.get("where", "channel")]
    person = (user, slack.store.users[user])
    urls = slack._urls(channel or GENERAL, user)
    match attack["way"]:
        case "command":
            where = slack.store.channels[channel]
            name = attack.get("command", "/docent")
            body = events.slash(name, attack["text"], user=person, channel=where, urls=urls)
            await slack.deliver(Delivery("slash_commands", body | {"team_id": team}))
        case "click":
            await slack.deliver(Delivery("interactive", build_click(attack, person, team, urls)))
        case "form":
            view = {"id": "V1", "type": "modal", "callback_id": modals.WHY_BAD, "blocks": []}
            body = events.submitted(view, {}, user=person)
            body["view"] |= {"private_metadata": attack["metadata"]}
            values = {name: {name: {"value": text}} for name, text in attack["values"].items()}
            body["view"]["state"] = {"values": values}
            await slack.deliver(Delivery("interactive", with_team(body, team)))
        case "home" | "messages" as tab:
            await slack.open_app(user=user, tab=tab)
        case "mention" | "dm" as kind:
            said = slack.said(f"<@{BOT_USER}> what is a salary?", channel=channel, user=user)
            body = events.said(
                said,
                slack.store.channels[channel],
                kind="app_mention" if kind == "mention" else "message",
            )
            await slack.event(body | {"team": team, "user_team": team})
        case "reaction":
            said = slack.said("how is data stored?")
            await slack.react(said, "books", user=user)
        case "shortcut":
            said = slack.said("how is data stored?")
            where = slack.store.channels[channel]
            body = events.pointed_at(said, SHORTCUT, user=person, channel=where, urls=urls)
            await slack.deliver(Delivery("interactive", with_team(body, team)))


def build_click(
    attack: Attack, person: tuple[str, str], team: str, urls: dict[str, str]
) -> dict[str, Any]:
    """A click as the attack describes it; `change` replaces parts of the payload."""
    channel = PLACES[attack.get("where", "channel")]
    action_id = getattr(buttons, attack["button"], attack["button"])
    element = {"type": "button", "action_id": action_id, "block_id": "b1"}
    value = attack.get("value", "")
    if isinstance(value, str):
        value = value * attack.get("repeat", 1)
    for _ in range(attack.get("depth", 0)):
        value = {"value": value}
    message = Message(channel or GENERAL, "1.9", BOT_USER, "an answer")
    body = events.clicked(message, element | {"value": value}, user=person, urls=urls)
    if not channel:
        del body["channel"], body["message"]
        body["container"] = {"type": "view", "view_id": "V1"}
    return with_team(body, team) | attack.get("change", {})


def with_team(body: dict[str, Any], team: str) -> dict[str, Any]:
    """A payload of a person of this workspace."""
    user = body["user"] | {"team_id": team}
    return body | {"user": user, "team": {"id": team, "domain": "x"}}


def read_ratings(docent: Docent) -> list[Any]:
    stored = Answers(docent.engine, days=90)
    return [each.rating for each in Ratings(docent.engine).list_since(LONG_AGO, stored)]


@each_attack("slack")
async def test_an_attack_within_slack_gets_nothing(docent: Docent, attack: Attack):
    arrange(docent)
    user, team, settings = become(docent, attack["who"])
    await docent.start(help_channel=HELP, emoji="books", **settings)
    before = set(docent.slack.store.all)
    rated = read_ratings(docent)
    await strike(docent, attack, user, team)
    if name := attack["told"]:
        sentence = told_sentence(name)
        await docent.slack.wait_for(lambda: sentence in read_shown(docent, before))
    else:
        await be_done(docent)
    shown = read_shown(docent, before)
    assert [secret for secret in SECRETS if secret in shown] == []
    assert docent.pipeline.questions == []
    assert docent.sync.runs == 0
    assert not docent.versions.pinned
    assert read_ratings(docent) == rated
    assert docent.slack.messages(HELP) == []


def read_shown(docent: Docent, before: set[tuple[str, str]]) -> str:
    """All that docent has shown since then: messages, windows, tabs and prompts."""
    store = docent.slack.store
    new = [each for key, each in store.all.items() if key not in before and each.by_bot]
    messages = [f"{each.text} {each.shown}" for each in new]
    return "\n".join([*messages, str(store.views), str(store.homes), str(store.prompts)])


async def be_done(docent: Docent) -> None:
    """Wait until docent has answered somebody who came later; that leaves no trace."""
    docent.slack.store.users["U0CAROL"] = f"carol{uuid.uuid4().hex[:4]}"
    docent.pipeline.script = script("All is well.")
    keep = set(docent.slack.store.all)
    question = await docent.slack.dm("are you done?", user="U0CAROL")
    await docent.slack.wait_for_reply(question, containing="All is well.")
    docent.pipeline.questions.pop()
    for key in set(docent.slack.store.all) - keep:
        if key[0] == question.channel:
            del docent.slack.store.all[key]
