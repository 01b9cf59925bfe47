"""Markdown for Slack is harmless."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markup.markdown import (
    break_addresses,
    escape,
    format_link,
    neutralise_mentions,
    shorten,
)
from tests import live_links


@given(st.lists(st.sampled_from(["<", "!", "@", "#", "here", "U123", "C1", ">", "|", " "])))
def test_nothing_calls_anybody(pieces: list[str]):
    shown = neutralise_mentions("".join(pieces))
    assert not re.search(r"<(!here|[@#][UC]\d+)[>|]", shown)


def test_harmless_text_reads_the_same():
    text = "ask <@U123> or <!here> in <#C1>, `<!DOCTYPE html>` stays"
    assert neutralise_mentions(text).replace("\u200b", "") == text
    assert neutralise_mentions(text).count("\u200b") == 3


@pytest.mark.parametrize(
    "text",
    [
        "`<!doctype html>` and `<!here>` and ``<@U123>``",
        "```java\nList<@NonNull T> x; // <!channel>\n```",
        "So:\n\n    <@U123> in a block\n\nDone.",
        "A List<@NonNull T>, a List<@Unique T> and <!doctype html> and <!-- a note --> in prose",
        "a < b, x <! y and <#anchor>",
    ],
)
def test_code_and_what_is_no_mention_stay(text: str):
    assert neutralise_mentions(text) == text


@given(st.text(), st.integers(10, 100))
def test_shortened_lines_keep_to_the_limit(text: str, limit: int):
    line = shorten(text, limit)
    assert len(line) <= limit
    assert "\n" not in line


def test_links_of_mrkdwn_are_escaped():
    assert format_link("https://a.b/c?x=1&y=<|>", "A & <B>") == (
        "<https://a.b/c?x=1&amp;y=%3C%7C%3E|A &amp; &lt;B&gt;>"
    )


def test_only_web_addresses_become_links():
    assert format_link("en/page.md", "A page") == "A page"
    assert format_link("https://a.b/" + "c" * 3000, "<long>") == "&lt;long&gt;"


@given(st.text())
def test_escaped_text_has_no_markup(text: str):
    assert not set("<>") & set(escape(text))


@pytest.mark.parametrize(
    "words",
    [
        "https://evil.test/x?d=SECRET",
        "HTTP://evil.test:80/",
        "mailto:secret@evil.com",
        "secret@evil.com",
        "evil.com and www.evil.com/x",
        "evil。com",
    ],
)
def test_broken_addresses_are_read_but_not_linked(words: str):
    broken = break_addresses(words)
    assert live_links.find_plain_addresses(broken) == []
    assert broken.replace("\u200b", "") == words


def test_words_that_are_no_address_are_not_broken():
    words = "Set a.b, call x.y(), read config.yaml: 3.5 of 4, etc."
    assert break_addresses(words) == words
