from __future__ import annotations

import zipfile

import pytest

from benchmarks.harness.bench_index import pages, spread


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "docs.zip"
    with zipfile.ZipFile(path, "w") as written:
        for number in range(10):
            written.writestr(f"{number}.md", f"# Page {number}")
        written.writestr("picture.png", b"no page")
    return path


@pytest.mark.parametrize(
    ("count", "taken"), [(2, [0, 5]), (3, [0, 3, 6]), (10, range(10)), (99, range(10))]
)
def test_a_sample_is_spread_over_the_corpus(corpus, tmp_path, count, taken):
    with zipfile.ZipFile(pages(tmp_path, corpus=corpus, count=count, tiny=False)) as sample:
        assert sample.namelist() == [f"{number}.md" for number in taken]


def test_without_a_number_all_of_the_corpus_is_indexed(corpus, tmp_path):
    assert pages(tmp_path, corpus=corpus, count=None, tiny=False) == corpus


def test_median_and_95th_percentile():
    seconds = [number / 1000 for number in range(1, 101)]
    assert spread(seconds) == {"questions": 100, "p50_ms": 50.5, "p95_ms": 95.0}
    assert spread([0.2]) == {"questions": 1, "p50_ms": 200.0, "p95_ms": 200.0}
