from __future__ import annotations

from textwrap import dedent

import pytest

from ingest.documents import Block, Document, Page, Section, build_document
from ingest.formats import read_document


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


@pytest.mark.parametrize(
    ("anchors", "expected"),
    [
        ("github", ["what-is-it", "what-is-it-1", "own"]),
        ("case", ["What-is-It", "What-is-it", "own"]),
        ("none", ["", "", "own"]),
    ],
)
def test_anchors_are_made_as_the_site_makes_them(anchors: str, expected: list[str]):
    text = "# What is It?\n\nA\n\n# What is it?\n\nB\n\n# Own {#own}\n\nC"
    page = Page("docs", "a.md", "", text.encode(), anchors=anchors)
    assert [section.anchor for section in read_document(page).sections] == expected
    same = page.content_hash == Page("docs", "a.md", "", text.encode()).content_hash
    assert same == (anchors == "github")


def test_headings_inside_fences_are_code():
    document = read("# A\n\n```bash\n# not a heading\n```\n\n    # nor this\n")
    assert outline(document) == [(("A",), "a")]
    assert [block.kind for block in document.sections[0].blocks] == ["fence", "code"]


def test_original_lines_are_kept():
    text = "Some *text*  with [a link](https://x/b).\nAnd more."
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


def test_padding_of_tables_goes_and_code_in_them_stays():
    text = """\
        |  Name      |  Call                 |     |
        | :--------- | :-------------------: | --- |
        |  `a    b`  |  `x \\|    y`          |     |
        |            |  two  words           |  1  |
    """
    (found,) = blocks(dedent(text))
    assert found.text.split("\n") == [
        "| Name | Call | |",
        "| :--- | :---: | --- |",
        "| `a    b` | `x \\|    y` | |",
        "| | two  words | 1 |",
    ]


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


def test_html_tables_are_tables():
    text = """\
    <table id="x">
    <thead><tr><th>Name</th><th>Default</th></tr></thead>
    <tbody><tr>
      <td><li>The port.</li> a | b</td>
      <td><code>19530</code></td>
    </tr></tbody>
    </table>
    """
    shown = "| Name | Default |\n| --- | --- |\n| The port. a \\| b | `19530` |"
    assert blocks(text) == [Block("table", shown, head="| Name | Default |\n| --- | --- |")]


def test_html_headings_and_code_among_markdown():
    document = read(
        """\
        # Page

        <h3 id="Upsert-row">Upsert</h3>
        <pre><code class="language-go">a := 1
          &lt;b&gt;</code></pre>

        Text.
        """
    )
    assert outline(document) == [(("Page",), "page"), (("Page", "Upsert"), "Upsert-row")]
    assert [block.text for block in document.sections[1].blocks] == [
        "```go\na := 1\n  <b>\n```",
        "Text.",
    ]


def test_tab_bars_are_dropped():
    bar = (
        '<div class="multipleCode">\n  <a href="#python">Python</a>\n  <a href="#go">Go</a>\n</div>'
    )
    assert [block.text for block in blocks(f"{bar}\n\nText.")] == ["Text."]
    assert "Python" in blocks(bar)[0].text  # there is nothing else on the page


def test_tags_in_a_line_give_way_to_markdown():
    text = (
        'See <a href="https://x.io/a" target="_blank">the site</a>,<br/><code>a_b</code>, '
        '<b>bold</b> <img src="a.png" alt="a picture"/>; `<b>` and List<String> stay.'
    )
    assert blocks(text)[0].text == (
        "See [the site](https://x.io/a), `a_b`, bold a picture; `<b>` and List<String> stay."
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (":::note\n\nText.\n\n:::", ["**Note**", "Text."]),
        (":::tip My title\nText.\n:::", ["**My title**", "Text."]),
        (":::{warning}\nText.\n:::", ["**Warning**", "Text."]),
        ("> [!IMPORTANT]\n> Text.", ["> **Important**\n> Text."]),
        ("> **Note**\n> Text.", ["> **Note**\n> Text."]),
        ("```{note}\nText *and*\n\n- more\n```", ["**Note**", "Text *and*", "- more"]),
        (
            '!!! note "Title"\n    Text.\n\n    ```py\n    x\n    ```',
            ["**Title**", "Text.", "```py\nx\n```"],
        ),
        ("??? warning\n\n    Text.\nAfter.", ["**Warning**", "Text.", "After."]),
        (
            '=== "Python"\n\n    !!! tip\n        Inner.\n\n=== "Go"\n\n    Text.',
            ["**Python**", "**Tip**", "Inner.", "**Go**", "Text."],
        ),
        ("```md\n!!! note\n    code\n:::note\n```", ["```md\n!!! note\n    code\n:::note\n```"]),
        ("(label)=\n{% tabs %}\n{{< tab >}}\nText.", ["Text."]),
        ("See {ref}`the guide <x>` and {meth}`~a.b`.", ["See the guide and `b()`."]),
        ("The rule `${ref}` is `x`.", ["The rule `${ref}` is `x`."]),
    ],
)
def test_marks_of_site_makers(text: str, shown: list[str]):
    assert [block.text for block in read_blocks(text)] == shown


def read_blocks(text: str) -> list[Block]:
    document = read_document(Page("docs", "a.md", "", text.encode()))
    return [block for section in document.sections for block in section.blocks]


def test_white_space_between_paragraphs_stays():
    (found,) = read_blocks("- one\n   \n  two")
    assert found.text == "- one\n   \n  two"


def test_html_in_a_list_keeps_its_place():
    (found,) = blocks("- one\n\n  <div class='x'>A <b>note</b>.</div>\n\n- two")
    assert found.text == "- one\n\n  A note.\n\n- two"


def test_plain_text_has_paragraphs_and_no_headings():
    document = read("# no heading\n\n\nsecond\nline\n", "notes.txt")
    assert document.title == "notes"
    assert [b.text for b in document.sections[0].blocks] == ["# no heading", "second\nline"]


def test_a_monstrous_heading_is_text():
    document = read("# " + "word " * 1000)
    assert len(document.title) <= 300
    assert document.sections[0].blocks[0].text.count("word") == 1000


def test_a_line_that_is_no_admonition_is_read_at_once():
    line = ":::" + " " * 400 + "]]"
    assert "]]" in read(line).sections[0].blocks[0].text


def test_a_title_that_is_no_text_is_left_out():
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\ntitle: [*b, *b]"
    assert read(f"---\n{bomb}\n---\n# Heading\n\nText").title == "Heading"


@pytest.mark.parametrize("deep", ["[" * 50_000, "- " * 50_000, "? " * 50_000, "x: [a]\n" * 20_000])
def test_front_matter_that_yaml_must_not_load(deep: str):
    assert read(f"---\ntitle: 'Safe'\na:\n  {deep}\n---\n\nText").title == "Safe"


def test_headings_have_a_depth_that_the_index_takes():
    deep = Section(tuple("abcdefghijklmnopqrstuvwxyz"), "", ())
    found = build_document(Page("docs", "a.md", "", b"# H"), "H", [deep])
    assert found.sections[0].headings == tuple("abcdefghijkl")
