"""A switch changes the mark; a database that fails gives none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import StateError
from ingest.state.live_mark import MAX_AGE, LiveMark
from tests.ingest.conftest import Bench
from tests.ingest.fakes import make_folder


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mark(bench: Bench, clock: Clock) -> LiveMark:
    return LiveMark(bench.ledger, clock)


def test_nothing_is_live_yet(mark: LiveMark):
    assert mark.read() is None


def test_each_switch_changes_it(bench: Bench, mark: LiveMark, clock: Clock, tmp_path: Path):
    seen = set()
    for edition in range(4):  # the third one is written into the collection of the first
        bench.sync(make_folder(tmp_path / "docs", {"a.md": f"# A\n\nThe edition {edition}."}))
        clock.now += MAX_AGE
        seen.add(mark.read())
        assert mark.read() in seen
    assert len(seen) == 4
    assert None not in seen


def test_it_is_believed_for_a_moment(bench: Bench, mark: LiveMark, clock: Clock, tmp_path: Path):
    docs = make_folder(tmp_path / "docs", {"a.md": "# A\n\nThe first."})
    bench.sync(docs)
    first = mark.read()
    make_folder(docs, {"a.md": "# A\n\nThe second."})
    bench.sync(docs)
    assert mark.read() == first
    clock.now += MAX_AGE
    assert mark.read() != first


def test_a_database_that_fails_gives_none_and_is_left_alone(
    bench: Bench, mark: LiveMark, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bench.sync(make_folder(tmp_path / "docs", {"a.md": "# A\n\nThe first."}))
    calls = []

    def fail(self: LiveMark) -> None:
        calls.append(self)
        raise StateError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(LiveMark, "_select_mark", fail)
        assert [mark.read() for _ in range(3)] == [None] * 3
        assert len(calls) == 1
    clock.now += 11
    assert mark.read()


def test_while_the_database_is_locked_an_old_mark_is_not_believed(
    bench: Bench, mark: LiveMark, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bench.sync(make_folder(tmp_path / "docs", {"a.md": "# A\n\nThe first."}))
    first = mark.read()
    seen = []

    def read_meanwhile(self: LiveMark) -> str:
        seen.append(self.read())
        clock.now += MAX_AGE
        seen.append(self.read())
        return "second"

    clock.now += MAX_AGE
    monkeypatch.setattr(LiveMark, "_select_mark", read_meanwhile)
    assert mark.read() == "second"
    assert seen == [first, None]
