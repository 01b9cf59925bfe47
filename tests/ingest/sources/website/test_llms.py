from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.website import llms
from ingest.sources.website.llms import (
    PagePart,
    is_llms_full,
    is_llms_list,
    parse_llms,
    split_llms_full,
)

BASE = "https://h.example/docs/llms.txt"


def test_links_of_an_llms_txt():
    text = '- [A [1]](a.md): x\n- [B](</b.md> "t") ![C](c.png)\n[no](  )\n- [A](a.md)'
    assert parse_llms(text, "https://h.example/llms.txt") == (
        "https://h.example/a.md",
        "https://h.example/b.md",
        "https://h.example/c.png",
    )


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("- <https://h.example/a>: the page", "/a"),
        ("- </docs/a>", "/docs/a"),
        ("- https://h.example/a", "/a"),
        ("See https://h.example/a, then wait.", "/a"),
        ("(https://h.example/a)", "/a"),
        ("- [A](../a.md 'title')", "/a.md"),
        ("- [A]( ./a.md ): text", "/docs/a.md"),
        ("- [A][a]: text\n\n[a]: https://h.example/a 'Title'", "/a"),
        ("- [A][]\n\n [A]: <a.md>", "/docs/a.md"),
        ("## Optional\n\n- [A](/a)", "/a"),
        ("- [ ] [A](/a)", "/a"),
        ("* [`A`](/a#part)", "/a"),
        ("| [A](/a) | text |", "/a"),
        ("- [A](<https://h.example/a b.md>): text", "/a%20b.md"),
        ("- https://h.example/a_(b).md: text", "/a_(b).md"),
        ('- <a class="x" href="/a.md">A</a>: text', "/a.md"),
        ("<details>\n<summary>S</summary>\n\n[A](/a)\n\n</details>\n</div></a>", "/a"),
    ],
)
def test_links_in_all_spellings(line: str, path: str):
    assert parse_llms(line, BASE) == (f"https://h.example{path}",)


def test_addresses_in_code_are_examples():
    text = "```sh\ncurl https://h.example/api\n```\n`https://h.example/b`\n- [A](/a)"
    assert parse_llms(text, BASE) == ("https://h.example/a",)
    assert parse_llms("```\n[A](/a)", BASE) == ("https://h.example/a",)


def test_an_llms_txt_is_read_up_to_its_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(llms, "MAX_LLMS_CHARACTERS", 20)
    assert parse_llms("[a](/a)" + " " * 20 + "[b](/b)", BASE) == ("https://h.example/a",)
    # An address in parentheses, and one that never ends.
    assert parse_llms("[a](/a_(b)) [c](/c(", BASE) == ("https://h.example/a_(b)",)


def test_the_names_of_such_files():
    assert all(map(is_llms_list, ("llms.txt", "LLMS.txt", "llms-small.txt")))
    assert all(map(is_llms_full, ("llms-full.txt", "llms_full.txt", "llms-ctx-full.txt")))
    assert not any(is_llms_list(name) or is_llms_full(name) for name in ("notes.txt", "llms.md"))


A = PagePart("https://h.example/a", "# A\n\ntext a")
B = PagePart("https://h.example/b", "# B\n\ntext b")


@pytest.mark.parametrize(
    "text",
    [
        "# A\nSource: https://h.example/a\n\ntext a\n\n\n# B\nSource: /b\n\ntext b",
        "# A\n\nURL: /a\n\ntext a\n\n---\n\n# B\n\nURL: /b\n\ntext b\n",
        "# A\n**Source:** [link](https://h.example/a)\n\ntext a\n# B\n**Source:** </b>\n\ntext b",
        "================\nURL: /a\n\n# A\n\ntext a\n\n================\nURL: /b\n\n# B\n\ntext b",
        "URL: /a\n\n# A\n\ntext a\n\nURL: /b\n\n# B\n\ntext b",
        "<page url='/a'>\n# A\n\ntext a\n</page>\n<page url='/b'>\n# B\n\ntext b\n</page>",
        '<doc title="A" url="/a">\n# A\n\ntext a\n</doc>\n\n<doc url="/b">\n# B\n\ntext b\n</doc>',
    ],
)
def test_pages_are_divided_where_the_file_marks_them(text: str):
    found = split_llms_full(text, BASE)
    assert [PagePart(part.address, _tighten(part.text)) for part in found] == [A, B]


def _tighten(text: str) -> str:
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


def test_front_matter_marks_a_page_and_keeps_its_title():
    text = dedent(
        """\
        ---
        title: A
        url: /a
        description: About A.
        ---

        text a
        ---
        url: '/b.md'
        ---

        # B
        """
    )
    first, second = split_llms_full(text, BASE)
    assert first.address == "https://h.example/a"
    assert first.text == "---\ntitle: A\ndescription: About A.\n---\n\ntext a"
    assert (second.address, second.text.strip("-\n")) == ("https://h.example/b.md", "# B")


def test_the_text_before_the_first_page_and_the_parts_of_one_page():
    text = "# All\n\nIntro.\n\n# A\nSource: /a\n\none\n\n# A2\nSource: /a\n\ntwo"
    before, page = split_llms_full(text, BASE)
    assert before == PagePart("", "# All\n\nIntro.")
    assert page.address == "https://h.example/a"
    assert page.text == "# A\n\none\n\n# A2\n\ntwo"


@pytest.mark.parametrize(
    "text",
    [
        "# A\n\ntext\n\n# B\n\nmore",
        "# A\n\nSome text.\n\nSource: https://h.example/b\n\nMore text.",
        "# A\n\n```yaml\n---\nurl: /b\n---\n# Title\nSource: /x\n```\n",
        "# A\n\nSource: the manual\nLink: see below",
        "",
    ],
)
def test_without_marks_it_is_one_page(text: str):
    assert split_llms_full(text, BASE) == [PagePart("", text)]


def test_a_mark_of_another_host_among_many_is_text():
    text = "# A\nSource: /a\n\nx\n\n# B\nSource: /b\n\n## C\nSource: https://other.example/c\n\ny"
    assert [part.address for part in split_llms_full(text, BASE)] == [A.address, B.address]
    assert "other.example" in split_llms_full(text, BASE)[1].text


@given(st.text("#-=`~<>/ab:\n SourceURLuptehdc", max_size=200))
def test_no_line_of_any_text_is_lost(text: str):
    for part in split_llms_full(text, BASE):
        assert part.text in text or part.address
    for each in parse_llms(text, BASE):
        assert each.startswith(("http://", "https://"))
