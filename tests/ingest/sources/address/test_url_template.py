from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.address.url_template import check_template, fill_template
from rag_core.errors import SettingsError


@pytest.mark.parametrize(
    ("template", "path", "url"),
    [
        ("https://milvus.io/docs/{stem}.md", "en/faq/x.md", "https://milvus.io/docs/x.md"),
        ("https://h/{path}", "a b/c.md", "https://h/a%20b/c.md"),
        ("https://h/{path_stem}.html", "a/c.md", "https://h/a/c.html"),
        ("https://h/docs/{slug}/", "a/c.md", "https://h/docs/a/c/"),
        ("https://h/docs/{slug}/", "a/README.md", "https://h/docs/a/"),
        ("https://h/docs/{slug}/", "index.md", "https://h/docs/"),
        ("https://h/{slug}", "en/_index.md", "https://h/en"),
    ],
)
def test_filled(template: str, path: str, url: str):
    check_template(template)
    assert fill_template(template, path) == url


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("https://h/", "needs"),
        ("https://h/{page}", "needs"),
        ("https://h/{path", "not valid"),
        ("https://h/{path.x}", "needs"),
        ("https://h/{path!r}", "needs"),
        ("https://h/{path:>10000000}", "needs"),
        ("https://h/{}", "needs"),
    ],
)
def test_what_can_not_be_filled(template: str, said: str):
    with pytest.raises(SettingsError, match=said):
        check_template(template)


@given(st.text(), st.text(min_size=1).filter(lambda path: path.strip("/.")))
def test_any_text_is_refused_or_can_be_filled(template: str, path: str):
    try:
        check_template(template)
    except SettingsError:
        return
    fill_template(template, path)
