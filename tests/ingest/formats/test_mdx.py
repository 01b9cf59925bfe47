from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.ingest.formats.reading import blocks, outline, read, read_file, text


def shown(source: str) -> list[str]:
    return [block.text for block in blocks(read(dedent(source), "a.mdx"))]


def test_imports_exports_comments_and_tags_are_dropped():
    document = read(
        dedent(
            """\
            ---
            title: Create
            ---
            import RestSpecs from '@site/RestSpecs';
            import {
              Tabs,

              TabItem,
            } from '@theme';

            # Heading

            <RestSpecs specs={specs} on={() => a > b} text="1 > 0" />

            export const specs = {"summary": "x) y",

              "more": [1]}
            export const endpoint = "/v2"

            <Admonition type="info">Read *this*.</Admonition>

            {/* a comment */}

            An <Icon name="x" /> in a line, `<Code>` and `import x`.

            ```jsx
            import x from 'y'

            <Kept a={1} />
            ```
            """
        ),
        "a.mdx",
    )
    assert document.title == "Create"
    assert outline(document) == [("Heading", "heading")]
    assert [block.text for block in blocks(document)] == [
        "Read *this*.",
        "An  in a line, `<Code>` and `import x`.",
        "```jsx\nimport x from 'y'\n\n<Kept a={1} />\n```",
    ]


def test_tabs_are_labelled_and_not_indented():
    assert shown(
        """\
        <Tabs groupId="os">
          <TabItem value="py" label="Python">

            Run this:

            ```bash
            pip install acme
              --now
            ```

          </TabItem>
          <TabItem value="go">
            1. One
               - inner
          </TabItem>
        </Tabs>
        """
    ) == [
        "**Python**",
        "Run this:",
        "```bash\npip install acme\n  --now\n```",
        "**go**",
        "1. One\n   - inner",
    ]


@pytest.mark.parametrize(
    "source", ["export const x = {\n\nText.", "<Open attribute=\n\nText.", "<A b={{{\n\nText."]
)
def test_what_is_never_closed_takes_no_text_with_it(source: str):
    assert "Text." in "\n".join(shown(source))


@pytest.mark.parametrize(
    ("name", "title", "heading"),
    [
        ("Create.mdx", "Create Partition | RESTful", ("Create Partition", "create-partition")),
        ("Get.mdx", "Get | RESTful", ("Get", "get")),
        ("Drop.mdx", "Drop Role | RESTful", ("Drop Role", "drop-role")),
        (
            "Revoke Role.mdx",
            "Revoke Role From User | RESTful",
            ("Revoke Role From User", "revoke-role-from-user"),
        ),
        ("About.mdx", "Get Started", ("Authentication credentials", "authentication-credentials")),
    ],
)
def test_real_pages(shared: Path, name: str, title: str, heading: tuple[str, str]):
    document = read_file(shared / "corpus/formats/mdx" / name)
    assert document.title == title
    assert heading in outline(document)
    assert "RestSpecs" not in text(document)
    assert "export const" not in text(document)


def test_code_of_a_real_page_is_untouched(shared: Path):
    document = read_file(shared / "corpus/formats/mdx/About.mdx")
    assert "you can use a colon (:) to concatenate" in text(document) or "`root:milvus`" in text(
        document
    )
    assert 'export TOKEN="root:milvus"\n\ncurl --request POST \\\n' in text(document)
