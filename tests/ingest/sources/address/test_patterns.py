from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.address.patterns import check_patterns, is_selected
from rag_core.errors import SettingsError


@pytest.mark.parametrize(
    ("include", "exclude", "path", "chosen"),
    [
        ((), (), "a.md", True),
        (("en/**/*.md",), (), "en/a.md", True),
        (("en/**/*.md",), (), "en/b/c/a.md", True),
        (("en/**/*.md",), (), "ru/a.md", False),
        (("*.md",), (), "en/b/a.md", True),
        (("/*.md",), (), "en/a.md", False),
        (("docs/",), (), "x/docs/a.md", True),
        (("docs/", "*.txt"), (), "a.txt", True),
        ((), ("drafts",), "en/drafts/a.md", False),
        (("*.md",), ("*_old.md",), "a_old.md", False),
        (("*.md",), ("*_old.md", "!keep_old.md"), "keep_old.md", True),
    ],
)
def test_chosen(include, exclude, path, chosen):
    assert is_selected(include, exclude, path) is chosen


@pytest.mark.parametrize("pattern", ["", "   ", "# a comment", "!"])
def test_what_chooses_nothing_is_refused(pattern: str):
    with pytest.raises(SettingsError, match="include pattern"):
        check_patterns("include", ("*.md", pattern))


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_refused_or_matches(pattern: str, path: str):
    try:
        check_patterns("include", (pattern,))
    except SettingsError:
        return
    assert is_selected((pattern,), (), path) in {True, False}
