# ruff: noqa: RUF001  (full stops of other languages)
"""Markdown of an LLM: any text, in any pieces, goes through every filter without an error."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from bot.markup.answer import render_answer
from bot.markup.markdown import escape, escape_line, neutralise_mentions, shorten
from bot.markup.mrkdwn import render_mrkdwn, render_pieces
from bot.markup.splitting import split
from bot.markup.tables import flatten_tables
from rag_core.generation.text.answer_text import AnswerText
from rag_core.types import Chunk, Passage
from tests import live_links
from tests.hostile.fuzz.inputs import MARKDOWN, MARKUP, texts

PASSAGES = [
    Passage(
        Chunk(str(n), "docs", f"{n}.md", f"https://docs.test/{n}", "A", (), 0, "Text."), 1.0, None
    )
    for n in range(3)
]
LIMIT = 60
KNOWN = {passage.chunk.url for passage in PASSAGES}

# A grammar of answers: what leads out, between signs that hide it, in blocks in blocks.
FOREIGN = (
    *("[x](https://evil.com/S)", "![x](//evil.com)", "<https://evil.com>", "https://evil.com/S"),
    *("evil.com?z=S", "s.evil.com/S", "me@evil.com", '<a href="https://evil.com">x</a>', "[x][r]"),
    *("[r]: https://evil.com", "[r]:\n https://evil.com 'a\nb'", "https&colon;//evil.com", "[r]:"),
    *(
        "evil&period;com",
        "[a `]` b](https://evil.com)",
        "https://docs.test/1—evil.com",
        "evil．com",
    ),
    *(
        "https://docs.test/1)evil.com",
        "s.evil.com．x",
        "evil.com(x)",
        "evil**.com**",
        "www.evil.com",
    ),
)
HIDING = (
    *(" ", "\n", "\\\n", "\u00a0", "\u3000", "\v", "\x1f", "\u2028", "\t", "\r", "\n\n", "`", "``"),
    *(
        "|",
        "*",
        "_",
        "~~",
        "[",
        "]",
        "(",
        ")",
        "](",
        "<",
        "&",
        "\\",
        "<b>",
        "<!--",
        "-->",
        "'",
        '"',
    ),
    *("word ", "例", "。", "[1]", "[k](https://docs.test/1)", "<https://docs.test/2>", ",", "!"),
)
words = st.lists(st.sampled_from(FOREIGN) | st.sampled_from(HIDING), max_size=6).map("".join)
MARKS = [
    *(
        ("> ", "> "),
        ("> ", ""),
        ("- ", "  "),
        ("- ", ""),
        ("1. ", "   "),
        ("10. ", "\t"),
        ("# ", ""),
    ),
    *(("    ", "    "), ("```\n", ""), ("~~~ `\n", ""), ("| a |\n|---|\n| ", "| "), ("\t", "")),
    *(("<div>\n", ""), ("<pre>", ""), ("<!-- ", ""), ("<textarea>`", ""), ("a\n", "")),
]
ENDS = [
    "",
    "\n",
    "\n\n",
    "\n```\n",
    "\n~~~",
    " |\n",
    "\n===\n",
    "\n---\n",
    "\n</div>\n",
    " -->",
    "</pre>",
]


def nest(parts: tuple[str, tuple[str, str], str, str]) -> str:
    """A block in a block, and what follows it."""
    inner, (first, other), end, after = parts
    return first + inner.replace("\n", f"\n{other}") + end + after


answers = st.recursive(
    words,
    lambda inner: st.tuples(inner, st.sampled_from(MARKS), st.sampled_from(ENDS), inner).map(nest),
    max_leaves=6,
)


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


@given(answers)
@example("> 1. <!--\n> ")
@example("> 1. [r]:\n>    https://evil.com 'a\n>    b'\n\n[r]")
@example("![<a href='https://evil.com'>x</a>](https://docs.test/1)")
@example("| [a <!-- b | c |\n|---|---|\n| d | --> ](https://evil.com) |")
@example("<textarea>\nhttps://`x.evil.com` b\n</textarea>")
def test_no_nesting_lets_a_link_out(text: str):
    answer = AnswerText(PASSAGES)
    for at in range(0, len(text), 7):
        answer.feed(text[at : at + 7])
    answer.flush()
    for shown in (answer.text, render_answer(answer.text)):
        found = {*live_links.find_links(shown), *live_links.find_bare_addresses(shown)}
        assert {link for link in found if link.partition("#")[0].rstrip("/") not in KNOWN} == set()
