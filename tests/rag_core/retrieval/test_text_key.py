# ruff: noqa: RUF001  (Cyrillic letters that look like Latin ones)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.retrieval.text_key import build_text_key

PAGE = (
    "Backups are enabled by default. The server writes a snapshot of each of its volumes every 6 "
    "hours and keeps 10 of them, up to 500 MB in all. To restore the newest one, stop the server, "
    "run `ctl restore --latest -n 2` as an administrator, and start it before the next snapshot."
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("enabled by", "disabled by"),
        ("are enabled", "are not enabled"),
        ("are enabled", "aren't enabled"),
        ("6 hours", "8 hours"),
        ("every 6", "every 60"),
        ("10 of", "-10 of"),
        ("hours", "minutes"),
        ("500 MB", "500 Mb"),
        ("500 MB", "500 GB"),
        ("500 MB", "500 %"),
        ("up to", "at least"),
        ("before", "after"),
        ("and keeps", "or keeps"),
        ("server", "client"),
        ("administrator", "auditor"),
        ("the newest", "the oldest"),
        ("--latest", "latest"),
        ("--latest", "--oldest"),
        ("-n 2", "-n 3"),
        ("-n 2", "-m 2"),
        ("ctl", "ctl2"),
        ("start", "restart"),
        ("each", "none"),
        ("volumes", "IT volumes"),
        (" in all", " in all ✓"),
        ("Backups", "v2.4 backups"),
        ("stop the server, ", ""),
    ],
)
def test_a_small_difference_that_matters(old, new):
    assert old in PAGE
    assert build_text_key(PAGE) != build_text_key(PAGE.replace(old, new, 1))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Use C.", "Use C++."),
        ("Use C.", "Use C#."),
        ("Versions 2.4 and up", "Versions 2.40 and up"),
        ("From v2.4", "From v2.5"),
        ("x > 5", "x < 5"),
        ("x >= 5", "x > 5"),
        ("x == 5", "x != 5"),
        ("costs $5", "costs €5"),
        ("costs 5", "costs $5"),
        ("you can do it", "you can't do it"),
        ("it will work", "it won't work"),
        ("do this", "do this without a key"),
        ("import it", "important"),
        ("the encoder", "the encode"),
        ("the operator", "the operation"),
        ("a positive one", "a position"),
        ("IT works", "it works"),
        ("| a | ✓ |", "| a | ✗ |"),
        ("- [x] a", "- [ ] a"),
        ("```\nlist.Add(A)\n```", "```\nlist.add(A)\n```"),
        ("启用压缩", "禁用压缩"),
        ("หยุด", "หยุ่ด"),
        ("Удалите индекс", "Не удаляйте индекс"),
        ("Memory: > 8 GB", "Memory: < 8 GB"),
        ("Memory:\n> 8 GB", "Memory:\n< 8 GB"),
        ("Memory:\n> 8 GB", "Memory:\n8 GB"),
        ("- > $5", "- $5"),
        ("- Memory: ≥ 8 GB", "- Memory: ≤ 8 GB"),
        ("| x | > 3 |", "| x | <= 3 |"),
        ("| > 3 | x |", "| 3 | x |"),
        ("| x | yes | |", "| x | | yes |"),
        ("| + | - |", "| - | + |"),
        ("total = free + used", "total = free - used"),
        ("total = free * used", "total = free / used"),
        ("total = 5 % 3", "total = 5 * 3"),
        ("it grows by 2^3", "it grows by 2*3"),
        ("10²", "102"),
        ("½ of it", "1 2 of it"),
        ("5‰", "5"),
        ("10<sup>2</sup>", "102"),
        ("f(*a) is called", "f(**a) is called"),
        ("x[1:] is taken", "x[:1] is taken"),
        ("x << 2", "x >> 2"),
        ("a || b", "a | b"),
        ("in /conf", "in ~/conf"),
        ("in /conf", "in conf"),
        ("cd ..", "cd ."),
        ("x = (b + c) * d", "x = b + (c * d)"),
        ("between (0, 1]", "between [0, 1)"),
        ("the λ", "the Λ"),
        ("the a.b file", "the a/b file"),
        ("the a_b key", "the a-b key"),
        ("5 M", "5 m"),
        ("Option A", "Option I"),
        ("Option A", "Option"),
        ("for i in a", "for in a"),
        ("X is shown", "x is shown"),
        ("It was removed", "It will be removed"),
        ("It was removed", "It is removed"),
        ("It has been removed", "It will be removed"),
        ("We have removed it", "We will remove it"),
        ("We removed it", "We'll remove it"),
        ("It had failed", "It has failed"),
        ("It would work", "It will work"),
        ("Does it work?", "It does work."),
        ("Use &lt;b&gt; here", "Use &lt;i&gt; here"),
        ("Use `<b>` here", "Use `<i>` here"),
        ("Add <s>one</s> two", "Add one two"),
        ("[Note]: stop the server", "[Note]: start the server"),
        ("[^1]: Stop it", "[^1]: Start it"),
        ("See\n\n[a]:\n\nyes", "See\n\n[a]:\n\nno"),
    ],
)
def test_two_statements(one, other):
    assert build_text_key(one) != build_text_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Stop the server.", "Stop   the\n server"),
        ("Stop the server.", "**Stop** the _server_."),
        ("Stop the `server`.", "Stop the server"),
        ("# Stop\n\nthe server", "Stop the server"),
        ("> Stop the server", "- Stop the server"),
        ("See [the guide](a.md) now", 'See [the guide](../b/c.html#d "Title") now'),
        ("See [the guide](a.md) now", "See [the guide][1] now\n\n[1]: https://x.example"),
        ("See [the guide](a.md)", "See the guide"),
        ("![A chart](a.png)", "![A chart](b.svg)"),
        ('<p align="center">Stop <b>it</b></p>', "Stop it"),
        ("a &gt; b &amp; c", "a > b & c"),
        ("“Stop” — the server…", '"Stop" - the server...'),
        ("Don\u2019t stop the server", "Do not stop the server"),
        ("You can't stop it", "You cannot stop it"),
        ("It is returned", "It will be returned"),
        ("The servers are stopped", "The server is stopping"),
        ("connect to it.", "connect to that."),
        ("Please refer to the page", "refer to the page"),
        ("## Stop it {#stop-it}", "## Stop it"),
        ("```bash\nstop -x\n```", "~~~ sh\nstop   -x\n~~~"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n| :-- | --: |\n| 1 | 2 |"),
        ("50 %", "50%"),
        ("1–3 nodes — more", "1-3 nodes - more"),
        ("See [![A chart](a.png)](a.html)", "See [![A chart](b.png)](b.html)"),
        ("A **bold\nword** and *one*", "A bold word and one"),
        ("***Stop*** the (new servers).", "Stop the (new server)"),
        ("the a\\_b key", "the a_b key"),
        ("the `a_b` key", "the a_b key"),
        (">Stop the server", "> Stop the server"),
        ("Stop\n====\nit", "## Stop\nit"),
        ("Stop it\n\n***\n", "Stop it\n\n---\n"),
        ("<!-- note -->Stop the server", "Stop the server"),
        ("`the guide <a.html>`_ now", "`the guide <b.html>`__ now"),
        ("a [map](a.html) and more", "a map and more"),
        ("v2.4", "2.4"),
        ("使用 Milvus 数据库。", "使用Milvus数据库"),
        ("e\u0301t\u00e9", "\u00e9te\u0301"),
    ],
)
def test_one_statement_written_in_two_ways(one, other):
    assert build_text_key(one) == build_text_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("it = 1", "is = 1"),
        ("list.Add(a)", "list.add(a)"),
        ("worker: 1", "workers: 1"),
        ("total = free + used", "total = free - used"),
        ("a * b", "a / b"),
        ("x << 2", "x >> 2"),
        ("x[1:]", "x[:1]"),
        ("f(*a)", "f(**a)"),
        ("a || b", "a | b"),
        ("a[0]", "a(0)"),
        ("a = 'b'", "a = b"),
        ("a, b", "a; b"),
        ("ls /conf", "ls ~/conf"),
        ("rm .", "rm .."),
        ("# x = 1", "x = 1"),
        ("> x", "< x"),
        ("_x", "x"),
        ("&lt;", "<"),
        ("i", "a"),
        ("it", "is"),
        ("encode", "encodes"),
        ("Add", "add"),
        ("x²", "x2"),
    ],
)
def test_code_is_compared_as_it_is_written(one, other):
    for form in ("Write:\n\n```python\n{}\n```", "Write `{}` there", "Write `` {} `` there"):
        assert build_text_key(form.format(one)) != build_text_key(form.format(other))
        assert build_text_key(form.format(one)) == build_text_key(form.format(f" {one}  "))


def test_what_a_fence_includes_is_part_of_the_code():
    included = "```{{literalinclude}} {}.py\n```"
    assert build_text_key(included.format("one")) != build_text_key(included.format("two"))


def test_a_text_without_words_is_its_own_key():
    assert build_text_key(" /// ") == ("///",)
    assert build_text_key("") == ("",)


@given(st.text())
def test_any_text_has_a_key_that_is_not_empty(text):
    key = build_text_key(text)
    assert key == build_text_key(f"\n{text}\n ") or not text.strip() or "`" in text or "~" in text
    assert key


def test_code_counts_word_by_word():
    # The caller asks a short text for its heading, and a long block of code is none.
    assert len(build_text_key("```\nlet a = 1;\nlet b = 2;\n```")) == 8
