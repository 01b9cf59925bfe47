"""A wrong version is refused; one whose approximate searches miss a few chunks is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import PublishError
from ingest.publishing.self_check import SAMPLE, WrittenChunk, check_sample, extend_sample
from rag_core.errors import WordSearchError
from rag_core.types import Chunk, Hit, IndexSpec, Scope, Vector
from tests.ingest.conftest import Bench
from tests.ingest.fakes import HashEmbedder, MemoryStore, make_folder

NAME = "docent__v1_0123abcd"
ROWS = 200


class LossyStore(MemoryStore):
    """A store whose searches miss some of the checked chunks."""

    def __init__(self) -> None:
        super().__init__()
        self.is_exact = False
        self.missed: set[str] = set()
        """Ids that a search of the whole collection by vectors does not find."""
        self.missed_on_page: set[str] = set()
        self.missed_words: set[str] = set()

    def search_dense(
        self, collection: str, vector: Vector, *, limit: int, scope: Scope
    ) -> list[Hit]:
        hits = super().search_dense(collection, vector, limit=ROWS, scope=scope)
        missed = self.missed_on_page if scope.path_prefix else self.missed
        return [hit for hit in hits if hit.chunk.id not in missed][:limit]

    def search_lexical(self, collection: str, terms: str, *, limit: int, scope: Scope) -> list[Hit]:
        hits = super().search_lexical(collection, terms, limit=limit, scope=scope)
        return [hit for hit in hits if hit.chunk.id not in self.missed_words]


@pytest.fixture
def store() -> LossyStore:
    opened = LossyStore()
    opened.create(NAME, IndexSpec("hash", 8, "1", 1, ""))
    return opened


def written(store: MemoryStore, count: int = SAMPLE) -> list[WrittenChunk]:
    """Fill the store with rows of pages of two, and return a sample of them."""
    chunks = [
        Chunk(f"{n:04}", "docs", f"{n // 2:03}.md", "", "", (), n % 2, f"word{n} is here")
        for n in range(ROWS)
    ]
    vectors = HashEmbedder().embed_passages([chunk.text for chunk in chunks])
    store.insert(NAME, chunks, vectors)
    return extend_sample([], map(WrittenChunk, chunks, vectors), most=count)


def ids(sample: Sequence[WrittenChunk], count: int) -> set[str]:
    return {each.chunk.id for each in sample[:count]}


@pytest.mark.parametrize("exact", [True, False])
def test_a_right_version_passes(store: LossyStore, exact: bool):
    sample = written(store)
    store.is_exact = exact
    assert check_sample(store, NAME, sample) == ()
    assert check_sample(store, NAME, []) == ()


@pytest.mark.parametrize("recall", [1.0, 0.95, 0.8])
def test_an_approximate_search_may_miss_some(store: LossyStore, recall: float):
    sample = written(store)
    store.missed = ids(sample, int((1 - recall) * len(sample)))
    store.missed_words = set(store.missed)
    assert check_sample(store, NAME, sample) == ()


@pytest.mark.parametrize("recall", [0.7, 0.5, 0.0])
@pytest.mark.parametrize("by", ["vectors", "words"])
def test_a_search_that_misses_many_is_refused(store: LossyStore, recall: float, by: str):
    sample = written(store)
    count = round((1 - recall) * len(sample))
    lost = ids(sample, count)
    store.missed, store.missed_words = (lost, set()) if by == "vectors" else (set(), lost)
    says = rf"the search by {by} missed {count} of 24 chunks, such as one of 000\.md.*--force"
    with pytest.raises(PublishError, match=says):
        check_sample(store, NAME, sample)
    [line] = check_sample(store, NAME, sample, force=True)
    assert line == (
        f"Published by force, although the search by {by} missed {count} of 24 chunks, such as "
        "one of 000.md."
    )


@pytest.mark.parametrize("count", [1, 2, 4, 5])
def test_of_a_few_rows_one_may_be_missed_and_not_all(store: LossyStore, count: int):
    sample = written(store, count)
    store.missed = ids(sample, 1)
    assert check_sample(store, NAME, sample) == ()
    store.missed = ids(sample, 2)
    if count > 1:
        with pytest.raises(PublishError, match="search by vectors missed 2 of"):
            check_sample(store, NAME, sample)


@pytest.mark.parametrize("count", [1, SAMPLE])
def test_a_chunk_that_is_not_found_on_its_own_page_is_refused(store: LossyStore, count: int):
    sample = written(store, count)
    store.missed = store.missed_on_page = ids(sample, 1)
    with pytest.raises(PublishError, match="search by vectors missed 1 of"):
        check_sample(store, NAME, sample)


@pytest.mark.parametrize("by", ["missed", "missed_words"])
def test_an_exact_search_misses_none(store: LossyStore, by: str):
    sample = written(store)
    store.is_exact = True
    setattr(store, by, ids(sample, 1))
    with pytest.raises(PublishError, match="missed 1 of 24"):
        check_sample(store, NAME, sample)


@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("wrong", ["another", "missing"])
def test_a_wrong_vector_is_refused_by_all_stores_and_with_force(
    store: LossyStore, wrong: str, force: bool
):
    sample = written(store)
    key = sample[-1].chunk.id
    chunk, vector = store.rows[NAME][key]
    if wrong == "another":
        store.rows[NAME][key] = chunk, np.roll(vector, 1)
    else:
        del store.rows[NAME][key]
    with pytest.raises(PublishError, match=r"chunk of 011\.md is stored with another vector"):
        check_sample(store, NAME, sample, force=force)


def test_a_server_without_words_is_checked_by_vectors(store: LossyStore, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise WordSearchError("older than 2.5")

    monkeypatch.setattr(store, "search_lexical", refuse)
    assert check_sample(store, NAME, written(store)) == ()


def test_many_equal_texts_may_hide_a_chunk(store: LossyStore):
    vector = HashEmbedder().embed_passages(["same"])[0]
    chunks = [Chunk(f"{n:04}", "docs", "a.md", "", "", (), n, f"The text {n}") for n in range(120)]
    store.insert(NAME, chunks, np.stack([vector] * len(chunks)))
    store.is_exact = True
    assert check_sample(store, NAME, [WrittenChunk(chunks[-1], vector)]) == ()


def test_what_is_accepted_by_force_is_in_the_report(bench: Bench, tmp_path: Path):
    docs = make_folder(tmp_path / "docs", {f"{n}.md": f"# P{n}\n\nPage {n}." for n in range(9)})
    bench.store = store = LossyStore()
    before = bench.sync(docs).notes
    make_folder(docs, {f"{n}.md": f"# P{n}\n\nThe new page {n}." for n in range(9)})
    real = store.insert

    def insert(name: str, chunks: Sequence[Chunk], vectors: np.ndarray) -> None:
        real(name, chunks, vectors)
        store.missed |= {chunk.id for chunk in chunks}

    store.insert = insert
    with pytest.raises(PublishError, match="search by vectors missed 9 of 9 chunks"):
        bench.sync(docs)
    assert "The new page 1." not in store.texts()
    report = bench.sync(docs, force=True)
    assert report.notes[0].startswith("Published by force, although the search by vectors missed")
    assert report.notes[1:] == before
    assert report.as_json()["notes"] == list(report.notes)
    assert "The new page 1." in store.texts()
