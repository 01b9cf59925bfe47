"""Markdown for modals: within limits, harmless, and no word lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.markup.mrkdwn import SECTION_LIMIT, render_mrkdwn, render_pieces
from tests.bot.markup.test_markdown import documents, squeezed

anything = st.text(alphabet="abc <>&!@#|-*_~`[]()\n0123.:\\\t>", max_size=300)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# Where *data* lives", "*Where data lives*"),
        ("**bold** _it_ ~~no~~ `x < y`", "*bold* _it_ ~no~ `x &lt; y`"),
        ("[a page](https://a.b/c?x=1&y=2)", "<https://a.b/c?x=1&amp;y=2|a page>"),
        ("[a page](other.md)", "a page"),
        ("![a picture](https://a.b/c.png)", "<https://a.b/c.png|a picture>"),
        ("- one\n- two\n  - three", "• one\n• two\n  • three"),
        ("3. one\n4. two", "3. one\n4. two"),
        ("> said", "> said"),
        ("```python\nx = 1\n```", "```\nx = 1\n```"),
        ("    x = 1", "```\nx = 1\n```"),
        ("| a | b |\n|---|---|\n| one | 2 |", "```\na    b\n---  -\none  2\n```"),
        ("<!here> & <@U1>", "&lt;!here&gt; &amp; &lt;@U1&gt;"),
        ("one\n\n---\n\ntwo", "one\n\n———\n\ntwo"),
    ],
)
def test_markdown_is_shown_as_slack_shows_it(text: str, shown: str):
    assert render_mrkdwn(text) == shown


def test_a_fence_in_code_does_not_end_it():
    assert render_mrkdwn("````\n```\n````").count("```") == 2


@given(anything, st.integers(20, 200))
def test_any_text_keeps_to_the_limit_and_calls_nobody(text: str, limit: int):
    for piece in render_pieces(text, limit):
        assert 0 < len(piece) <= limit
        assert not re.search(r"<[!@#]", piece)


@given(documents)
def test_pieces_keep_to_the_limit_and_close_their_code(text: str):
    for piece in render_pieces(text, 300):
        assert 0 < len(piece) <= 300
        assert piece.count("```") % 2 == 0


@given(st.lists(st.sampled_from(["word", "**bold**", "a_b", "1.", "- x", "\n\n"])).map(" ".join))
def test_no_word_is_lost(text: str):
    def letters(shown: str) -> str:
        return re.sub(r"[^a-zA-Z]", "", shown)

    assert letters("".join(render_pieces(text, 40))) == letters(text)


def test_a_wide_table_is_cut_until_it_fits():
    rows = "\n".join(f"| {n} | {'x' * (n * 7)} |" for n in range(60))
    shown = list(render_pieces(f"| a | b |\n|---|---|\n{rows}"))
    assert all(len(piece) <= SECTION_LIMIT for piece in shown)
    assert squeezed("".join(shown)).count("x" * 59 * 7) == 1
