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
    "2.5-rc1",
    "2.5.0rc2",
    "2.5",
    "2.9",
    "v2.10",
    "release-3.0",
    "2024.7",
    "2024.11",
    "main",
    "latest",
]


@pytest.mark.parametrize(("older", "newer"), pairwise(OLDEST_FIRST))
def test_the_order_of_versions(older, newer):
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
