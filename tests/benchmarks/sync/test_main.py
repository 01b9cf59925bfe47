from __future__ import annotations

import json

import pytest

from benchmarks.sync import __main__ as sync


@pytest.fixture
def run(capsys):
    def run(*words: str) -> dict:
        sync.main(["--json", *words])
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.usefixtures("shared")
def test_a_change_costs_itself(run):
    found = run("--rows", "change", "--pages", "3")["change"]
    assert 0 <= found["embedded"] <= found["full_embedded"]
    assert found["full_seconds"] > 0
    assert found["copying_seconds"] > 0


@pytest.mark.usefixtures("shared")
def test_nothing_is_touched_where_nothing_changed(run):
    found = run("--rows", "unchanged", "--pages", "2")["unchanged"]
    assert found["unchanged"]
    assert (found["embedded"], found["writes"], found["body_bytes"]) == (0, 0, 0)


@pytest.mark.usefixtures("shared")
def test_searches_beside_syncs(run):
    found = run("--rows", "search", "--pages", "3", "--searches", "20")["search"]
    assert (found["errors"], found["empty"], found["mixed_versions"]) == (0, 0, 0)
    assert found["searches"] >= 20
    assert found["syncs"] >= 1


@pytest.mark.usefixtures("shared")
def test_a_question_asks_milvus_for_nothing_but_its_searches(run):
    found = run("--rows", "calls", "--pages", "3", "--searches", "3")["calls"]
    assert found["with_mark"]["before_searches_most"] == 0
    assert found["without_mark"]["before_searches_most"] == 3


@pytest.mark.usefixtures("shared")
def test_pages_are_read_both_ways(run):
    found = run("--rows", "read", "--pages", "3")["read"]
    assert found["pages"] == 3
    assert set(found["seconds"]) == {"divide_here", "divide_apart"}


def test_searches_over_deleted_rows(run):
    found = run("--rows", "dead", "--chunks", "60", "--dimension", "8")["dead"]["dead_percent"]
    assert list(found) == ["0", "10", "25", "33", "50", "100", "rebuilt"]
    assert all(each["dense_ms"] > 0 and each["lexical_ms"] > 0 for each in found.values())


def test_many_chunks(run):
    found = run("--rows", "scale", "--chunks", "600", "--dimension", "16")["scale"]
    assert found["chunks"] == 600
    assert found["build_seconds"] > 0
    assert len(found["delta_seconds"]) == 5
    assert found["processor_seconds"]["copy"] > 0


@pytest.mark.usefixtures("shared")
def test_some_pages_are_the_same_ones_of_each_corpus(tmp_path):
    class Folder:
        folder = tmp_path

    sizes = sync.Sizes(pages=12)
    old, later, new = (
        set(sync._pages(sync.taken(Folder(), corpus, sizes)))
        for corpus in (sync.OLD, sync.LATER, sync.NEW)
    )
    assert len(old) == 12
    assert old <= later | set(sync._pages(sync.OLD)) - set(sync._pages(sync.LATER))
    assert old & set(sync._pages(sync.NEW)) == old & new


@pytest.mark.usefixtures("shared")
def test_nothing_is_found_of_pages_that_are_gone(run):
    found = run("--rows", "releases", "--pages", "4")["releases"]
    assert found["gone_and_found"] == 0
    assert found["embedded"] + found["reused"] > 0
