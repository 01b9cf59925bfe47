from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.documents import Block, Document, Page
from ingest.formats import READERS, is_document, read_document


def read(text: str, path: str = "faq/product_faq.md") -> Document:
    return read_document(Page("docs", path, "https://x/faq", dedent(text).encode()))


def outline(document: Document) -> list[tuple[tuple[str, ...], str]]:
    return [(section.headings, section.anchor) for section in document.sections]


def blocks(text: str, path: str = "a.md") -> list[Block]:
    return [block for section in read(text, path).sections for block in section.blocks]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: Product FAQ\n---\n# Other", "Product FAQ"),
        ("---\ntitle: What's new: everything\n---\n", "What's new: everything"),
        ('---\ntitle: "Quoted"\nid: [broken\n---\n', "Quoted"),
        ("---\ntitle: 2.4\n---\n", "2.4"),
        ("---\nid: x\n---\n\n## The `first` *heading*\n\n# Later", "The first heading"),
        ("Just text.", "product_faq"),
        ("", "product_faq"),
    ],
)
def test_title(text: str, title: str):
    assert read(text).title == title


def test_sections_carry_heading_path_and_anchor():
    document = read(
        """\
        before

        # Product FAQ

        #### Where does Milvus store data?

        There.

        #### What's [new](https://x)? {#whats-new}

        ## A ## B ##
        #### Where does Milvus store data?
        Setext
        ------
        """
    )
    faq = "Product FAQ"
    assert outline(document) == [
        ((), ""),
        ((faq,), "product-faq"),
        ((faq, "Where does Milvus store data?"), "where-does-milvus-store-data"),
        ((faq, "What's new?"), "whats-new"),
        ((faq, "A ## B"), "a--b"),
        ((faq, "A ## B", "Where does Milvus store data?"), "where-does-milvus-store-data-1"),
        ((faq, "Setext"), "setext"),
    ]
    assert document.sections[0].blocks == (Block("paragraph", "before"),)


def test_headings_of_other_alphabets_have_anchors():
    assert outline(read("# Где данные?\n# 数据"))[0] == (("Где данные?",), "где-данные")


def test_headings_inside_fences_are_code():
    document = read("# A\n\n```bash\n# not a heading\n```\n\n    # nor this\n")
    assert outline(document) == [(("A",), "a")]
    assert [block.kind for block in document.sections[0].blocks] == ["fence", "code"]


def test_original_lines_are_kept():
    text = "Some *text*  with [a link](b.md).\nAnd more."
    assert blocks(text) == [Block("paragraph", text)]


def test_lists_have_items_and_items_have_parts():
    text = "- one\n\n  ```py\n  x = 1\n  ```\n- two\n  - three"
    (found,) = blocks(text)
    assert (found.kind, found.text) == ("list", text)
    first, second = found.parts
    assert [part.kind for part in first.parts] == ["paragraph", "fence"]
    assert first.parts[1].head == "  ```py"
    assert second.text == "- two\n  - three"


def test_tables_know_their_header():
    (found,) = blocks("| a | b |\n|---|---|\n| 1 | 2 |")
    assert (found.kind, found.head) == ("table", "| a | b |\n|---|---|")


def test_an_open_fence_is_closed():
    (found,) = blocks("````md\n```\nx")
    assert found.text == "````md\n```\nx\n````"
    assert (found.head, found.tail) == ("````md", "````")


def test_comments_are_dropped_but_not_from_code():
    text = """\
    <!-- TOC -->

    Text <!-- aside --> goes on, `<!-- code -->` stays.

    <!--
    many

    lines
    -->

    ```html
    <!-- stays -->
    ```
    """
    assert [block.text for block in blocks(text)] == [
        "Text  goes on, `<!-- code -->` stays.",
        "```html\n<!-- stays -->\n```",
    ]


def test_wrappers_are_dropped_and_what_they_wrap_is_kept():
    text = """\
    <div class="alert note">

    This topic is *outdated*.

    </div>

    <div class="alert note">
    A note without empty lines, with <code>code</code>.
    </div>
    """
    assert [block.text for block in blocks(text)] == [
        "This topic is *outdated*.",
        "A note without empty lines, with `code`.",
    ]


def test_html_tables_are_read_as_text():
    text = """\
    <table id="x">
    <thead><tr><th>Name</th><th>Default</th></tr></thead>
    <tbody><tr>
      <td><li>The port.</li></td>
      <td>19530</td>
    </tr></tbody>
    </table>
    """
    (found,) = blocks(text)
    assert found.kind == "html"
    assert "<" not in found.text
    assert "Name | Default" in found.text
    assert "The port." in found.text
    assert "19530" in found.text


def test_html_in_a_list_keeps_its_place():
    (found,) = blocks("- one\n\n  <div class='x'>A <b>note</b>.</div>\n\n- two")
    assert found.text == "- one\n\n  A note.\n\n- two"


def test_mdx_is_read_without_its_code():
    text = """\
    # Create

    import RestSpecs from '@site/RestSpecs';

    <RestSpecs specs={specs} target="milvus" />

    export const specs = {"summary": "x"}
    export const endpoint = "/v2"

    <Admonition type="info">Read *this*.</Admonition>

    {/* a comment */}
    """
    assert [block.text for block in blocks(text, "a.mdx")] == ["Read *this*."]


def test_plain_text_has_paragraphs_and_no_headings():
    document = read("# no heading\n\n\nsecond\nline\n", "notes.txt")
    assert document.title == "notes"
    assert [b.text for b in document.sections[0].blocks] == ["# no heading", "second\nline"]


def test_a_monstrous_heading_is_text():
    document = read("# " + "word " * 1000)
    assert len(document.title) <= 300
    assert document.sections[0].blocks[0].text.count("word") == 1000


def test_suffixes():
    assert is_document("a/b.MD")
    assert not is_document("a/b.pdf")
    assert not is_document("md")


@settings(deadline=None, max_examples=100)
@given(
    text=st.text(st.sampled_from("ab #-*`~>|<!>/\n\t[]{}()$&;\\0\u2028й字\x0c"), max_size=200),
    suffix=st.sampled_from(sorted(READERS)),
)
def test_anything_can_be_read(text: str, suffix: str):
    document = read_document(Page("docs", f"a{suffix}", "", text.encode()))
    for section in document.sections:
        for block in section.blocks:
            assert block.text.strip()
