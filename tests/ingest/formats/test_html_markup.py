"""HTML before html.parser reads it: short and whole tags, and the same text."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.html_markup import MAX_ATTRIBUTES, MAX_VALUE, shorten_markup

MARKS = ["<", ">", "a", "<a ", "</a", "</", "<!--", "-->", "<!", "<?", '"', "'", "=", "b=", "/"]
SCRIPTS = ["<script>", "</script>", "<script", "</script ", "]]>", "<![CDATA[", "&", " ", "\n"]
PIECES = st.lists(st.sampled_from([*MARKS, *SCRIPTS]), max_size=40).map("".join)


@pytest.mark.parametrize(
    ("html", "short"),
    [
        ("a < b", "a &lt; b"),
        ("<p>a</p>", "<p>a</p>"),
        ("<!-- a -- > <b> -->c", "c"),
        ("<!-->a", "a"),
        ("<!DOCTYPE html><?xml a?>b", "b"),
        ("<![CDATA[<b>]]>c", "c"),
        ("<script>if (a<b) '</p>'</script>c", "c"),
        ("<STYLE>a</STYLE >c", "c"),
        ("<script>a", "a"),
        ("<script/>a", "<script/>a"),
        ("</p >a", "</p>a"),
        ("<a href='x\"y'>b", '<a href="x&quot;y">b'),
        ("<a href=x>b", "<a href=x>b"),
        ('<a href="x>b', '<a href="x>b'),
        ("<a <b", "&lt;a &lt;b"),
        ("", ""),
    ],
)
def test_markup_in_its_short_form(html: str, short: str):
    if html == '<a href="x>b':
        assert shorten_markup(html).endswith(">b")
    else:
        assert shorten_markup(html) == short


def test_long_values_and_many_attributes_go():
    html = f'<img alt="a" src="{"x" * (MAX_VALUE + 1)}">'
    assert shorten_markup(html) == '<img alt="a">'
    many = shorten_markup("<p" + "".join(f" a{n}='{'b' * 50}'" for n in range(1_000)) + ">")
    assert many.count("=") == MAX_ATTRIBUTES


class Reader(HTMLParser):
    """Notes the tags that html.parser finds, and what it takes for the rest of a tag."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag, _):
        self.tags.append(tag)


@given(PIECES)
def test_each_letter_that_begins_a_tag_ends_one(html: str):
    short = shorten_markup(html)
    reader = Reader()
    reader.feed(short)
    # Nothing waits for its end: html.parser has read all of it at once.
    assert "<" not in reader.rawdata
    assert len(reader.tags) <= short.count(">")


@given(PIECES)
def test_it_is_stable(html: str):
    short = shorten_markup(html)
    assert shorten_markup(short) == short
