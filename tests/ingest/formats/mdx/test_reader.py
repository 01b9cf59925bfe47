from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.mdx.reader import is_mdx
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
        "**1 > 0**",
        "**Info**",
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


def test_a_page_under_a_plain_name_is_mdx_if_it_imports_what_it_uses():
    page = """\
        import Tabs from '@theme/Tabs';

        <Tabs><TabItem value="lin" label="Linux">Use `ulimit`.</TabItem></Tabs>

        export const Red = ({children}) => (<span>{children}</span>);
        """
    shown = [block.text for block in blocks(read(dedent(page), "a.md"))]
    assert shown == ["**Linux**", "Use `ulimit`."]


@pytest.mark.parametrize(
    "page",
    [
        "<script setup>\nimport Foo from './Foo.vue'\n</script>\n\n<Foo /> costs {{ price }}",
        "```js\nimport a from 'b'\n```\n\n`<Foo />` costs {price}",
        "import a from 'b'\n\nwithout components costs {price}",
        "A page without statements, <Foo /> costs {price}",
    ],
)
def test_other_pages_are_no_mdx(page: str):
    assert not is_mdx(page)
    assert "price" in text(read(page))


def test_values_of_the_front_matter_are_shown():
    page = "---\ntitle: Plans\nowner: Ops team\nlimit: 5\n---\n\n"
    shown = text(read(page + "{frontmatter.owner} allow {frontMatter.limit}.", "a.mdx"))
    assert shown == "Ops team allow 5."


def test_aliases_in_the_front_matter_do_not_multiply():
    lists = "\n".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]" for n in range(1, 9))
    page = f"---\nk0: &k0 [x]\n{lists}\n---\n\nText {{frontmatter.k8}}."
    assert text(read(page, "a.mdx")).startswith("Text ")


FENCES = st.sampled_from(["```", "````", "~~~"])
LINES = st.lists(
    st.text("<>{}/`~*|=\"' ab\\$#-", max_size=12).map(str.rstrip), min_size=1, max_size=6
)


@given(FENCES, LINES, st.integers(0, 4), st.sampled_from(["", "- item\n\n", "1. item\n\n"]))
def test_code_is_never_changed(fence: str, lines: list[str], depth: int, item: str):
    lines = [line for line in lines if not line.lstrip().startswith(fence[:3])] or ["x"]
    inner = " " * (len(item.partition("item")[0]) + 2 * depth)
    fenced = "\n".join(f"{inner}{line}" for line in [f"{fence}js", *lines, fence])
    tags = [" " * (len(inner) - 2 * depth + 2 * level) for level in range(depth)]
    opening = "".join(f'{indent}<Step title="One">\n' for indent in tags)
    closing = "".join(f"\n{indent}</Step>" for indent in reversed(tags))
    document = read(f"{item}{opening}\n{fenced}\n{closing}\n\nAfter.\n", "a.mdx")
    expected = "\n".join([f"{fence}js", *lines, fence])
    indent = " " * len(item.partition("item")[0])
    shown = [line.removeprefix(indent) for line in text(document).split("\n")]
    assert expected in "\n".join(shown)
