from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.mdx.elements import MAX_DEPTH, Element, Expression, parse_elements


def element(source: str) -> Element:
    (node,) = parse_elements(source).nodes
    assert isinstance(node, Element)
    return node


def test_properties():
    found = element(
        """<A.B a="x > y" b='it"s' c={1 > 0} d {...rest} {/* no */} e={<b c="}">x</b>}
        f-g="h" client:load i = "j" />"""
    )
    assert found.name == "A.B"
    assert found.properties == {
        "a": "x > y",
        "b": 'it"s',
        "c": Expression("1 > 0"),
        "d": True,
        "e": Expression('<b c="}">x</b>'),
        "f-g": "h",
        "client:load": True,
        "i": "j",
    }


def test_elements_lie_within_each_other():
    found = element("<A>one <B><C /></B>{two}</A>")
    one, inner, two = found.children
    assert one == "one "
    assert isinstance(inner, Element)
    assert inner.name == "B"
    assert two == Expression("two")


def test_code_formulas_comments_and_text_are_left_alone():
    source = "`<A>{b}` a < b $x_{i}$ <https://x.test> <!-- <A>{b} --> <string> ## H {#id}"
    assert parse_elements(source).nodes == [source]


def test_elements_that_are_never_closed_give_their_content_back():
    names = [
        node.name for node in parse_elements("<A><B>x<C>y</A>").nodes if isinstance(node, Element)
    ]
    assert names == ["A"]
    first = element("<A><B>x<C>y</A>")
    assert [node if isinstance(node, str) else node.name for node in first.children] == [
        *("B", "x", "C", "y"),
    ]


def test_elements_that_lie_too_deep_have_no_content():
    nodes = parse_elements("<A>" * (MAX_DEPTH + 10) + "in" + "</A>" * (MAX_DEPTH + 10)).nodes
    depth, node = 0, nodes[0]
    while isinstance(node, Element):
        depth, node = depth + 1, next(iter(node.children), "")
    assert depth == MAX_DEPTH + 1
    assert len(nodes) == 1


def test_statements_are_told_from_prose_and_from_code_in_properties():
    page = parse_elements(
        "import A from 'a'\nimport {\n  B,\n\n} from 'b'\n\nimport your data\nexport your data\n"
        "import data from a file\n\n<C code={`\nexport default x\n\nimport y from 'y'`} />\n"
    )
    assert page.statements == ["import A from 'a'\nimport {\n  B,\n\n} from 'b'"]
    text = "".join(node for node in page.nodes if isinstance(node, str)).split("\n")
    assert [line for line in text if line] == [
        *("import your data", "export your data", "import data from a file")
    ]


@given(st.text("<>/{}AaBb =\"'`$\\\n-import", max_size=200))
def test_any_text_is_parsed(source: str):
    parse_elements(source)


def test_comments_that_never_end_are_searched_for_once():
    nodes = parse_elements("{/*" * 50_000).nodes
    assert nodes == ["{/*" * 50_000]
