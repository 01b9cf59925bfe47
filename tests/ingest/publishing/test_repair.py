"""The check-up of an index finds what is wrong with it, and repairs it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import ForeignIndexError, SyncRunningError
from ingest.publishing.repair import IndexCheck
from ingest.state.database import open_state
from ingest.state.lease import SyncLease
from ingest.state.ledger import Ledger
from tests.ingest.conftest import Bench
from tests.ingest.fakes import make_folder, versions_in


@pytest.fixture
def docs(bench: Bench, tmp_path: Path) -> Path:
    docs = make_folder(tmp_path / "docs", {f"{n}.md": f"# P{n}\n\nPage {n}." for n in range(5)})
    bench.sync(docs)
    return docs


def wrong(bench: Bench, *, repair: bool = False) -> dict[str, str]:
    checks = IndexCheck(bench.store, bench.ledger, repair=repair).run()
    return {check.name: check.says for check in checks if not check.passed}


@pytest.mark.usefixtures("docs")
def test_a_sound_index(bench: Bench):
    assert wrong(bench) == {}
    assert len(IndexCheck(bench.store, bench.ledger).run()) == 5


def test_nothing_is_indexed(bench: Bench):
    assert wrong(bench) == {"live version": "Nothing is live: run `docent index`."}


@pytest.mark.usefixtures("docs")
def test_a_collection_that_the_ledger_does_not_know(bench: Bench):
    bench.store.create("docent__v7", bench.store.read_live_index().spec)
    assert "docent__v7" in wrong(bench)["unknown collections"]
    assert wrong(bench, repair=True) == {}
    assert versions_in(bench.store.list_collections()) == ["docent__v1"]


def test_a_version_that_is_gone(bench: Bench, docs: Path):
    make_folder(docs, {"0.md": "# P0\n\nOther."})
    bench.sync(docs)
    first = bench.store.list_collections()[0]
    bench.store.drop(first)
    assert first in wrong(bench)["missing versions"]
    assert wrong(bench, repair=True) == {}
    assert versions_in(v.collection for v in bench.ledger.list_versions()) == ["docent__v2"]


def test_the_ledger_does_not_know_what_is_live(bench: Bench, docs: Path):
    make_folder(docs, {"0.md": "# P0\n\nOther."})
    bench.sync(docs)
    first = bench.store.list_collections()[0]
    bench.store.switch(first)
    assert "--repair" in wrong(bench)["live version"]
    wrong(bench, repair=True)
    assert bench.ledger.read_live_version().collection == first


@pytest.mark.parametrize("replaced", [True, False])
def test_rows_that_are_lost(bench: Bench, docs: Path, replaced: bool):
    rows = bench.store.rows[bench.store.target]
    chunk, vector = rows.pop(next(iter(rows)))
    if replaced:  # as many as there should be, but another one
        rows["f" * 32] = (replace(chunk, id="f" * 32), vector)
    says = wrong(bench)["chunks"]
    assert f"missing 1 of 5 chunks, and {int(replaced)} that should not be there" in says
    assert "docent index" in wrong(bench, repair=True)["chunks"]
    report = bench.sync(docs)
    assert (report.chunks, report.unchanged) == (5, False)
    assert wrong(bench) == {}


@pytest.mark.parametrize("bad", [np.full(8, np.nan, np.float32), np.zeros(8, np.float32)])
def test_vectors_that_are_none(bench: Bench, docs: Path, bad: np.ndarray):
    rows = bench.store.rows[bench.store.target]
    key = next(iter(rows))
    rows[key] = (rows[key][0], bad)
    assert "unusable: 1 of 5 vectors. Run `docent index --full`" in wrong(bench)["vectors"]
    bench.sync(docs, full=True)
    assert wrong(bench) == {}


def test_not_while_a_sync_is_at_work(bench: Bench):
    lease = SyncLease(bench.ledger.engine, name="sync:docent")
    with lease.hold(), pytest.raises(SyncRunningError):
        IndexCheck(bench.store, bench.ledger).run()


def test_the_index_of_another_docent_is_not_repaired(bench: Bench, docs: Path, tmp_path: Path):
    make_folder(docs, {"a.md": "# A\n\nAnother text."})
    bench.sync(docs)
    before = bench.store.list_collections()
    other = Ledger(open_state(f"sqlite:///{tmp_path / 'other.sqlite'}"), index="docent")
    with pytest.raises(ForeignIndexError, match="--adopt"):
        IndexCheck(bench.store, other, repair=True).run()
    assert bench.store.list_collections() == before
    assert len(before) == 2
