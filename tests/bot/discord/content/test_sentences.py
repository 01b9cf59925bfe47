"""docent's sentences read on Discord as they do in Slack."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.content.escaping import escape_words
from bot.discord.content.sentences import adapt_sentence
from bot.texts.catalog import LANGUAGES, load_sentences


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*Question*: text", "**Question**: text"),
        ("_Stopped._", "_Stopped._"),
        ("• one\n• two", "- one\n- two"),
        ("see <https://a.b/c|here>.", "see [here](<https://a.b/c>)."),
        ("<!date^1700000000^{ago}|2023-11-14 22:13 UTC>", "<t:1700000000:R>"),
        ("<!date^1700000000^{date_short_pretty} {time}|2023>", "<t:1700000000:f>"),
        ("2 * 3 * 4 and \\*x\\*", "2 * 3 * 4 and \\*x\\*"),
        ("`/docent scope version=2.6`", "`/docent scope version=2.6`"),
        ("<@1> asked in <#2>", "<@1> asked in <#2>"),
    ],
)
def test_slacks_signs_become_discords(text: str, shown: str):
    assert adapt_sentence(text) == shown


@given(st.text(alphabet="ab *_<>|\\.", max_size=40))
def test_escaped_values_stay_as_they_are(value: str):
    value = escape_words(value)
    assert adapt_sentence(f"*Question*: {value}") == f"**Question**: {value}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_keeps_a_sign_that_only_slack_reads(language: str):
    for key, text in load_sentences(language).items():
        shown = adapt_sentence(text.replace("{link}", "https://a.b/c"))
        assert "|" not in shown, key
        assert "\n•" not in shown, key
