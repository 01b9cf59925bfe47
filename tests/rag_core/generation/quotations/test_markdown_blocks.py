from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.quotations.markdown_blocks import (
    Block,
    drop_missing,
    has_open_end,
    has_title_end,
    has_title_form,
    is_title,
    mark_titles,
    split_blocks,
)


def texts(markdown: str) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in split_blocks(markdown)]


def paragraph(text: str) -> Block:
    return Block("paragraph", text)


def test_a_page_is_divided_as_markdown_is_read():
    markdown = (
        "Words that\nwrap.\n\n- One\n- Two:\n\n  ```sh\n  ls\n  ```\n\n| a | b |\n| - | - |\n"
        "| 1 | 2 |\n\n> Quoted.\n\n~~~\ncode # no heading\n~~~\n"
    )
    assert texts(markdown) == [
        ("paragraph", "Words that\nwrap."),
        ("item", "- One"),
        ("item", "- Two:\n\n  ```sh\n  ls\n  ```"),
        ("table", "| a | b |\n| - | - |\n| 1 | 2 |"),
        ("quote", "> Quoted."),
        ("code", "~~~\ncode # no heading\n~~~"),
    ]
    assert [block.glue for block in split_blocks("- One\n- Two\n\n- Three")] == [
        "\n\n",
        "\n",
        "\n\n",
    ]


@pytest.mark.parametrize(
    "noise",
    [
        "---\ntitle: Storage\ntags:\n  - a\n---\n",
        "import Tabs from '@theme/Tabs';",
        "[![Build](https://ci.example/badge.svg)](https://ci.example)",
        "![A figure](../images/figure.png)",
        "../../images/oom-metrics.png ../../images/oom-events.png",
        "[TOC]",
        "{{tab}}",
        "{% include 'note.html' %}",
        "<!-- a comment -->",
        "***",
        "```{eval-rst}\n.. toctree::\n   page\n```",
        "**.UploadFile**\n    options:\n        members:\n            - file",
    ],
)
def test_what_is_no_text_is_left_out(noise: str):
    assert texts(f"{noise}\n\nText stays.") == [("paragraph", "Text stays.")]
    assert texts(noise) == []


def test_code_is_never_changed():
    code = "```js\nimport x from 'y'\n[a](b.md) ![c](d.png) <span>\n/// note\n[TOC]\n```"
    assert texts(code) == [("code", code)]
    assert texts("- See:\n\n  ```\n  [a](b.md)\n  ```") == [
        ("item", "- See:\n\n  ```\n  [a](b.md)\n  ```")
    ]
    assert texts("Call `x[0](y.md)` and `<br>` so.") == [
        ("paragraph", "Call `x[0](y.md)` and `<br>` so.")
    ]


def test_a_fence_that_was_cut_off_is_closed():
    assert texts("```sh\nls logs") == [("code", "```sh\nls logs\n```")]
    assert texts("````md\n```\nls\n```\n````") == [("code", "````md\n```\nls\n```\n````")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Read [the page](page.md#part) now.", "Read the page now."),
        ("Read [`a[0]`](page.md) now.", "Read `a[0]` now."),
        ("Read [it](/en/page) or [this](#part).", "Read it or this."),
        ('Read [it](page.md "title").', "Read it."),
        ("Read [it][ref].", "Read it."),
        ("Read [it](https://a.example/x_(y)).", "Read [it](https://a.example/x_(y))."),
        ("Mail [us](mailto:a@b.example).", "Mail [us](mailto:a@b.example)."),
        ("An <abbr title='x'>API</abbr> and a<br>b.", "An API and ab."),
        ("A `List<T>` and x < y > z.", "A `List<T>` and x < y > z."),
    ],
)
def test_links_within_the_site_become_their_labels(text: str, expected: str):
    assert texts(text) == [("paragraph", expected)]


def test_a_line_of_links_alone_is_marked():
    blocks = split_blocks("- [Install](install.md)\n- [Run](https://a.example)\n- Use [it](a.md).")
    assert [block.is_link for block in blocks] == [True, True, False]


def test_admonitions_begin_with_their_title_in_bold():
    assert texts("/// note | Details\nText.\n///\n\n/// tip\n\nMore.\n\n///") == [
        ("paragraph", "**Details**"),
        ("paragraph", "Text."),
        ("paragraph", "**Tip**"),
        ("paragraph", "More."),
    ]


def test_files_that_are_not_there_go_with_what_names_them():
    blocks = split_blocks(
        "Do it so:\n\n{* ../src/a.py hl[1] *}\n\nPython:\n\nSee `../b/c.py`.\n\nX."
    )
    assert [block.kind for block in blocks] == [
        "paragraph",
        "missing",
        "paragraph",
        "missing",
        "paragraph",
    ]
    assert [block.text for block in drop_missing(blocks)] == ["Do it so:", "X."]


@pytest.mark.parametrize(
    ("text", "title", "is_open"),
    [
        ("Batch size", True, False),
        ("**Anything in bold: even this.**", True, False),
        ("Java:", True, True),
        ("It is so.", False, False),
        ("Do as follows:", False, True),
        ("Is it so?", False, True),
        ("是吗？", False, True),  # noqa: RUF001
        ("There are two kinds...", False, True),
        ("Look at the table below.", False, True),
        ("Such as files, etc.", False, False),
        ("A line\nof two", False, False),
        # Scripts with other full stops.
        ("यह तेज़ है।", False, False),
        ("یہ تیز ہے\u06d4", False, False),
        ("هل هو سريع؟", False, True),
    ],
)
def test_titles_and_open_ends(text: str, title: bool, is_open: bool):
    assert has_title_form(paragraph(text)) == title
    assert has_open_end(paragraph(text)) == is_open


@pytest.mark.parametrize(
    ("texts", "titles"),
    [
        (("Batch size", "Rows in a batch."), [0]),
        (("**Note**", "Batch size", "Rows in a batch."), [0, 1]),
        (("Rows in a batch.", "Batch size"), []),
        (("Log level: info",), []),
        # Lines like each other are no titles: a language without full stops has nothing else.
        (("พอร์ตเริ่มต้นคือ 19530", "บันทึกไปที่โบรกเกอร์", "เร็วมาก"), []),
    ],
)
def test_titles_stand_above_something(texts: tuple[str, ...], titles: list[int]):
    marked = mark_titles([paragraph(text) for text in texts])
    assert [at for at, block in enumerate(marked) if is_title(block)] == titles
    assert not is_title(mark_titles([paragraph("Logs"), Block("heading", "**Next**")])[0])


def test_a_bold_last_line_announces_something():
    assert has_title_end(paragraph("It is so.\n**Note**"))
    assert not has_title_end(paragraph("It is **so**"))
    assert not has_title_end(paragraph("It is so.\n**Never stop it.**"))
    assert not has_title_end(Block("code", "```\n**a**\n```"))


@given(st.text(st.sampled_from("ab \n`~|-*_#>[]()<>!:{}/.1"), max_size=80))
def test_any_text_can_be_divided(markdown: str):
    for block in split_blocks(markdown, 3):
        assert block.text.strip()
        assert block.position == 3
