from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.sync.simulation import simulation

CHANGED, PER_PAGE = 5, 4


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> list[dict]:
    def run(pages: int) -> dict:
        folder: Path = tmp_path_factory.mktemp(f"pages{pages}")
        return simulation(
            folder, chunks=pages * PER_PAGE, dimension=8, changed=CHANGED, per_page=PER_PAGE
        )

    return [run(500), run(2_000)]


def test_a_sync_touches_as_many_rows_in_any_index(found):
    small, large = found
    assert large["store_rows"] == small["store_rows"]
    assert large["ledger_rows"] == small["ledger_rows"]
    assert large["calls"] == small["calls"]


def test_a_sync_touches_the_rows_of_its_pages(found):
    # The standby lacks the page of the sync before as well.
    rows = (CHANGED + 1) * PER_PAGE
    assert found[1]["store_rows"]["written"] == rows
    assert found[1]["store_rows"]["deleted"] == rows
    assert found[1]["ledger_rows"] < 8 * rows


def test_a_copying_sync_touches_all(found):
    small, large = found
    assert small["copy_rows"]["store"] > small["chunks"]
    assert large["copy_rows"]["ledger"] > large["chunks"]


def test_the_list_of_pages_is_counted_apart(found):
    small, large = found
    assert small["page_list_rows"] >= small["pages"]
    assert large["page_list_rows"] >= large["pages"]
