"""Pages made to be slow: each would take minutes if a reader tried more than once what it reads."""

from __future__ import annotations

import pytest

from ingest.documents import PageError
from ingest.formats.code_spans import CodeSpans
from ingest.formats.dialects.masking import MaskedText
from ingest.formats.dialects.prose import _LINK, _convert_tags
from ingest.formats.html import MAX_DEPTH
from ingest.formats.html_markup import shorten_markup
from ingest.formats.mdx.elements import Element, parse_elements
from ingest.formats.rst import MAX_LINES, MAX_TARGETS
from ingest.formats.sphinx import parse_role
from tests.ingest.formats.reading import outline, read, text

MANY = 60_000


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("<a " + 'href="x" ' * MANY, None),
        ("<a " + 'href="x" ' * MANY + ">", ""),
        ("<img " + ' alt="x"' * MANY, None),
        ("<img " + ' alt="x"' * MANY + ">", "x"),
        ("<code>" * MANY, None),
    ],
    ids=["link", "open link", "image", "whole image", "code"],
)
def test_tags_in_a_line_of_millions(line, shown):
    found = _convert_tags(MaskedText(line))
    assert found in {line, ""} if shown is None else found == shown


def test_a_link_is_still_found_among_them():
    assert _LINK.sub(r"[\2](\1)", '<a class="b" href="x" id="c">y</a>') == "[y](x)"
    assert _LINK.search('<a href="a>b" href="x">y</a>') is None


@pytest.mark.parametrize(
    "page",
    [
        "<!--" * MANY + "x",
        "`" * MANY + "<a>",
        "# a" + " " * MANY + "x",
        "---\ntitle: a: b" + " " * MANY + "x\n---\n",
        "!!! " + "a" * MANY + 'b"c',
        "{doc}`" + " " * MANY + "a`",
        "<pre>" * 3 + "<h1>a</h1>" + "<pre" * 20_000,
        "<?" * MANY,
        "<![CDATA[" * MANY,
    ],
    ids=["comment", "ticks", "spaces", "title", "admonition", "role", "pre", "pi", "cdata"],
)
def test_markdown_of_one_mark(page):
    read(page)


def test_a_hundred_thousand_directives_inside_each_other():
    assert "{note}" in text(read("```{note}\n" * 2_000))


def test_headings_alike_have_anchors_of_their_own():
    anchors = [anchor for _, anchor in outline(read("# a-1\n\n" + "# a\n\n" * 3_000))]
    assert anchors[:4] == ["a-1", "a", "a-2", "a-3"]
    assert len(set(anchors)) == len(anchors) == 3_001


@pytest.mark.parametrize("mark", ["<a ", "<!--", "<?", "<![CDATA[", "<A", '<a href="'])
def test_html_that_never_ends(mark):
    assert "<" not in shorten_markup(mark * MANY).replace("&lt;", "")
    assert "there" in text(read("<p>there</p>" + mark * MANY, "a.html"))


def test_html_that_ends_is_left_alone():
    html = '<p class="a" id=b>a &lt; b</p><br/><a href="https://x.test/?a=1&amp;b">c</a>'
    assert shorten_markup(html) == html


def test_html_that_is_nested_too_deeply():
    with pytest.raises(PageError, match="nested too deeply"):
        read("<div>" * (MAX_DEPTH + 1), "a.html")
    assert "in" in text(read("<div>" * 50 + "in" + "</div>" * 50, "a.html"))


def test_html_of_too_many_elements(monkeypatch):
    monkeypatch.setattr("ingest.formats.html.MAX_ELEMENTS", 1_000)
    with pytest.raises(PageError, match="has more than 1,000 elements"):
        read("<br>" * 1_001, "a.html")


