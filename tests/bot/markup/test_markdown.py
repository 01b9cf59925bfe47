"""Markdown for Slack: harmless, and split without breaking what belongs together."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.markup.markdown import (
    break_addresses,
    escape,
    format_link,
    neutralise_mentions,
    shorten,
    split,
)
from tests import live_links

LIMIT = 300

words = st.text(alphabet="abcdefg hijk.,*_`[]()<>|#-\n", max_size=200)
links = st.builds("[{}](https://example.com/{})".format, st.just("a page"), st.integers(0, 999))
paragraphs = st.lists(st.one_of(st.sampled_from(["word", "more words"]), links), max_size=60).map(
    " ".join
)
fences = st.lists(st.sampled_from(["x = 1", "    y = 2", "", "# no heading"]), max_size=60).map(
    lambda lines: "```python\n" + "\n".join(lines) + "\n```"
)
tables = st.integers(0, 40).map(
    lambda rows: "| a | b |\n|---|---|\n" + "\n".join(f"| {n} | {n * n} |" for n in range(rows))
)
lists = st.integers(1, 40).map(lambda rows: "\n".join(f"- item {n}" for n in range(rows)))
documents = st.lists(st.one_of(paragraphs, fences, tables, lists), max_size=8).map("\n\n".join)


# Anything: each of these inside lists and quotations of any depth.
phrases = st.lists(
    st.one_of(
        st.sampled_from(
            ["word", "a_b", "`code x`", "**bold**", "x < y", "1.", "#", "-", "|", "$5"]
        ),
        links,
    ),
    min_size=1,
    max_size=40,
).map(" ".join)
prose = st.lists(phrases, min_size=1, max_size=3).map("\n".join)
rules = st.sampled_from(["---", "# Heading", "<div>\nhtml\n</div>"])


def in_list(items: list[str]) -> str:
    return "\n".join("- " + item.replace("\n", "\n  ") for item in items)


def in_quotation(blocks: list[str]) -> str:
    return "\n".join(f"> {line}".rstrip() for line in "\n\n".join(blocks).split("\n"))


nested = st.recursive(
    st.one_of(prose, fences, tables, rules),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(in_list),
        st.lists(inner, min_size=1, max_size=3).map(in_quotation),
    ),
    max_leaves=5,
)
any_markdown = st.lists(nested, max_size=4).map("\n\n".join)
parser = MarkdownIt("commonmark").enable("table")


def code_lines(text: str) -> list[str]:
    """The lines of fenced code, as a Markdown parser finds them."""
    fenced = [token.content for token in parser.parse(text) if token.type == "fence"]
    return [line.strip() for content in fenced for line in content.splitlines() if line.strip()]


def targets(text: str) -> list[str]:
    """The targets of links, as a Markdown parser finds them."""
    inline = [child for token in parser.parse(text) for child in token.children or ()]
    return sorted(str(child.attrs["href"]) for child in inline if child.type == "link_open")


def squeezed(text: str) -> str:
    return "".join(text.split())


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


@given(words)
def test_any_text_is_split_within_the_limit_and_nothing_is_lost(text: str):
    parts = split(text, 40)
    assert all(0 < len(part) <= 40 for part in parts)


@settings(max_examples=60)
@given(any_markdown)
def test_of_any_markdown_nothing_is_lost_and_no_fence_or_link_is_broken(text: str):
    parts = split(text, LIMIT)
    assert all(0 < len(part) <= LIMIT for part in parts)
    kept = iter(squeezed("".join(parts)))
    assert all(character in kept for character in squeezed(text))
    assert [line for part in parts for line in code_lines(part)] == code_lines(text)
    assert sorted(target for part in parts for target in targets(part)) == targets(text)


def test_what_stood_deep_in_a_list_is_no_code_in_a_part_of_its_own():
    text = "- - word\n  - ```\n    x = 1\n    ```\n\n    " + "word " * 60
    parts = split(text, LIMIT)
    assert len(parts) > 1
    assert not parts[-1].startswith(" ")


@given(documents)
def test_parts_keep_to_the_limit(text: str):
    assert all(0 < len(part) <= LIMIT for part in split(text, LIMIT))


@given(documents)
def test_fences_are_never_left_open(text: str):
    for part in split(text, LIMIT):
        assert part.count("```") % 2 == 0
        assert all(line in {"```python", "```"} for line in part.splitlines() if "```" in line)


@given(st.lists(fences, min_size=1, max_size=4).map("\n\n".join))
def test_no_line_of_code_is_lost(text: str):
    def code(document: str) -> list[str]:
        return [line for line in document.splitlines() if not line.startswith("```")]

    kept = [line for part in split(text, LIMIT) for line in code(part) if line]
    assert kept == [line for line in code(text) if line]


@given(st.lists(st.one_of(paragraphs, lists), max_size=8).map("\n\n".join))
def test_links_stay_whole_and_no_word_is_lost(text: str):
    parts = split(text, LIMIT)
    assert squeezed("".join(parts)) == squeezed(text)
    assert sum(len(re.findall(r"\[a page\]\(https://example.com/\d+\)", p)) for p in parts) == (
        text.count("[a page]")
    )


@given(tables)
def test_every_part_of_a_table_has_its_header(text: str):
    parts = split(text, LIMIT)
    assert all(part.startswith("| a | b |\n|---|---|") for part in parts)
    rows = [row for part in parts for row in part.splitlines()[2:]]
    assert rows == text.splitlines()[2:]


def test_a_text_that_fits_is_left_alone():
    assert split("one\n\ntwo") == ["one\n\ntwo"]
    assert split("  \n ") == []


def test_blocks_that_fit_are_not_cut():
    fence = "```\n" + "code\n" * 20 + "```"
    paragraph = "word " * 50
    assert split(f"{paragraph}\n\n{fence}", LIMIT) == [paragraph, fence]


def test_a_long_list_is_cut_between_items():
    item = "- " + "word " * 20
    parts = split("\n".join([item] * 6), LIMIT)
    assert all(part.startswith("- word") for part in parts)


def test_a_fence_in_a_list_keeps_its_fence():
    text = "- item\n\n  ```\n" + "  code\n" * 80 + "  ```\n- next"
    for part in split(text, LIMIT):
        assert part.count("```") % 2 == 0


def test_a_link_longer_than_the_limit_is_cut_all_the_same():
    parts = split("[x](https://example.com/" + "a" * 500 + ")", LIMIT)
    assert all(len(part) <= LIMIT for part in parts)


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
    words = "Set a.b, call x.y(), read README.md: 3.5 of 4, etc."
    assert break_addresses(words) == words
