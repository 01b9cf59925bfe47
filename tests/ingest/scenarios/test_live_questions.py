"""Questions while one version after another is published: none reads a mixture, all ask little."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ingest.factory import open_ledger
from ingest.publishing.publisher import Publisher
from ingest.settings import IngestSettings
from ingest.sources import Downloads, parse_sources
from ingest.state.ledger import Ledger
from ingest.state.live_mark import MAX_AGE, LiveMark
from ingest.sync import Indexer
from rag_core.index.milvus import MilvusStore
from rag_core.pipeline import Pipeline
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.rerank import RerankConfig
from rag_core.settings import RagSettings
from rag_core.tuning import Tuning
from rag_core.types import SCHEMA_VERSION, Answer, Question
from tests.ingest.fakes import WordEmbedder, make_folder
from tests.rag_core.fakes import ScriptedReranker

PAGES = 6
PATIENCE = 120.0
"""Seconds that a thread waits for the other; only a test that fails takes them."""

QUESTION = Question("Which edition is this harbour?")


@dataclass
class Index:
    """A folder whose pages all say their edition, its index, and questions about it."""

    store: MilvusStore
    ledger: Ledger
    folder: Path
    revisions: dict[str, int] = field(default_factory=dict)
    """Edition of each published revision."""

    def publish(self, edition: int) -> None:
        pages = {f"{n}.md": f"# P{n}\n\nThe harbour {n}, edition {edition}." for n in range(PAGES)}
        docs = make_folder(self.folder / "docs", pages)
        indexer = Indexer(
            self.store,
            WordEmbedder(),
            self.ledger,
            Downloads(self.folder / "snapshots"),
            schema=SCHEMA_VERSION,
        )
        self.revisions[indexer.sync(parse_sources(str(docs))).revision] = edition

    def ask(self, clock: Callable[[], float]) -> Callable[[], Answer]:
        """Return a function that asks, with a mark that is as old as the clock says."""
        pipeline = Pipeline(
            embedder=WordEmbedder(),
            reranker=ScriptedReranker(),
            store=self.store,
            generator=None,
            tuning=Tuning(FusionConfig(), RerankConfig(depth=5, weight=0.5), passages=5),
            read_mark=LiveMark(self.ledger, clock).read,
        )
        return lambda: pipeline.answer(QUESTION)

    def read_edition(self, answer: Answer) -> int:
        """Return the edition that an answer is of; all of its passages must be of it."""
        texts = " ".join(passage.chunk.text for passage in answer.passages)
        [edition] = set(re.findall(r"edition (\d+)", f"{texts} {answer.text}"))
        assert self.revisions[answer.revision] == int(edition)
        return int(edition)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    uri = str(tmp_path / "docs.db")
    store = MilvusStore.open(RagSettings(milvus_uri=uri))
    yield Index(store, open_ledger(IngestSettings(milvus_uri=uri)), tmp_path)
    store.close()


class Asker(threading.Thread):
    """Asks one question after another, and says how many began and ended."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        super().__init__(daemon=True)
        self._ask = ask
        self._changed = threading.Condition()
        self._began = self._ended = 0
        self._over = False
        self.answers: list[Answer] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            while not self._over:
                self._began += 1
                self.answers.append(self._ask())
                with self._changed:
                    self._ended += 1
                    self._changed.notify_all()
        except Exception as error:  # noqa: BLE001  (raised again in the test's thread)
            self.error = error
            with self._changed:
                self._changed.notify_all()

    def drain(self) -> None:
        """Wait until all questions have ended that began before."""
        self._wait_for(self._began)

    def ask_another(self) -> None:
        """Wait until a question has begun and ended."""
        self._wait_for(self._ended + 2)

    def _wait_for(self, count: int) -> None:
        with self._changed:
            done = self._changed.wait_for(lambda: self._ended >= count or self.error, PATIENCE)
        if self.error is not None:
            raise self.error
        assert done

    def stop(self) -> None:
        self._over = True
        self.join(PATIENCE)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error


def test_no_answer_mixes_versions(index: Index, monkeypatch: pytest.MonkeyPatch):
    for edition in (0, 1):
        index.publish(edition)
    collections = set(index.store.list_collections())
    asker = Asker(index.ask(itertools.count(100).__next__))
    real = MilvusStore.switch

    def switch(store: MilvusStore, collection: str) -> None:
        asker.ask_another()
        real(store, collection)
        asker.ask_another()

    monkeypatch.setattr(MilvusStore, "switch", switch)
    # The questions' half a minute, by events.
    monkeypatch.setattr(Publisher, "_wait_for_questions", lambda *_: asker.drain())
    asker.start()
    for edition in (2, 3, 4, 5):
        index.publish(edition)
    asker.ask_another()
    asker.stop()
    assert set(index.store.list_collections()) == collections, "the collections take turns"
    editions = [index.read_edition(answer) for answer in asker.answers]
    assert editions == sorted(editions)
    assert set(editions) == {1, 2, 3, 4, 5}
    assert {len(answer.passages) for answer in asker.answers} == {5}


def test_a_question_ends_in_the_version_that_it_began_in(
    index: Index, monkeypatch: pytest.MonkeyPatch
):
    for edition in (0, 1, 2):
        index.publish(edition)
    ask = index.ask(itertools.count(100).__next__)
    real = MilvusStore.search_lexical

    def search(store: MilvusStore, *arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(MilvusStore, "search_lexical", real)
        sync = threading.Thread(target=index.publish, args=(3,))
        sync.start()
        sync.join()
        return real(store, *arguments, **options)

    monkeypatch.setattr(MilvusStore, "search_lexical", search)
    assert index.read_edition(ask()) == 2
    assert index.read_edition(ask()) == 3


class CountedClient:
    """A client of Milvus that notes which of its methods were called."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self._client, name)


def test_a_question_asks_milvus_for_nothing_before_its_searches(
    index: Index, monkeypatch: pytest.MonkeyPatch
):
    now = [100.0]
    for edition in (0, 1):
        index.publish(edition)
    ask = index.ask(lambda: now[0])
    assert index.read_edition(ask()) == 1
    client = CountedClient(index.store._connection.client)
    monkeypatch.setattr(index.store._connection, "client", client)
    for _ in range(3):
        client.calls.clear()
        now[0] += MAX_AGE  # the state database is asked again
        assert index.read_edition(ask()) == 1
        assert client.calls[0] == "search"
    index.publish(2)
    assert index.read_edition(ask()) == 1, "the mark is believed for a moment"
    assert MAX_AGE <= 1
    now[0] += MAX_AGE
    client.calls.clear()
    assert index.read_edition(ask()) == 2
    assert client.calls[0] != "search"
    client.calls.clear()
    assert index.read_edition(ask()) == 2
    assert client.calls[0] == "search"
