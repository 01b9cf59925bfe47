from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.documents import Page
from ingest.formats import read_document
from ingest.loading.chunker import Chunker
from ingest.loading.outline import MOST_LEFT_OUT, Outline, build_outline, parse_outline
from tests.ingest.fakes import HashEmbedder


def outline(text: str, path: str = "a.md") -> Outline:
    page = Page("docs", path, "", text.encode(errors="replace"))
    document = read_document(page)
    return build_outline(page, document, Chunker(HashEmbedder()).split_document(document))


@pytest.mark.parametrize(
    ("text", "path", "left_out"),
    [
        ("# A\n\nAll of it.", "a.md", []),
        ("import Tabs from 'theme/tabs'\n\nWords <b>of</b> it.", "a.mdx", ["code of the page"]),
        ("Words of it.\n\n<!--\nsecret\n\nremark\n-->\n", "a.md", ["comment"]),
        ("<main>Words</main><script>var secret</script><footer>Legal</footer>", "a.html",
         ["frame of the site"]),
        ("<nav>Menu<ul><li>Deep</ul></nav><main><p>Words</p></main>", "a.html", ["navigation"]),
        ("<p>Words</p></p></div><br>", "a.html", []),
    ],
)  # fmt: skip
def test_what_was_left_out_and_why(text: str, path: str, left_out: list[str]):
    assert [piece.reason for piece in outline(text, path).left_out] == left_out


def test_only_some_of_it_is_listed():
    text = "Word.\n" + "<!-- first -->\nimport second\n" * (MOST_LEFT_OUT + 9)
    assert len(outline(text).left_out) <= MOST_LEFT_OUT


@given(st.text(max_size=200), st.sampled_from(["a.md", "a.html", "a.rst", "a.txt"]))
def test_an_outline_arrives_as_it_was_sent(text: str, path: str):
    made = outline(text, path)
    assert parse_outline(asdict(made)) == made
