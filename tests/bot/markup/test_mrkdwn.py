"""Markdown for modals: within limits, harmless, and no word lost."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.markup.mrkdwn import SECTION_LIMIT, render_mrkdwn, render_pieces
from bot.markup.tables import flatten_tables
from rag_core.generation.text.links.addresses import KnownAddresses
from rag_core.generation.text.links.link_guard import check_links
from tests import live_links
from tests.bot.markup.test_splitting import documents, squeezed

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
        ("# <!here> & `x < y`s", "*&lt;!here&gt; &amp; `x &lt; y` s*"),
        ("Two\nlines\n===", "*Two lines*"),
        ("a \\` b `c` d", "a \u02cb b `c` d"),
        ("a`b`c, (`d`)", "a `b` c, (`d`)"),
        ("**`a`** _`b`_ _c_", "*`a`* `b` _c_"),
        ("` ` `a`", " `a`"),
        ("[`a` b](other.md)", "`a` b"),
        ("![](other.png)", "other.png"),
        ("[a \\` b](https://a.b/\\`)", "<https://a.b/%60|a \u02cb b>"),
        ("<p>\n`a` ` b\n</p>", "&lt;p&gt;\n`a` \u02cb b\n&lt;/p&gt;"),
    ],
)
def test_markdown_is_shown_as_slack_shows_it(text: str, shown: str):
    assert render_mrkdwn(text) == shown


@pytest.mark.parametrize("ticks", [3, 4, 5, 6])
def test_a_fence_in_code_does_not_end_it(ticks: int):
    code = f"~~~\n{'`' * ticks} https://evil.test\n~~~"
    assert render_mrkdwn(code).count("```") == 2
    assert live_links.find_mrkdwn_links(render_mrkdwn(code)) == []


FRAGMENTS = st.sampled_from(
    [
        *(
            "`",
            "``",
            "```",
            "~~~",
            "\\`",
            "&#96;",
            "https://evil.test/x",
            "evil.com",
            "a",
            " ",
            "_",
        ),
        *("\n", "\n\n", "# ", "- ", "> ", "    ", "|", "|a|b|\n|-|-|\n|", "**", "[a](", "](b.md)"),
        *("<p>", "<!here>", "![", "["),
    ]
)


@given(st.lists(FRAGMENTS, max_size=14).map("".join))
@example("a \\` b `https://evil.test/x` c")
@example("a`https://evil.test/x`")
@example("# `https://evil.test/x`")
@example("[`https://evil.test/x`](b.md)")
@example("|a|b|\n|-|-|\n|```|`https://evil.test/x`|")
@example("|a|\n|-|\n|```|\n|`https://evil.test/x`|")
def test_what_is_code_stays_code_in_each_plainer_form(text: str):
    checked = check_links(text, KnownAddresses([], ["b.md"]))
    flat = flatten_tables(checked)
    for piece in (*render_pieces(checked), *render_pieces(flat)):
        assert live_links.find_mrkdwn_links(piece) == []
        assert live_links.find_mrkdwn_mentions(piece) == []
    before = live_links.find_bare_addresses(checked)
    assert set(live_links.find_bare_addresses(flat)) <= set(before)


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
