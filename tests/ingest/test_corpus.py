"""Real documentation, with an embedder that counts instead of computing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.ingest.conftest import Bench


@pytest.fixture
def archive(shared: Path, tmp_path: Path) -> Path:
    return shutil.copy(shared / "corpus/milvus_docs_2.4.x_en.zip", tmp_path / "milvus.zip")


def test_two_weeks_of_real_documentation(bench: Bench, archive: Path, shared: Path):
    full = bench.sync(archive)
    assert full.documents == full.added == 217  # seven files are parts of others
    assert full.failures == ()
    found = [c for c in bench.store.live_chunks() if c.heading_path.endswith("store data?")]
    chunk = min(found, key=lambda c: c.position)
    assert chunk.heading_path == "Product FAQ > Where does Milvus store data?"
    assert chunk.text.startswith("Milvus deals with two types of data, inserted data and metadata.")
    assert all("{{var.milvus" not in c.text for c in bench.store.live_chunks())

    assert bench.sync(archive).unchanged

    shutil.copy(shared / "corpus/milvus_docs_2.4.x_en_2024-07-22.zip", archive)
    later = bench.sync(archive)
    assert (later.documents, later.added, later.removed) == (220, 3, 0)
    assert 0 < later.embedded <= 0.08 * full.embedded
    assert later.embedded + later.reused == later.chunks == len(bench.store.live_chunks())


def test_two_years_later(bench: Bench, archive: Path, shared: Path):
    bench.sync(archive)
    before = {chunk.path for chunk in bench.store.live_chunks()}
    shutil.copy(shared / "corpus/milvus_docs_2.6.x_en.zip", archive)
    report = bench.sync(archive)
    assert (report.added, report.removed) == (276, 42)
    now = {chunk.path for chunk in bench.store.live_chunks()}
    assert len(before - now) == 42


def test_chunks_of_real_documentation(bench: Bench, archive: Path):
    bench.sync(archive)
    chunks = bench.store.live_chunks()
    counts = bench.embedder.count_tokens([chunk.embedding_text for chunk in chunks])
    # A title may be longer than usual; nothing is longer than the model reads.
    assert sum(count > 252 for count in counts) <= 0.002 * len(counts)
    assert all(chunk.text.strip() for chunk in chunks)
    fences = [chunk for chunk in chunks if re.search(r"^```", chunk.text, re.MULTILINE)]
    assert fences
    open_ = [c for c in fences if len(re.findall(r"^\s*(?:- )?```", c.text, re.MULTILINE)) % 2]
    assert len(open_) <= 0.01 * len(fences)
