from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.address.file_names import (
    find_name_fault,
    find_windows_fault,
    format_name,
    has_drive,
)


@pytest.mark.parametrize(
    "path", ["a.md", "docs/Übersicht v2.0 (neu).md", "安装.md", "emoji 👩‍💻.md", "note: b.md", ".x"]
)
def test_usual_names(path: str):
    assert find_name_fault(path) == find_windows_fault(path) == ""
    assert not has_drive(path)
    assert format_name(path).isprintable()


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        *((f"a{mark}.md", "control characters") for mark in "\0\n\x1b\x7f\x9b\u2028\udc80"),
        *((f"a{mark}.md", "direction of text") for mark in "\u202a\u202e\u2066\u2069"),
        *((name, "too long") for name in ("é" * 128, "a" * 256, "a/" * 513)),
    ],
)
def test_names_that_no_page_may_have(path: str, fault: str):
    assert fault in find_name_fault(path)
    assert format_name(path).isprintable()


@pytest.mark.parametrize(
    "path", ["CON", "aux.md", "docs/nul.tar.md", "com1.md", "LPT².md", "con .md", "a./b.md", "a "]
)
def test_names_that_windows_reads_otherwise(path: str):
    assert find_windows_fault(path)


@pytest.mark.parametrize("path", ["console.md", "auxiliary.md", "com10.md", "null.md", "./a.md"])
def test_names_that_only_begin_so(path: str):
    assert find_windows_fault(path) == ""


def test_drives():
    assert has_drive("C:x.md")
    assert has_drive("z:/x.md")
    assert not has_drive("note: x.md")
    assert not has_drive("docs/z: x.md")


@given(st.text())
def test_a_name_is_always_shown_on_one_line(path: str):
    assert format_name(path).isprintable()
    assert len(format_name(path)) <= 121
