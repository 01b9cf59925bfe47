"""Markdown of an LLM: any text, in any pieces, goes through every filter without an error."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from bot.markup.answer import render_answer
from bot.markup.markdown import escape, escape_line, neutralise_mentions, shorten, split
from bot.markup.mrkdwn import render_mrkdwn, render_pieces
from bot.markup.tables import flatten_tables
from rag_core.generation.text.answer_text import AnswerText
from rag_core.types import Chunk, Passage
from tests.hostile.fuzz.inputs import MARKDOWN, MARKUP, texts

PASSAGES = [
    Passage(
        Chunk(str(n), "docs", f"{n}.md", f"https://docs.test/{n}", "A", (), 0, "Text."), 1.0, None
    )
    for n in range(3)
]
LIMIT = 60


@given(texts(MARKDOWN, MARKUP), st.lists(st.integers(0, 200), max_size=6))
def test_an_answer_is_read_in_any_pieces(text: str, cuts: list[int]):
    whole, pieces = AnswerText(PASSAGES), AnswerText(PASSAGES)
    shown = whole.feed(text) + whole.flush()
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = [text[start:end] for start, end in pairwise(bounds)]
    streamed = "".join(map(pieces.feed, parts)) + pieces.flush()
    assert shown == whole.text
    assert streamed == pieces.text
    assert {citation.number for citation in whole.citations} <= {1, 2, 3}


@given(texts(MARKDOWN, MARKUP))
def test_an_answer_is_shown_anywhere(text: str):
    shown = render_answer(text)
    neutralise_mentions(shown)
    assert "<!channel>" not in render_mrkdwn(neutralise_mentions(text))
    flatten_tables(shown)
    assert all(part.strip() for part in split(shown))


@given(texts(MARKDOWN, MARKUP, size=60))
@example("<https://e.test><script>" + "-" * 40)
@example("<b>" * 40)
def test_no_part_is_over_the_limit(text: str):
    assert all(len(part) <= LIMIT for part in split(text, LIMIT))
    assert all(len(piece) <= LIMIT for piece in render_pieces(text, LIMIT))


@given(texts(MARKDOWN, MARKUP), st.integers(1, 50))
def test_a_line_stays_short_and_a_line(text: str, limit: int):
    assert len(shorten(text, limit)) <= limit
    assert "\n" not in escape_line(text)
    assert isinstance(escape(text), str)
