"""Texts without control characters."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.printable import escape_controls, escape_json, join_lines, strip_controls

CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@given(ANY_TEXT)
def test_no_text_keeps_a_control_character(text: str):
    assert CONTROLS.search(strip_controls(text)) is None
    assert CONTROLS.search(join_lines(text)) is None
    assert "\n" not in join_lines(text)
    assert CONTROLS.search(escape_controls(text)) is None
    assert "\n" not in escape_controls(text)


@given(ANY_TEXT)
def test_json_keeps_its_value(text: str):
    written = escape_json(json.dumps({text: [text]}, ensure_ascii=False, indent=2))
    assert CONTROLS.search(written) is None
    assert json.loads(written) == {text: [text]}


@pytest.mark.parametrize(
    "text",
    [
        "Plain words.\n\tAn indented line.",
        "שלום \u200fabc",
        "é e\u0301 👩\u200d💻 한국어",
        "\ufeffx\u00a0y",
    ],
)
def test_writing_of_people_stays(text: str):
    assert strip_controls(text) == text


def test_line_ends_become_newlines_or_blanks():
    assert strip_controls("a\r\nb\rc\u2028d\x85e\x0bf") == "a\nb c d e f"
    assert join_lines(" a \r\n\t b\n") == "a b"


def test_a_log_line_shows_what_was_there():
    assert escape_controls("a\nb\r\x1b[0m\u202e\tc") == "a\\nb\\r\\x1b[0m\\u202e\tc"
