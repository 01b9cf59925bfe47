"""Links in converted text become addresses."""

from __future__ import annotations

import pytest

from ingest.documents import Block, Page, Section, build_document
from ingest.formats.page_links import resolve_links

PAGE = Page(
    "docs",
    "a/b.rst",
    "https://x.test/a/b.html",
    b"",
    links={"c.rst": "https://x.test/see", "m:c.adoc": "https://x.test/m"},
    link_titles={"m:c.adoc": "Page C"},
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[c](c.rst#x)", "[c](https://x.test/see#x)"),
        ("[m:c.adoc](m:c.adoc)", "[Page C](https://x.test/m)"),
        ("[none](n:d.adoc)", "none"),
        ("`[c](c.rst)` [c](c.rst)", "`[c](c.rst)` [c](https://x.test/see)"),
        ("[`c`](c.rst)", "[`c`](https://x.test/see)"),
        ("![c](c.rst)", "![c](c.rst)"),
        ("\\[c](c.rst)", "\\[c](c.rst)"),
        ("[c](https://y.test/c.rst)", "[c](https://y.test/c.rst)"),
        ("[c](mailto:c@y.test)", "[c](mailto:c@y.test)"),
    ],
)
def test_links(text: str, shown: str):
    inner = Block("item", text)
    block = Block("list", text, parts=(inner, Block("fence", text)))
    document = build_document(PAGE, "T", [Section((), "", (block,))])
    resolved = resolve_links(document, PAGE).sections[0].blocks[0]
    assert (resolved.text, resolved.parts[0].text) == (shown, shown)
    assert resolved.parts[1].text == text
