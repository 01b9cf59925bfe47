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


@pytest.mark.parametrize(
    "text", [" " * 200_000, "\t" * 200_000, f"<@{BOT}|" * 40_000, "<@" * 100_000, "<#C" * 60_000]
)
def test_a_long_run_of_one_sign_takes_no_longer_than_other_text(text: str):
    assert extract_plain_text(f"a{text}b", bot_user=BOT) == f"a{text}b"


def test_white_space_around_a_mention_is_one_space():
    assert extract_plain_text(f"a \t <@{BOT}>  <@{BOT}|docent>\tb", bot_user=BOT) == "a  b"


@given(st.text())
def test_what_a_person_typed_is_read_as_typed(typed: str):
    escaped = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert extract_plain_text(escaped, bot_user=BOT) == typed.strip()
