"""Labels of versions: which of two is newer, and which an answer has to name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag_core.types import Chunk

_NUMBERS = re.compile(r"\d+(?:[._-]\d+)*")
_STAGES = {
    **dict.fromkeys(("dev", "pre", "preview", "snapshot"), 0),
    **dict.fromkeys(("a", "alpha"), 1),
    **dict.fromkeys(("b", "beta"), 2),
    **dict.fromkeys(("m", "milestone"), 3),
    **dict.fromkeys(("rc", "cr"), 4),
    **dict.fromkeys(("post", "rev", "r", "patch", "p", "sp", "hotfix"), 6),
}
"""The stages before a release in their order, and what comes after it."""

_STAGE = re.compile(rf"(?<![a-z])[._-]?({'|'.join(_STAGES)})(?:[._-]?(\d+))?(?![a-z])")
_RELEASE = (5, 0)
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

_Order = tuple[int, tuple[int, ...], tuple[tuple[int, int], ...]]


def is_newer(label: str, other: str) -> bool:
    """Return True if a version's label is newer than another.

    Return False if that can't be told. `2.10` is newer than `2.9`, `2.5` than `2.5-rc1`, and
    `2.5.post1` than `2.5`. A branch in development is newer than every number, and what is called
    the latest or stable version is newer still.
    """
    order, other_order = _build_order(label), _build_order(other)
    return order is not None and other_order is not None and order > other_order


def _build_order(label: str) -> _Order | None:
    name = label.strip().lower()
    if name in _RELEASED:
        return 2, (), ()
    if name in _UNRELEASED:
        return 1, (), ()
    found = _NUMBERS.search(name)
    if found is None:
        return None
    numbers = [int(number) for number in re.split("[._-]", found[0])]
    while numbers and not numbers[-1]:  # 2.4.0 is 2.4
        numbers.pop()
    return 0, tuple(numbers), (*_list_stages(name, found.end()), _RELEASE)


def _list_stages(name: str, start: int) -> list[tuple[int, int]]:
    """List the stages with which a name ends, such as `rc1.dev2`."""
    stages: list[tuple[int, int]] = []
    end = start
    for match in _STAGE.finditer(name, start):
        if match.start() != end:
            stages.clear()
        stages.append((_STAGES[match[1]], int(match[2] or 0)))
        end = match.end()
    return stages if end == len(name) else []


def list_version_labels(chunks: Sequence[Chunk]) -> tuple[str, ...]:
    """List the version of each chunk; empty texts where all are equal."""
    return _list_where_they_differ([chunk.version for chunk in chunks])


def list_source_labels(chunks: Sequence[Chunk]) -> tuple[str, ...]:
    """List the source of each chunk; empty texts where all are equal."""
    return _list_where_they_differ([chunk.source for chunk in chunks])


def _list_where_they_differ(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(labels) if len(set(labels)) > 1 else ("",) * len(labels)
