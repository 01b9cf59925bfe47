from __future__ import annotations

import pytest

from ingest.formats.html import convert_html_page


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<a href=/x><h3>Card</h3><p>Text</p></a>", "### [Card](https://h.example/x)\n\nText"),
        ("<a href=/x><p>Text</p><h3>Card</h3></a>", "Text\n\n### [Card](https://h.example/x)"),
        (
            "<a href=/x><div><div>Card</div><div>Text</div></div></a>",
            "[Card](https://h.example/x)\n\nText",
        ),
        ("<h3><a href=/x>Card</a></h3>", "### [Card](https://h.example/x)"),
        ("<a href=/x><div></div></a>", ""),
        ("<a href=/x><pre>a = 1</pre></a>", "```\na = 1\n```"),
        ("<p><a href=/x>One <b>link</b></a></p>", "[One **link**](https://h.example/x)"),
    ],
)
def test_links_around_blocks_keep_their_words(html: str, text: str):
    assert convert_html_page(html, base="https://h.example/")[1].strip() == text
