from __future__ import annotations

from textwrap import dedent

import pytest

from tests.ingest.formats.reading import blocks, kinds, outline, read


def shown(source: str) -> list[str]:
    return [block.text for block in blocks(read(dedent(source), "a.mdx"))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('<p className="lead">Some *text*</p>', ["Some *text*"]),
        ('<div style={{color: "red"}}>\n  ## Head\n\n  Text.\n</div>', ["Text."]),
        ('<img src="/a.png" alt="A chart" /> shows', ["A chart shows"]),
        ("<img src={x} alt={'A chart'} />", ["A chart"]),
        ("<details>\n<summary>More</summary>\n\nLess.\n</details>", ["More", "Less."]),
        ('<a href="/x">a link</a> here', ["[a link](https://example.com/x) here"]),
        ("<code>{`a < b`}</code> and <kbd>Ctrl</kbd>", ["`a < b` and Ctrl"]),
        ('<pre><code className="language-sh">{`ls\ncd`}</code></pre>', ["```sh\nls\ncd\n```"]),
        ("<ul>\n  <li>one <b>x</b></li>\n  <li>two</li>\n</ul>", ["- one x\n- two"]),
        ("<ol><li>one</li><li>two</li></ol>", ["1. one\n2. two"]),
        ("<svg><path d='x' /><text>hidden</text></svg>", []),
        ("<video controls><source src='a.mp4' />No video.</video>", []),
        ("<style>{`.a { color: red }`}</style>", []),
    ],
)
def test_html(source: str, expected: list[str]):
    assert shown(source) == expected


def test_headings_keep_their_anchors():
    assert outline(read('<h2 id="old">Old <em>style</em></h2>\n\nx', "a.mdx")) == [
        ("Old style", "old")
    ]


def test_tables_stay_tables():
    page = """\
        <table style={{width: "100%"}} className="wide">
          <thead>
            <tr><th>Plan</th><th>Mails</th></tr>
          </thead>

          <tbody>
            <tr><td>Free <Badge text="beta" /></td><td>{`200 <`}</td></tr>
            {/* hidden */}
          </tbody>
        </table>
        """
    document = read(dedent(page), "a.mdx")
    assert kinds(document) == ["table"]
    (table,) = blocks(document)
    assert "Free beta" in table.text
    assert "200 <" in table.text.replace("\\<", "<").replace("&lt;", "<")
    for leaked in ("{", "style", "className", "hidden"):
        assert leaked not in table.text


def test_a_list_in_a_cell_stays_in_it():
    (table,) = blocks(read("| a |\n|---|\n| <ul><li>x</li><li>y</li></ul> |", "a.mdx"))
    assert table.text.split("\n")[2].strip("| ").split() == ["x", "y"]
