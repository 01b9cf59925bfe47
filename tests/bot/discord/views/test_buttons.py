"""Buttons keep to Discord's limits in each language, and their ids say what they do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.views.buttons import (
    Action,
    Row,
    build_answer_rows,
    build_confirmation_rows,
    build_custom_id,
    build_share_rows,
    build_stop_rows,
    parse_custom_id,
)
from bot.texts.catalog import LANGUAGES, set_language

ANSWER = "0f8b5a2c-5b7e-4a51-9e1d-2a6b0a3c9d10"
LABEL_LIMIT, ID_LIMIT, ROW_LIMIT = 80, 100, 5


@pytest.fixture(params=LANGUAGES, autouse=True)
def language(request: pytest.FixtureRequest) -> Iterator[None]:
    set_language(request.param)
    yield
    set_language("en")


def actions(rows: tuple[Row, ...]) -> list[str]:
    parsed = [parse_custom_id(button["custom_id"]) for row in rows for button in row["components"]]
    assert all(each is not None and each[1] == ANSWER for each in parsed)
    return [each[0] for each in parsed if each]


def test_an_answer_has_the_buttons_that_apply_to_it():
    bare = build_answer_rows(ANSWER, has_passages=False, can_escalate=False)
    full = build_answer_rows(ANSWER, has_passages=True, can_escalate=True)
    assert actions(bare) == ["good", "bad"]
    assert actions(full) == ["good", "bad", "evidence", "people"]


def test_other_buttons_stand_alone():
    assert actions(build_confirmation_rows(ANSWER)) == ["people_yes"]
    assert actions(build_stop_rows(ANSWER)) == ["stop"]
    assert actions(build_share_rows(ANSWER)) == ["share"]


def test_every_button_is_one_that_discord_takes():
    rows = [
        *build_answer_rows(ANSWER, has_passages=True, can_escalate=True),
        *build_confirmation_rows(ANSWER),
        *build_stop_rows(ANSWER),
        *build_share_rows(ANSWER),
    ]
    for row in rows:
        assert row["type"] == 1
        assert 0 < len(row["components"]) <= ROW_LIMIT
        for button in row["components"]:
            assert button["type"] == 2
            assert button["style"] in {1, 2, 3, 4}
            assert 0 < len(button["custom_id"]) <= ID_LIMIT
            assert 0 < len(button.get("label") or button["emoji"]["name"]) <= LABEL_LIMIT


@pytest.mark.parametrize("action", get_args(Action))
def test_the_longest_id_fits_and_is_read_back(action: Action):
    custom_id = build_custom_id(action, "a" * 64)
    assert len(custom_id) <= ID_LIMIT
    assert parse_custom_id(custom_id) == (action, "a" * 64)


@given(st.text(max_size=60))
def test_a_foreign_id_is_none_of_docents(text: str):
    assert parse_custom_id(text) is None
    assert parse_custom_id(f"docent:{text}") is None or ":" in text
    assert parse_custom_id(f"docent:good:{text} ") is None