def test_items_that_are_not_closed_lie_beside_each_other():
    assert text(read("<ul>" + "<li>a" * 500 + "</ul>", "a.html")).count("- a") == 500
    numbered = text(read('<ol start="7">' + "<li>a<li><li><p>b<p>c" + "</ol>", "a.html"))
    assert numbered.startswith("7. a\n")
    assert "9. b\n\n   c" in numbered


@pytest.mark.parametrize("mark", ["<A ", "<A {", '<A "', "</A", "<A {'"])
def test_components_that_never_end(mark):
    assert not any(isinstance(node, Element) for node in parse_elements(mark * MANY).nodes)


def test_statements_that_never_end():
    nodes = parse_elements("import a from 'b'\n\n" + "export {a {\n\n" * 10_000).nodes
    assert not any("import" in node for node in nodes if isinstance(node, str))


@pytest.mark.parametrize("page", ["``` a\n" * MANY, "` `` " * MANY, "{/*" * MANY, "~~~ a\n" * MANY])
def test_code_that_never_ends(page):
    assert CodeSpans("x " + page).is_code(0) is False


def test_code_is_found():
    page = "a `b` c\n```` x\n```\n````\n``d` e`` `f\n> ~~~\n~~~~\ng"
    spans = CodeSpans(page)
    inside = "".join(letter for at, letter in enumerate(page) if spans.is_code(at))
    assert inside == "`b````` x\n```\n``````d` e``> ~~~\n~~~~"


def test_restructured_text_has_limits():
    for page, said in (
        ("\n" * (MAX_LINES + 1), "50,000 lines"),
        (".. _a: b\n" * (MAX_TARGETS + 1), "3,000 link targets"),
    ):
        with pytest.raises(PageError, match=said):
            read(page, "a.rst")
    read(":a" * MANY, "a.rst")


def test_marks_of_site_makers():
    assert text(read("!!! " + "a" * MANY + 'b"c'))
    assert parse_role("doc", " " * MANY + "a") == (" " * MANY + "a", False)
    assert parse_role("doc", "a b  <c>") == ("a b", False)
    assert parse_role("doc", "<c>") == ("<c>", False)


@pytest.mark.parametrize(
    "page",
    [
        *("[" * MANY, "[](" * MANY, "[a](" * MANY, "[a" * MANY + "]" * MANY, "[^a]" * MANY),
        *("{% " * MANY, "{{< " * MANY, "{{ " * MANY, "{% a %}" * MANY, "{{< tab >}}\n" * 5_000),
        *("{#a " * MANY, "]{.a " * MANY, "]{" + ".a " * MANY, "# a " + "{#a} " * 5_000),
        *(":a" * MANY, "==a" * MANY, "++a" * MANY, "^^a" * MANY, "[[a" * MANY, "$a" * MANY),
        *("{{++a" * MANY, "{==a" * MANY, "&amp" * MANY, "{a}`" * MANY, "http://" * MANY),
        *("::: a\n" * 5_000, ":::{note}\n" * 2_000, "/// a\n" * 5_000, "(a)=\n" * 5_000),
        *(
            "[^a]: b\n" * 5_000,
            "*[a]: b\n" * 5_000,
            "{: #a}\n" * 5_000,
            "{{< highlight >}}\n" * 500,
        ),
        *("+++\n" + "a = [" * 5_000, "{" * MANY, '{"a": ' * MANY, "+++\n" * 5_000),
        *("".join(f"{' ' * 4 * n}!!! note\n" for n in range(100)), "````{note}\n" * 2_000),
    ],
    ids=lambda page: repr(page[:12]),
)
def test_marks_that_never_end_are_read(page):
    assert read(f"a\n\n{page}").sections


def test_footnotes_do_not_multiply():
    note = "long " * 2_000
    page = "a[^1] " * 2_000 + f"\n\n[^1]: {note}\n"
    assert len(text(read(page))) < 300_000


def test_footnotes_that_cite_each_other_end():
    assert "one" in text(read("a[^1]\n\n[^1]: one[^2]\n[^2]: two[^1]\n"))
