"""How Slack's markup reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.content.markup import extract_plain_text

BOT = "U0DOCENT"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (f"<@{BOT}> what is <#C1|general>?", "what is #general?"),
        (f"so <@{BOT}|docent> tell <@U2> and <@U3|bob>", "so tell @U2 and @bob"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("see <https://a.b/c|the page>", "see the page (https://a.b/c)"),
        ("see <https://a.b/c|a.b/c>", "see https://a.b/c"),
        ("see <https://a.b/c?d=1&amp;e=2>", "see https://a.b/c?d=1&e=2"),
        ("write to <mailto:a@b.c|a@b.c>", "write to a@b.c"),
        ("<!here> <!subteam^S1|@ops> <!subteam^S2>", "@here @ops @subteam"),
        (f"<@{BOT}> why?\n```\nif x:\n    y\n```", "why?\n```\nif x:\n    y\n```"),
    ],
)
def test_markup_becomes_readable(text: str, plain: str):
    assert extract_plain_text(text, bot_user=BOT) == plain


@given(st.text())
def test_what_a_person_typed_is_read_as_typed(typed: str):
    escaped = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert extract_plain_text(escaped, bot_user=BOT) == typed.strip()
