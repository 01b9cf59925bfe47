from __future__ import annotations

import pytest

from ingest.formats.html import convert_html_page
from tests.ingest.formats.reading import blocks, read

MARKDOWN = (
    '<p>Backups<sup id="fnref1"><a class="footnote-ref" href="#fn1">1</a></sup> run.</p>'
    '<p>Next.</p><section class="footnotes"><ol><li id="fn1"><p>Every night. '
    '<a class="footnote-backref" href="#fnref1">↩</a></p></li></ol></section>'
)
SPHINX = (
    '<p>Backups<a class="footnote-reference" href="#id2" role="doc-noteref"><span>[</span>1'
    '<span>]</span></a> run.</p><p>Next.</p><aside class="footnote-list">'
    '<aside class="footnote" id="id2"><span class="label"><span>[</span>1<span>]</span>'
    "</span><p>Every night.</p></aside></aside>"
)


@pytest.mark.parametrize("html", [MARKDOWN, SPHINX])
def test_a_footnote_stands_behind_the_text_that_cites_it(html: str):
    assert convert_html_page(html)[1].split("\n\n") == [
        "Backups[1] run.",
        "[1] Every night.",
        "Next.",
    ]


def test_a_footnote_of_rst():
    document = read("Backups [1]_ run.\n\nNext.\n\n.. [1] Every night.\n", "a.rst")
    assert [block.text for block in blocks(document)] == [
        "Backups [1] run.",
        "[1] Every night.",
        "Next.",
    ]


def test_a_link_to_a_part_of_the_page_moves_nothing():
    html = '<p>See <sup><a href="#x">below</a></sup>.</p><p>Next.</p><p id="x">Part.</p>'
    assert convert_html_page(html)[1].split("\n\n")[1:] == ["Next.", "Part."]


def test_boxes_of_tasks():
    html = (
        "<ul><li><input type=checkbox disabled checked> a</li><li><input type=checkbox disabled> b"
        "</li><li><input type=checkbox> c</li></ul>"
    )
    assert convert_html_page(html)[1].split("\n") == ["- [x] a", "- [ ] b", "- c"]
