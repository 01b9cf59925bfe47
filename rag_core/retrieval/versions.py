"""Labels of versions: which of two is newer, and which an answer has to name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_core.types import Chunk

_NUMBERS = re.compile(r"\d+(?:[._]\d+)*")
_UNFINISHED = re.compile(
    r"[\d._-](a|alpha|b|beta|rc|dev|pre|preview|snapshot|milestone)[._-]?(\d*)\Z", re.IGNORECASE
)
_STAGES = {"a": 1, "alpha": 1, "b": 2, "beta": 2, "rc": 3}
_FINISHED = (4, 0)
_RELEASED = frozenset({"latest", "stable", "current"})
_UNRELEASED = frozenset(
    {
        "main",
        "master",
        "head",
        "trunk",
        "dev",
        "devel",
        "develop",
        "development",
        "nightly",
        "edge",
        "next",
        "canary",
    }
)

_Order = tuple[int, tuple[int, ...], tuple[int, int]]


def is_newer(label: str, other: str) -> bool:
    """Return True if a version's label is newer than another.

    Return False if that can't be told. `2.10` is newer than `2.9`, and `2.5` than `2.5-rc1`. A
    branch in development is newer than every number, and what is called the latest or stable
    version is newer still.
    """
    order, other_order = _build_order(label), _build_order(other)
    return order is not None and other_order is not None and order > other_order


def _build_order(label: str) -> _Order | None:
    name = label.strip().lower()
    if name in _RELEASED:
        return 2, (), _FINISHED
    if name in _UNRELEASED:
        return 1, (), _FINISHED
    found = _NUMBERS.search(name)
    if found is None:
        return None
    numbers = [int(number) for number in re.split("[._]", found[0])]
    while numbers and not numbers[-1]:  # 2.4.0 is 2.4
        numbers.pop()
    # What comes before a release is in the order of its stages: alpha, beta, candidate.
    unfinished = _UNFINISHED.search(name, found.end() - 1)
    if unfinished is None:
        return 0, tuple(numbers), _FINISHED
    return 0, tuple(numbers), (_STAGES.get(unfinished[1], 0), int(unfinished[2] or 0))


def list_version_labels(chunks: Sequence[Chunk]) -> tuple[str, ...]:
    """List the version of each chunk; empty texts where all are equal."""
    return _list_where_they_differ([chunk.version for chunk in chunks])


def list_source_labels(chunks: Sequence[Chunk]) -> tuple[str, ...]:
    """List the source of each chunk; empty texts where all are equal."""
    return _list_where_they_differ([chunk.source for chunk in chunks])


def _list_where_they_differ(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(labels) if len(set(labels)) > 1 else ("",) * len(labels)
