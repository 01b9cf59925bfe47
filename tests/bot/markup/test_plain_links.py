from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.markup.plain_links import LinkFlattener

URL = "https://a.example/x"


def flat(*pieces: str) -> str:
    flattener = LinkFlattener()
    return "".join(map(flattener.feed, pieces)) + flattener.feed("", last=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"Read [it]({URL}) now [1].", f"Read it ({URL}) now [1]."),
        (f"[it]({URL}) and [that]({URL})", f"it ({URL}) and that"),
        (f"[{URL}]({URL})", URL),
        (f"[]({URL})", URL),
        (f"<{URL}>", URL),
        (f'[it](<{URL}> "title")', f"it ({URL})"),
        (f"[a(b)]({URL}_(c))", f"a(b) ({URL}_(c))"),
        (f"[x[0]]({URL})", f"x[0] ({URL})"),
        (f"![A figure]({URL}.png)", "A figure"),
        (f"[`create()`]({URL}) it", f"`create()` ({URL}) it"),
        (
            f"[the `a[0]` of]({URL}), [``b`c``]({URL}/b)",
            f"the `a[0]` of ({URL}), ``b`c`` ({URL}/b)",
        ),
        (f"[a]({URL} 'T'), [b]({URL} (T)), [c]({URL} \"T (u)\")", f"a ({URL}), b, c"),
        (f"[![logo]({URL}.png)]({URL})", f"logo ({URL})"),
        (f"[![]({URL}.png)]({URL})", URL),
        ("ssh://evil.\u200btest/x, a.\u200bio", "ssh://evil.\u200btest/x, a.io"),
        (f"[k]({URL})me@bad.com", f"k ({URL}) me@bad.com"),
        (f"[k]({URL})/SECRET <{URL}>word", f"k ({URL}) /SECRET {URL} word"),
        (f"[k]({URL})`code`, **[m]({URL}/m)**", f"k ({URL})`code`, **m ({URL}/m)**"),
        (f"\u89c1[\u6587\u6863]({URL})\u3002", f"\u89c1\u6587\u6863 ({URL})\u3002"),
        (f"[1][it]({URL})", f"[1]it ({URL})"),
        # What is no link stays.
        ("args[0](x.y), a[0][1](x.y), f()[0](a/b)", "args[0](x.y), a[0][1](x.y), f()[0](a/b)"),
        ("[`a`](x) and [a](`b.c`)", "[`a`](x) and [a](`b.c`)"),
        (f"`[`[it]({URL})`]`", f"`[`it ({URL})`]`"),
        (f"[`[it]({URL})`", f"[`[it]({URL})`"),
        ("args[0](x), [1](2), [it](), [1](2", "args[0](x), [1](2), [it](), [1](2"),
        ("List<int> and [1] [2, 3]", "List<int> and [1] [2, 3]"),
        (f"`[it]({URL})`", f"`[it]({URL})`"),
        (f"```\n[it]({URL})\n```\n[it]({URL})", f"```\n[it]({URL})\n```\nit ({URL})"),
        ("an end!", "an end!"),
        # Signs that docent writes are read as they are meant.
        ("A &lt;td class=x> & R&amp;D &amp;lt; `&lt;`", "A <td class=x> & R&D &lt; `&lt;`"),
        ("set metadata.\u200bname, [user.\u200bname] now", "set metadata.name, [user.name] now"),
        ("git@\u200bgithub.\u200bcom:org/repo", "git@github.com:org/repo"),
        (
            f"docker.\u200bio/library/x and [ASP.\u200bNET]({URL})",
            f"docker.io/library/x and ASP.NET ({URL})",
        ),
        (
            "a\u200bb, `evil.\u200bcom`, พ.ศ.\u200b2560",
            "a\u200bb, `evil.\u200bcom`, พ.ศ.\u200b2560",
        ),
        ("a [begun", "a [begun"),
    ],
)
def test_links_read_as_text(text: str, expected: str):
    assert flat(text) == expected
    assert flat(*text) == expected


@given(
    st.lists(
        st.sampled_from([*"a![]()<>`\n h:/'\".@\u200b", "&lt;", "&amp;", ".\u200bio"]), max_size=40
    ).map("".join),
    st.integers(0, 60),
)
@example("![a](b)", 1)
@example("[`a`](b.c 'd)e')", 9)
@example("a[0](x.y)", 1)
@example("[a](b(c)d)", 6)
def test_the_pieces_make_no_difference(text: str, at: int):
    assert flat(text[:at], text[at:]) == flat(text)


def test_a_bracket_does_not_hold_an_answer_back():
    flattener = LinkFlattener()
    assert flattener.feed("[1] is first. ") == "[1] is first. "
    assert len(flattener.feed("[" + "a" * 5_000)) > 0


@pytest.mark.parametrize("size", [1, 2, 100])
def test_an_escaped_call_is_shown_as_it_is_written(size: int):
    text = r"Use args\[0](x) and f\[i], `a\[0](x)` and \[ x^2 \]."
    flattener = LinkFlattener()
    shown = "".join(flattener.feed(text[at : at + size]) for at in range(0, len(text), size))
    shown += flattener.feed("", last=True)
    assert shown == r"Use args[0](x) and f[i], `a\[0](x)` and \[ x^2 \]."
