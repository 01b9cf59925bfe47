"""The known answer of BM25: right on Milvus Lite, and wrong in each way that it can be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from pymilvus import MilvusClient

from ingest.publishing.bm25_check import TEXTS, WORD, check_bm25, compute_scores
from ingest.publishing.repair import IndexCheck
from rag_core.errors import StoreError, StoreUnavailableError, WordSearchError
from rag_core.index.milvus import MilvusStore
from rag_core.settings import RagSettings
from rag_core.types import IndexSpec
from tests.ingest.conftest import Bench

RIGHT = compute_scores(TEXTS, WORD)


class Scorer:
    """A store with the given scores, or an error in their place."""

    def __init__(self, scores: Sequence[tuple[int, float]] | StoreError) -> None:
        self.scores = scores

    def score_words(self, texts: Sequence[str], terms: str) -> list[tuple[int, float]]:
        assert (texts, terms) == (TEXTS, "walrus")
        if isinstance(self.scores, StoreError):
            raise self.scores
        return list(self.scores)


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusStore]:
    uri = str(tmp_path_factory.mktemp("lite") / "milvus.db")
    opened = MilvusStore.open(RagSettings(milvus_uri=uri))
    yield opened
    opened.close()


def test_the_formula():
    # By hand: ln(1 + 1.5 / 2.5) = 0.4700; 5, 12 and 4 words, 7 on average.
    twice = 0.47 * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 4 / 7))
    once = 0.47 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 12 / 7))
    assert [number for number, _ in RIGHT] == [2, 1]
    assert [score for _, score in RIGHT] == pytest.approx([twice, once], rel=1e-3)


def test_milvus_lite(lite: MilvusStore):
    check = check_bm25(lite)
    assert (check.name, check.passed) == ("word search", True)
    assert "order, size and sign" in check.says
    assert lite._client.list_collections() == []


def test_a_server():
    assert check_bm25(Scorer(RIGHT)).passed
    assert check_bm25(Scorer([(number, score * 1.001) for number, score in RIGHT])).passed


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        (RIGHT[::-1], "in another order"),
        (RIGHT[:1], "finds other texts"),
        ([*RIGHT, (0, 0.1)], "finds other texts"),
        ([], "finds other texts"),
        ([(number, -score) for number, score in RIGHT], "the other sign"),
        ([(number, score * 1.2) for number, score in RIGHT], "0.882 and 0.436, and BM25"),
        ([(number, 0.0) for number, _ in RIGHT], "0.000 and 0.000"),
        (WordSearchError("Milvus is older than 2.5: upgrade it."), "older than 2.5"),
        (StoreUnavailableError("No Milvus."), "could not be checked. No Milvus."),
    ],
)
def test_a_wrong_answer(scores: Sequence[tuple[int, float]] | StoreError, says: str):
    check = check_bm25(Scorer(scores))
    assert not check.passed
    assert says in check.says


def test_the_collection_is_no_version_and_is_removed_after_an_error(
    lite: MilvusStore, monkeypatch: pytest.MonkeyPatch
):
    seen = []

    def fail(*_: object) -> None:
        seen.append((lite._client.list_collections(), lite.list_collections()))
        raise StoreError("no disk")

    with monkeypatch.context() as broken:
        broken.setattr(lite, "seal", fail)
        assert "could not be checked. no disk" in check_bm25(lite).says
    [([name], versions)] = seen
    assert name.startswith("docent__bm25_")
    assert versions == []
    assert lite._client.list_collections() == []


def test_what_a_killed_process_left_is_removed_and_nothing_else(lite: MilvusStore):
    names = {"docent__bm25_0123abcd", "docent__bm25_notes", "other__bm25_0123abcd", "docent__v1"}
    for name in names:
        lite.create(name, IndexSpec("hash", 8, "1", 1, ""))
    assert check_bm25(lite).passed
    assert set(lite._client.list_collections()) == names - {"docent__bm25_0123abcd"}
    for name in names - {"docent__bm25_0123abcd"}:
        lite.drop(name)


def test_a_server_that_is_too_old(lite: MilvusStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lite, "_has_bm25", False)
    monkeypatch.setattr(MilvusClient, "create_collection", lambda *_, **__: 1 / 0)
    check = check_bm25(lite)
    assert not check.passed
    assert "older than 2.5" in check.says


def test_it_is_a_part_of_the_check_of_an_index(bench: Bench, lite: MilvusStore):
    checks = IndexCheck(lite, bench.ledger).run()
    assert [(check.name, check.passed) for check in checks][-1] == ("word search", True)
    assert "word search" not in [each.name for each in IndexCheck(bench.store, bench.ledger).run()]
