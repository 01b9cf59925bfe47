"""Blocks of messages read as people see them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.content.rich_text import render_blocks

BOT = "U0DOCENT"


def section(
    *elements: dict[str, Any], kind: str = "rich_text_section", **more: Any
) -> dict[str, Any]:
    return {"type": kind, "elements": list(elements), **more}


def text(words: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": words, **({"style": style} if style else {})}


def rich(*sections: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "rich_text", "elements": list(sections)}]


def test_a_mention_of_docent_is_no_part_of_the_text():
    blocks = rich(section({"type": "user", "user_id": BOT}, text(" why does it stop?")))
    assert render_blocks(blocks, bot_user=BOT) == "why does it stop?"


@pytest.mark.parametrize(
    ("element", "shown"),
    [
        (text("kubectl get", code=True), "`kubectl get`"),
        (text("loud", bold=True), "loud"),
        ({"type": "link", "url": "https://a.b/c", "text": "the page"}, "the page (https://a.b/c)"),
        ({"type": "link", "url": "https://a.b/c"}, "https://a.b/c"),
        ({"type": "emoji", "name": "fire", "unicode": "1f525"}, ":fire:"),
        ({"type": "user", "user_id": "U0BOB"}, "<@U0BOB>"),
        ({"type": "channel", "channel_id": "C0OPS"}, "<#C0OPS>"),
        ({"type": "usergroup", "usergroup_id": "S0OPS"}, "<!subteam^S0OPS>"),
        ({"type": "broadcast", "range": "here"}, "@here"),
        ({"type": "date", "timestamp": 1720000000, "fallback": "3 July"}, "3 July"),
        ({"type": "date", "timestamp": 1720000000}, "2024-07-03 09:46 UTC"),
        ({"type": "date", "timestamp": "soon"}, ""),
        ({"type": "color", "value": "#ff0000"}, "#ff0000"),
        ({"type": "something_new", "text": "words"}, "words"),
    ],
)
def test_each_element_has_its_text(element: dict[str, Any], shown: str):
    assert render_blocks(rich(section(element))) == shown


def test_lists_quotations_and_code_keep_their_form():
    blocks = rich(
        section(text("I tried:")),
        section(
            section(text("restart")),
            section(text("upgrade")),
            kind="rich_text_list",
            style="ordered",
        ),
        section(section(text("twice")), kind="rich_text_list", style="bullet", indent=1),
        section(text("it said\nno"), kind="rich_text_quote"),
        section(text("x = 1\ny = 2"), kind="rich_text_preformatted", language="python"),
    )
    assert render_blocks(blocks).splitlines() == [
        "I tried:",
        "1. restart",
        "2. upgrade",
        "  • twice",
        "> it said",
        "> no",
        "```python",
        "x = 1",
        "y = 2",
        "```",
    ]


def test_blocks_of_apps_are_read_without_their_buttons():
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Disk full"}},
        {"type": "divider"},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "on <https://h.io/7|node 7> &amp; 8"},
            "fields": [{"type": "mrkdwn", "text": "*Used*: 99 %"}],
        },
        {
            "type": "context",
            "elements": [
                {"type": "image", "alt_text": "chart"},
                {"type": "mrkdwn", "text": "prod"},
            ],
        },
        {"type": "image", "title": {"type": "plain_text", "text": "Usage"}, "alt_text": "a curve"},
        {
            "type": "table",
            "rows": [
                [{"type": "raw_text", "text": "pod"}, {"type": "raw_text", "text": "GB"}],
                [
                    section(section(text("etcd-0")), kind="rich_text"),
                    {"type": "raw_text", "text": "9"},
                ],
            ],
        },
        {"type": "markdown", "text": "## Next"},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Mute"}}],
        },
    ]
    shown = render_blocks(blocks)
    assert shown.splitlines() == [
        "Disk full",
        "on node 7 (https://h.io/7) & 8",
        "*Used*: 99 %",
        "chart prod",
        "Usage",
        "a curve",
        "pod | GB",
        "etcd-0 | 9",
        "## Next",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "elements", "fields", "rows", "title"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=3))
def test_blocks_of_any_form_are_survived(blocks: list[Any]):
    assert isinstance(render_blocks(blocks), str)
