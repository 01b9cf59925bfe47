"""Words of the documentation come through Discord's markup exactly."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.discord.content.escaping import (
    LONGEST_ADDRESS,
    escape_line_starts,
    escape_words,
    fence_code,
    format_code,
    format_link,
    render_words,
)
from rag_core.generation.text.links.addresses import BREAK
from tests.bot.discord.content.reader import read

signs = st.text(alphabet="ab1 *_~|`<>@#:\\[]().-+/é!\n", max_size=60)
pieces = st.lists(
    st.sampled_from(
        [
            *("@everyone", "@here", "<@1>", "<@&1>", "<#1>", "<t:1:R>", "</a:1>", "<:a:1>", ":a:"),
            *("# ", "-# ", "- ", "1. ", "> ", ">>> ", "||", "__", "~~", "**", "```", "[a](", "]("),
            *("snake_case_name", "__init__", "*args", "a", " ", "\n", "\\", "steam://x", "é"),
        ]
    ),
    max_size=12,
).map("".join)


@given(st.one_of(signs, pieces))
@example("max_size_x y_")
@example("C:\\*")
@example("[a](b) [c]")
def test_a_person_sees_each_word_as_it_is_and_nothing_is_set_off(words: str):
    seen = read(escape_line_starts(escape_words(words)))
    assert seen.text == words
    assert set(seen.kinds) <= {"escape"}


def test_names_are_not_full_of_backslashes():
    assert escape_words("max_size of [1] at 12:30:45, ~/x | y, a < b, 2 <= 3") == (
        "max_size of [1] at 12:30:45, ~/x | y, a < b, 2 <= 3"
    )


def test_a_name_loses_the_breaks_that_other_surfaces_need():
    assert escape_words(f"Edit milvus.{BREAK}io now.") == "Edit milvus.io now."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See https://a.b/c_d.", "See <https://a.b/c_d>."),
        ("(https://a.b/c_(d))", "(<https://a.b/c_(d)>)"),
        ("https://a.b/*c* or _", "<https://a.b/*c> or \\_".replace("*c>", "*c>\\*")),
        (f"https://a.{BREAK}b", "https\\://a.b"),
        ("xhttps://a.b", "xhttps\\://a.b"),
    ],
)
def test_an_address_is_a_link_without_a_preview(text: str, shown: str):
    assert render_words(text) == shown


def test_an_address_without_end_is_words():
    address = "https://a.b/" + "c" * LONGEST_ADDRESS
    assert read(render_words(address)).links == []
    assert read(render_words(address)).text == address


@pytest.mark.parametrize(
    ("address", "label", "shown"),
    [
        ("https://a.b/c", "a page", "[a page](<https://a.b/c>)"),
        ("https://a.b/c_(d)|*", "x", "[x](<https://a.b/c_%28d%29%7C%2A>)"),
        ("https://a.b", "https://a.b", "<https://a.b>"),
        ("https://a.b", "", "<https://a.b>"),
        ("https://a.b", "f[0]", "f[0] (<https://a.b>)"),
        ("https://a.b", "https://other", "https://other (<https://a.b>)"),
        ("other.md", "a page", "a page"),
        ("javascript:x", "a page", "a page"),
    ],
)
def test_links_are_masked_where_discord_masks_them(address: str, label: str, shown: str):
    assert format_link(address, label, label) == shown


@given(st.text(alphabet="ab`* \\<@", min_size=1, max_size=30))
def test_code_shows_its_characters(code: str):
    code = code.strip() or "x"
    seen = read(format_code(code))
    assert seen.text.replace(BREAK, "") == code
    assert seen.kinds == ["inline"]


@given(st.text(alphabet="ab`\n \\<@*", max_size=60))
def test_nothing_in_a_block_of_code_ends_it(code: str):
    block = fence_code(code, "py")
    if not code.strip():
        assert block == ""
        return
    assert block.count("```") == 2
    assert re.sub(rf"{BREAK}|^\n+|\n+$", "", read(block).code[0]) == code.strip("\n")
