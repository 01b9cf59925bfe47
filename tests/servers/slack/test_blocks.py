"""Blocks: slack_sdk's own models pass, and every rule has a block that breaks it."""

from __future__ import annotations

import pytest
from slack_sdk.models import blocks as kit

from tests.servers.conftest import refusal
from tests.servers.slack.blocks import check_blocks
from tests.servers.slack.store import GENERAL, SlackError


def plain(text="x"):
    return {"type": "plain_text", "text": text}


def section(text="x", **more):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}} | more


def button(**more):
    return {"type": "button", "action_id": "a", "text": plain()} | more


def actions(*elements, **more):
    return {"type": "actions", "elements": list(elements)} | more


def rating(**more):
    value = {"text": plain(), "value": "v"}
    buttons = {"positive_button": value, "negative_button": value | more}
    return {"type": "context_actions", "elements": [feedback(**buttons)]}


def options(*values):
    return [{"text": plain(), "value": value} for value in values]


def select(**more):
    return {"type": "static_select", "action_id": "s", "options": options("v")} | more


def confirm(**more):
    words = dict.fromkeys(("title", "text", "confirm", "deny"), plain())
    return button(confirm=words | more)


def image(**more):
    return {"type": "image", "alt_text": "x", "image_url": "https://a.b/c.png"} | more


def task(**more):
    return {"type": "task_card", "task_id": "1", "title": "x", "status": "complete"} | more


def feedback(**more):
    return {"type": "feedback_buttons", "action_id": "f"} | more


GOOD = {
    "limits": [section("x" * 3_000), *[{"type": "divider"}] * 49],
    "markdown": [{"type": "markdown", "text": "x" * 6_000}] * 2,
    "rating": [rating()],
    "choices": [actions(select(), confirm())],
    "pictures": [
        image(title=plain()),
        section(accessory=image()),
        {"type": "context", "elements": [image()]},
    ],
    "tasks": [
        {"type": "plan", "title": "x", "tasks": [task()]},
        task(sources=[{"type": "url", "url": "https://a.b", "text": "x"}]),
    ],
    "table": [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}],
    "models": [
        block.to_dict()
        for block in (
            kit.HeaderBlock(text="Sources"),
            kit.SectionBlock(text="*x*", accessory=kit.ButtonElement(text="x", action_id="a")),
            kit.ContextBlock(elements=[kit.MarkdownTextObject(text="1. <https://a.b|a>")]),
            kit.ActionsBlock(elements=[kit.ButtonElement(text="x", action_id="a", value="v")]),
            kit.MarkdownBlock(text="# x"),
            kit.ContextActionsBlock(
                elements=[
                    kit.FeedbackButtonsElement(
                        action_id="f",
                        positive_button=kit.FeedbackButtonObject(text="Good", value="1"),
                        negative_button=kit.FeedbackButtonObject(text="Bad", value="0"),
                    )
                ]
            ),
            kit.DividerBlock(),
        )
    ],
}

