from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.retrieval.versions import is_newer, list_source_labels, list_version_labels
from tests.rag_core.fakes import make_chunk

OLDEST_FIRST = [
    "1",
    "2.4",
    "2.4.1",
    "v2.5-dev",
    "2.5.0-alpha.2",
    "2.5-beta1",
    "2.5b2",
    "2.5-M1",
    "2.5.0.m2",
    "2.5-milestone-3",
    "2.5rc1.dev1",
    "2.5-rc1",
    "2.5.0rc2",
    "2.5-CR3",
    "2.5",
    "2.5.post1.dev1",
    "2.5.post1",
    "2.5-post2",
    "2.5.1",
    "2.9",
    "v2.10",
    "release-3.0",
    "2024.7",
    "2024.11",
    "2025-05-01",
    "2025-06-01",
    "2025_06_02-beta",
    "2025-06-02",
    "main",
    "latest",
]


@pytest.mark.parametrize(("older", "newer"), pairwise(OLDEST_FIRST))
def test_the_order_of_versions(older, newer):
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0-M1", "1.0-M2"),
        ("python3-1.1", "python3-1.2"),
        ("python3-1.9", "python3-1.10"),
        ("api-v1-2024-05-01", "api-v1-2024-06-01"),
        ("1.0", "1.0-1"),
        ("1.0", "1.0-SP1"),
        ("1.0p1", "1.0p2"),
        ("1.0-SNAPSHOT", "1.0.Final"),
        ("1.0-docs-rc1", "1.0-docs"),
    ],
)
def test_the_order_of_versions_with_a_name_or_a_stage(older, newer):
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", "2.4"),
        ("2.4", ""),
        ("", ""),
        ("2.4", "v2.4.0"),
        ("Version 2.4", "2.4"),
        ("2.4", "2.4.x"),
        ("2.4", "2.4-docs"),
        ("2.4", "2.4-map"),
        ("2.4", "2.4-rc1-docs"),
        ("2.4-rc1", "2.4rc.1"),
        ("2024-05-01", "2024.5.1"),
        ("latest", "Stable"),
        ("main", "master"),
        ("cloud", "2.4"),
        ("enterprise", "community"),
    ],
)
def test_neither_is_newer(one, other):
    assert not is_newer(one, other)
    assert not is_newer(other, one)


@given(st.text(), st.text())
def test_at_most_one_of_two_is_newer(one, other):
    assert not (is_newer(one, other) and is_newer(other, one))


def test_labels_are_named_only_where_they_differ():
    chunks = [make_chunk(version="2.4"), make_chunk(version="2.5"), make_chunk()]
    assert list_version_labels(chunks) == ("2.4", "2.5", "")
    assert list_version_labels(chunks[:1] * 2) == ("", "")
    assert list_version_labels([]) == ()
    assert list_source_labels(chunks) == ("", "", "")
    assert list_source_labels([make_chunk(source="a"), make_chunk(source="b")]) == ("a", "b")
