"""`docent serve`: every part opened once, in one process, and closed in order."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import ExitStack

from bot import connect
from bot.app import Parts, serve
from bot.errors import SyncStoppedError
from bot.settings import BotSettings
from ingest.factory import open_indexer, open_ledger
from ingest.report import IngestReport, ProgressCallback
from ingest.scheduler import SyncScheduler
from ingest.settings import IngestSettings
from ingest.sources import parse_sources, select_sources
from ingest.status import status_of
from rag_core.factory import open_models, open_pipeline, open_store
from rag_core.settings import RagSettings

logger = logging.getLogger(__name__)


def run() -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        SettingsError, StoreError, StateError, ModelUnavailableError, SlackUnavailableError: why
            docent can't start, in one sentence.
    """
    bot, rag, ingest = BotSettings.load(), RagSettings.load(), IngestSettings.load()
    connect.require_settings(bot)
    configured = parse_sources(ingest.sources)
    with ExitStack() as opened:
        ledger = open_ledger(ingest)
        opened.callback(ledger.engine.dispose)
        store = open_store(rag, create=True)
        opened.callback(store.close)
        models = open_models(rag)
        opened.callback(models.close)
        lane = models.inference.indexing
        indexer = open_indexer(ingest, store=store, embedder=lane, ledger=ledger)

        stopping = threading.Event()

        def sync(progress: ProgressCallback) -> IngestReport:
            return indexer.sync(select_sources((), configured), progress=progress)

        def scheduled() -> IngestReport:
            return sync(lambda _: _end_if(stopping))

        scheduler = SyncScheduler(scheduled, ledger, ingest)

        def warm_up() -> None:
            models.warm_up()
            scheduler.start()
            opened.callback(scheduler.shutdown)
            # Before that, in this order: a sync at work hears of it, and gets no more vectors.
            opened.callback(models.close)
            opened.callback(stopping.set)
            if not configured:
                logger.warning("DOCENT_SOURCES is empty: there is nothing to sync.")
            elif store.live() is None:
                logger.info("Nothing is indexed yet: the first sync starts now.")
                scheduler.trigger_now()

        parts = Parts(
            pipeline=open_pipeline(rag, models, store),
            sync=sync,
            read_status=lambda: status_of(ledger),
            engine=ledger.engine,
            warm_up=warm_up,
        )
        asyncio.run(serve(bot, parts))


def _end_if(stopping: threading.Event) -> None:
    """Ends a scheduled sync at its next sign of progress; the live version is as it was."""
    if stopping.is_set():
        raise SyncStoppedError("The sync was stopped because docent is ending.")
