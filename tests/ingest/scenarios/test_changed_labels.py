"""A label or an address changes and no text does: nothing is embedded, and few rows are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ingest.sources import Source
from ingest.state.ledger import Ledger
from ingest.types import KnownChunk
from rag_core.types import Chunk, Vectors
from tests.ingest.conftest import Bench
from tests.ingest.fakes import MemoryStore, make_folder

SIZES = {"few": 3, "many": 40}
"""Pages of two sources, with two chunks each."""


@dataclass
class RowCounts:
    """Pages of the rows that the store and the ledger were asked for."""

    inserted: list[str] = field(default_factory=list)
    deleted: int = 0
    recorded: list[str] = field(default_factory=list)

    def clear(self) -> None:
        self.inserted.clear()
        self.recorded.clear()
        self.deleted = 0


class CountingStore(MemoryStore):
    """Counts rows; refuses to read all of a version."""

    def __init__(self, counts: RowCounts) -> None:
        super().__init__()
        self.counts = counts

    def insert(self, collection: str, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        self.counts.inserted += (chunk.source for chunk in chunks)
        super().insert(collection, chunks, vectors)

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        self.counts.deleted += len(ids)
        super().delete(collection, ids)

    def read_chunks(self, collection: str) -> Iterator[Chunk]:
        if self.counts.inserted == [] and len(self.rows) > 1:
            raise AssertionError("the version is read as a whole")
        return super().read_chunks(collection)


@pytest.fixture
def counts() -> RowCounts:
    return RowCounts()


@pytest.fixture
def labelled(
    ledger: Ledger, tmp_path: Path, counts: RowCounts, monkeypatch: pytest.MonkeyPatch
) -> tuple[Bench, list[Source]]:
    """An index with two collections that are alike, and its sources."""
    bench = Bench(ledger, tmp_path, store=CountingStore(counts))
    sources = []
    for name, size in SIZES.items():
        pages = {
            f"{number}.md": f"# {name} {number}\n\n## A\n\nOne {number}.\n\n## B\n\nTwo {name}."
            for number in range(size)
        }
        folder = make_folder(tmp_path / name, pages)
        sources.append(Source(name, str(folder), site="https://example.com"))
    bench.indexer().sync(sources)
    page = tmp_path / "few" / "0.md"
    text = page.read_text()
    for edition in ("# few 0\n\n## A\n\nEdited text.\n\n## B\n\nTwo texts.", text):
        page.write_text(edition)
        bench.indexer().sync(sources)
    record = ledger.contents.read_chunks

    def count_recorded(*arguments: Any) -> Iterator[KnownChunk]:
        for chunk in record(*arguments):
            counts.recorded.append(chunk.source)
            yield chunk

    monkeypatch.setattr(ledger.contents, "read_chunks", count_recorded)
    bench.embedder.embedded.clear()
    counts.clear()
    return bench, sources


@pytest.mark.parametrize(
    "label",
    [{"version": "2.6"}, {"language": "de"}, {"site": "https://docs.example.com"}],
    ids=lambda label: next(iter(label)),
)
def test_a_label_rewrites_the_rows_of_its_source_and_embeds_nothing(
    labelled: tuple[Bench, list[Source]], counts: RowCounts, label: dict[str, Any]
):
    bench, (few, many) = labelled
    report = bench.indexer().sync([replace(few, **label), many])
    rows = 2 * SIZES["few"]
    assert (report.changed, report.embedded) == (SIZES["few"], 0)
    assert bench.embedder.embedded == []
    assert counts.inserted == ["few"] * rows
    assert counts.deleted == rows
    assert set(counts.recorded) == {"few"}
    live = {chunk.path: chunk for chunk in bench.store.live_chunks() if chunk.source == "few"}
    for chunk in live.values():
        assert label.get("version", "") == chunk.version
        assert label.get("language", "") == chunk.language
        assert chunk.url.startswith(label.get("site", "https://example.com"))


def test_a_changed_page_reads_no_rows_of_others(
    labelled: tuple[Bench, list[Source]], counts: RowCounts
):
    bench, sources = labelled
    page = sources[0].location / "1.md"
    page.write_text("# few 1\n\n## A\n\nChanged text.\n\n## B\n\nTwo few.")
    report = bench.indexer().sync(sources)
    assert (report.changed, report.embedded) == (1, 1)
    # A chunk of it, and those of the page that differs since the sync before; of both, what the
    # standby has, and of the other, what the live version has.
    assert counts.inserted == ["few"] * 3
    assert counts.recorded == ["few"] * 6
