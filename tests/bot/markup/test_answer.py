"""Answers for Slack: what streams is the beginning of what stays."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.markup.answer import render_answer

TOKENS = [
    "$",
    "$$",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "`",
    "```\n",
    "~~~",
    "x",
    " ",
    "\n",
    "\n\n",
    "    ",
]
TOKENS += ["5", "^2", "\\", "<", "<!here>", "<@U12|x>", "- ", "1. ", "\t", "*", "|"]
pieces = st.lists(st.sampled_from(TOKENS), max_size=14).map("".join)


@given(pieces | st.text())
@example("a $x^2$ b $y")
@example("\\($\\($1*<^2```<")
@example("$$1. \n\\)*a \t$$$$~")
def test_the_beginning_of_a_text_gives_the_beginning_of_the_result(text: str):
    """Nor does what streams ever grow shorter."""
    shown = [render_answer(text[:at], last=False) for at in range(len(text) + 1)]
    assert all(
        after.startswith(before) for before, after in pairwise([*shown, render_answer(text)])
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ask <!here> for $x^2$.", "Ask <!\u200bhere> for `x²`."),
        ("`<!here>` and `$x^2$` and $x < y$", "`<!here>` and `$x^2$` and `x < y`"),
        ("```html\n<!doctype html>\n```", "```html\n<!doctype html>\n```"),
    ],
)
def test_prose_is_rendered_and_code_stays(text: str, shown: str):
    assert render_answer(text) == shown


def test_a_mention_that_may_follow_is_held_back():
    assert render_answer("Ask <!he", last=False) == "Ask"
    assert render_answer("Ask <!he", last=True) == "Ask <!he"