BAD = {
    "51 blocks": [{"type": "divider"}] * 51,
    "not a list": {"type": "divider"},
    "unknown type": [{"type": "marquee", "text": "x"}],
    "no type": [{"text": "x"}],
    "no object": ["x"],
    "options of no list": [actions({"type": "overflow", "action_id": "o", "options": 7})],
    "unknown field": [section(colour="red")],
    "null": [section(block_id=None)],
    "section over 3,000": [section("x" * 3_001)],
    "section empty": [section("")],
    "section without text": [{"type": "section"}],
    "section with a bare string": [{"type": "section", "text": "x"}],
    "section with markdown text": [{"type": "section", "text": {"type": "markdown", "text": "x"}}],
    "11 fields": [{"type": "section", "fields": [plain()] * 11}],
    "field over 2,000": [{"type": "section", "fields": [plain("x" * 2_001)]}],
    "emoji in mrkdwn": [
        {"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}
    ],
    "header over 150": [{"type": "header", "text": plain("x" * 151)}],
    "header in mrkdwn": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    "markdown over 12,000": [{"type": "markdown", "text": "x" * 12_001}],
    "markdown over 12,000 together": [{"type": "markdown", "text": "x" * 6_001}] * 2,
    "markdown with an object": [{"type": "markdown", "text": plain()}],
    "11 context elements": [{"type": "context", "elements": [plain()] * 11}],
    "empty context": [{"type": "context", "elements": []}],
    "button in context": [{"type": "context", "elements": [button()]}],
    "26 buttons": [actions(*[button(action_id=str(n)) for n in range(26)])],
    "button text over 75": [actions(button(text=plain("x" * 76)))],
    "button value over 2,000": [actions(button(value="x" * 2_001))],
    "button value empty": [actions(button(value=""))],
    "button url": [actions(button(url="javascript:x"))],
    "button url over 3,000": [actions(button(url="https://a.b/" + "x" * 3_000))],
    "button style": [actions(button(style="loud"))],
    "button without action_id": [actions({"type": "button", "text": plain()})],
    "action_id over 255": [actions(button(action_id="x" * 256))],
    "action_id twice": [actions(button(), button())],
    "block_id over 255": [section(block_id="x" * 256)],
    "block_id twice": [section(block_id="b"), section(block_id="b")],
    "feedback in actions": [actions(rating()["elements"][0])],
    "feedback text over 75": [rating(text=plain("x" * 76))],
    "feedback value over 2,000": [rating(value="x" * 2_001)],
    "feedback without a button": [
        {"type": "context_actions", "elements": [feedback(positive_button={})]}
    ],
    "6 context actions": [rating() | {"elements": rating()["elements"] * 6}],
    "image without a picture": [{"type": "image", "alt_text": "x"}],
    "picture over 3,000": [image(image_url="https://a.b/" + "x" * 3_000)],
    "picture's alternative over 2,000": [image(alt_text="x" * 2_001)],
    "picture's title in mrkdwn": [image(title={"type": "mrkdwn", "text": "x"})],
    "picture in a section": [section(accessory=image(size=3))],
    "picture in a context": [{"type": "context", "elements": [image(size=3)]}],
    "option value over 150": [actions(select(options=options("x" * 151)))],
    "confirmation over 300": [actions(confirm(text=plain("x" * 301)))],
    "placeholder over 150": [actions(select(placeholder=plain("x" * 151)))],
    "text input in actions": [actions({"type": "plain_text_input", "action_id": "t"})],
    "task source": [task(sources=[{"type": "url", "url": "a.b", "text": "x"}])],
    "task title": [task(title="")],
    "section in a plan": [{"type": "plan", "title": "x", "tasks": [section()]}],
    "table cell": [{"type": "table", "rows": [[{"type": "text", "text": "x"}]]}],
    "task status": [{"type": "task_card", "task_id": "1", "title": "x", "status": "done"}],
    "table of 101 rows": [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}],
    "6 overflow options": [
        actions(
            {
                "type": "overflow",
                "action_id": "o",
                "options": [{"text": plain(), "value": "v"}] * 6,
            }
        )
    ],
}


@pytest.mark.parametrize("case", GOOD)
async def test_good_blocks_are_taken(slack, client, case):
    await client.chat_postMessage(channel=GENERAL, text="x", blocks=GOOD[case])
    assert slack.messages(GENERAL)[0].blocks == GOOD[case]
    assert slack.violations == []


@pytest.mark.parametrize("case", BAD)
async def test_bad_blocks_are_refused(slack, client, case):
    call = client.api_call(
        "chat.postMessage", json={"channel": GENERAL, "text": "x", "blocks": BAD[case]}
    )
    assert await refusal(call) in {"invalid_blocks", "invalid_arguments", "msg_blocks_too_long"}
    assert len(slack.violations) == 1
    assert slack.messages(GENERAL) == []


@pytest.mark.parametrize("kind", ["markdown", "context_actions"])
def test_blocks_of_messages_do_not_stand_in_a_view(kind):
    block = rating() if kind == "context_actions" else {"type": "markdown", "text": "x"}
    check_blocks([block])
    with pytest.raises(SlackError, match=kind):
        check_blocks([block], surface="home")


def test_an_input_wants_a_plain_label_and_an_input_element():
    question = {"type": "input", "label": plain(), "element": select()}
    check_blocks([question], surface="modal")
    for wrong in ({"label": {"type": "mrkdwn", "text": "x"}}, {"element": button()}):
        with pytest.raises(SlackError):
            check_blocks([question | wrong], surface="modal")


async def test_what_people_see_is_the_words_of_the_blocks(slack, client):
    blocks = [section("*Bold*"), actions(button(text=plain("Ask again"), value="hidden"))]
    await client.chat_postMessage(channel=GENERAL, text="not seen", blocks=blocks)
    assert slack.messages(GENERAL)[0].shown == "*Bold*\nAsk again"


async def test_all_blocks_of_a_message_have_one_limit(client):
    sections = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2_600}} for _ in range(5)
    ]
    await client.chat_postMessage(channel=GENERAL, text="x", blocks=sections)
    footer = {"type": "context", "elements": [{"type": "mrkdwn", "text": "x" * 201}]}
    call = client.chat_postMessage(channel=GENERAL, text="x", blocks=[*sections, footer])
    assert await refusal(call) == "msg_blocks_too_long"


async def test_a_message_has_one_table(client):
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    await client.chat_postMessage(channel=GENERAL, text="x", blocks=[table])
    call = client.chat_postMessage(channel=GENERAL, text="x", blocks=[table] * 2)
    assert await refusal(call) == "invalid_blocks"
