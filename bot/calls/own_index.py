"""The index in this process, while no service holds it: open only as long as it is used."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from bot.calls.desk import build_message
from bot.calls.documentation import Documentation
from bot.calls.requests import Answered, Ask, CallEvent, Progress
from bot.settings import BotSettings
from bot.storage.answers import AnswerRecord
from bot.storage.database import BotDatabase
from bot.texts import answers
from ingest.errors import StateError
from ingest.factory import open_ledger
from ingest.settings import IngestSettings
from rag_core.factory import Models, open_models, open_pipeline, open_store
from rag_core.pipeline import Pipeline
from rag_core.protocols import VectorStore
from rag_core.settings import RagSettings
from rag_core.types import Answer, AnswerDone, Question, RerankStarted

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _OpenIndex:
    store: VectorStore
    pipeline: Pipeline
    documentation: Documentation


class OwnIndex:
    """The index, models and state database of this process.

    Milvus Lite belongs to one process at a time, so it is closed as soon as no call reads it:
    several editors, and `docent index`, can use it in turn. The models stay loaded.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._open_index: _OpenIndex | None = None
        self._models: Models | None = None
        self._database: BotDatabase | None = None

    @contextmanager
    def read(self) -> Iterator[Documentation]:
        """Open the index for the time of the block.

        Raises:
            StoreLockedError: another process holds it.
            DocentError: it can't be used.
        """
        with self._hold() as index:
            yield index.documentation

    def stream(self, ask: Ask) -> Iterator[CallEvent]:
        """Yield the events of one answer, which is stored like any other.

        Raises:
            StoreLockedError: another process holds the index.
            DocentError: there is no answer.
        """
        with self._hold() as index:
            for event in index.pipeline.stream(Question(ask.question, scope=ask.scope)):
                if isinstance(event, AnswerDone):
                    as_of = index.documentation.read_as_of(ask.scope.sources)
                    yield Answered(event.answer, as_of, self._store(ask, event.answer, as_of))
                elif isinstance(event, RerankStarted):
                    yield Progress(answers.render_reranking(event.candidates))
                else:
                    yield event

    def close(self) -> None:
        """End the models."""
        if self._models is not None:
            self._models.close()

    @contextmanager
    def _hold(self) -> Iterator[_OpenIndex]:
        with self._lock:
            if self._open_index is None:
                self._open_index = self._open()
            index = self._open_index
            self._users += 1
        try:
            yield index
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._open_index = None
                    index.store.close()

    def _open(self) -> _OpenIndex:
        settings = RagSettings.load()
        store = open_store(settings)
        try:
            if self._models is None:
                self._models = open_models(settings)
            pipeline = open_pipeline(settings, self._models, store)
        except BaseException:
            store.close()
            raise
        return _OpenIndex(store, pipeline, Documentation(pipeline, store, self._read_as_of))

    def _read_as_of(self, sources: Collection[str]) -> datetime | None:
        return self._open_database().read_last_success_time(sources)

    def _open_database(self) -> BotDatabase:
        if self._database is None:
            ledger = open_ledger(IngestSettings.load())
            self._database = BotDatabase.open(
                ledger.engine,
                keep_days=BotSettings.load().keep_days,
                read_last_success_time=ledger.read_last_success_time,
                index=ledger.index,
            )
        return self._database

    def _store(self, ask: Ask, answer: Answer, as_of: datetime | None) -> str:
        """Store an answer; return its id if its text is kept."""
        message = build_message(ask)
        record = AnswerRecord(
            id=message.key.ts.removeprefix("call-"),
            key=message.key,
            thread_ts=message.thread_ts,
            user=message.user,
            user_team=message.user_team,
            question=message.text,
            answer=answer,
            scope=ask.scope,
            as_of=as_of,
            surface=message.surface,
        )
        try:
            stored = self._open_database().answers
            stored.add(record)
        except StateError as error:
            logger.warning("An answer could not be stored: %s", error)
            return ""
        return record.id if stored.keeps_texts else ""
