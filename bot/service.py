"""`docent serve`: open every part once, in one process, and close them in order."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from contextlib import AsyncExitStack, ExitStack
from functools import partial

from bot.app import serve
from bot.app_parts import AppParts
from bot.calls.documentation import Documentation
from bot.calls.library import ServedLibrary
from bot.control.server import ControlServer, RequestExecutor
from bot.control.socket_path import build_socket_path
from bot.health.monitor import Monitor, NumberReader
from bot.health.problem_watch import ProblemWatch
from bot.health.readiness import DISCORD, SLACK
from bot.health.server import HealthServer
from bot.health.telemetry import Telemetry
from bot.health.traces import Traces
from bot.index_service import IndexService, SyncRequest
from bot.settings import BotSettings
from bot.slack.admin_channel import AdminChannel
from bot.slack.client.required_secrets import require_settings
from bot.storage.database import BUSY_SECONDS, BotDatabase
from bot.storage.inbox_view import InboxView
from bot.storage.line_limits import Limits
from bot.storage.problems import Problems
from bot.storage.write_probe import probe_writing
from ingest.factory import open_indexer, open_ledger
from ingest.progress import ProgressReporter
from ingest.publishing.pin import read_pin
from ingest.publishing.publisher import DRAIN_SECONDS
from ingest.report import IngestReport, Progress, ProgressCallback
from ingest.scheduler import Sync, SyncScheduler
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from ingest.state.live_mark import LiveMark
from rag_core.factory import open_models, open_pipeline, open_store
from rag_core.outages import Outages, Service
from rag_core.settings import RagSettings

_LOG_SECONDS = 10.0

END_SECONDS = 24.0
"""The longest time from SIGTERM to the end of the process."""

logger = logging.getLogger(__name__)


def run() -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        SettingsError, StoreError, StateError, ModelUnavailableError, SlackUnavailableError:
            docent can't start; the message says why in one sentence.
    """
    bot, rag, ingest = BotSettings.load(), RagSettings.load(), IngestSettings.load()
    require_settings(bot)
    configured = parse_sources(ingest.sources)
    with ExitStack() as opened:
        telemetry = _open_telemetry(opened)
        ledger = open_ledger(ingest)
        opened.callback(ledger.engine.dispose)
        outages = Outages()
        outages.subscribe_to_failures(telemetry.record_failure)
        store = open_store(rag, create=True, outages=outages)
        opened.callback(store.close)
        models = open_models(rag, outages)
        opened.callback(models.close)
        lane = models.inference.indexing
        indexer = open_indexer(
            ingest, store=store, embedder=lane, ledger=ledger, drain_seconds=DRAIN_SECONDS
        )

        index = IndexService(indexer, store, ledger, configured, on_sync_end=telemetry.record_sync)
        scheduled = build_scheduled_sync(index)
        admins = AdminChannel(bot)
        scheduler = SyncScheduler(
            scheduled, ledger, ingest, sources=configured, on_alert=admins.post_alert
        )
        pipeline = open_pipeline(rag, models, store, read_mark=LiveMark(ledger).read)
        database = _open_database(bot, ingest, ledger, opened)
        check_writing = partial(probe_writing, ledger.engine)
        problems = ProblemWatch(
            Problems(ledger.engine), outages, admins=admins, check_state=check_writing
        )
        problems.start(list_services(rag))
        opened.callback(problems.close)
        monitor = Monitor(models.inference)
        readiness = monitor.build_readiness(
            {
                "milvus": store.read_live_index,
                "index": pipeline.require_live_index,
                "state": check_writing,
            },
            [SLACK] * bot.uses_slack + [DISCORD] * bot.uses_discord,
        )
        numbers = NumberReader(
            telemetry.metrics,
            InboxView(ledger.engine, index=ledger.index),
            ledger.read_last_success_time,
        )
        health = HealthServer(
            telemetry.metrics,
            readiness,
            find_stuck=monitor.find_stuck,
            read_numbers=numbers.read,
        )
        library = ServedLibrary(Documentation(pipeline, store, ledger.read_last_success_time))

        def warm_up() -> None:
            with monitor.watch_loading():
                models.warm_up()
            scheduler.start()
            opened.callback(scheduler.shutdown)
            # These run before it, last first: a running sync is told to stop, then gets no vectors.
            opened.callback(models.close)
            opened.callback(index.stopping.set)
            path = build_socket_path(ingest)
            if path is not None:
                control = ControlServer(path, RequestExecutor(pipeline, index, library))
                control.start()
                opened.callback(control.close)
            if not configured:
                logger.warning("DOCENT_SOURCES is empty: there is nothing to sync.")
            elif store.read_live_index() is None and read_pin(ledger) is None:
                logger.info("Nothing is indexed yet: the first sync starts now.")
                scheduler.trigger_now()

        parts = AppParts(
            pipeline=pipeline,
            index=index,
            database=database,
            warm_up=warm_up,
            # While some questions search, as many again may wait for the LLM.
            max_questions=2 * rag.max_questions,
            instructions=pipeline.instructions,
            reads_images=rag.llm_images,
            telemetry=telemetry,
            readiness=readiness,
            list_problems=problems.list_current,
            library=library,
        )
        asyncio.run(_serve(bot, parts, health, monitor))


def _open_database(
    settings: BotSettings, ingest: IngestSettings, ledger: Ledger, opened: ExitStack
) -> BotDatabase:
    """Open the bot's tables on connections that wait only briefly."""
    engine = open_state(ingest.resolved_state_url, busy_seconds=BUSY_SECONDS)
    opened.callback(engine.dispose)
    return BotDatabase.open(
        engine,
        keep_days=settings.keep_days,
        read_last_success_time=ledger.read_last_success_time,
        index=ledger.index,
        limits=Limits(
            waiting=settings.max_waiting,
            open_per_person=settings.max_open_questions,
            daily_per_person=settings.daily_questions,
        ),
    )


async def _serve(
    settings: BotSettings, parts: AppParts, health: HealthServer, monitor: Monitor
) -> None:
    """Run the bot, and the health server if it has a port."""
    async with AsyncExitStack() as opened:
        if settings.health_port is not None:
            serving = health.serve(settings.health_host, settings.health_port)
            await opened.enter_async_context(serving)
        await serve(settings, parts, on_stop=_ensure_end)
        if monitor.is_loading:
            _exit_now()  # loading can't be interrupted, and nothing else has begun


def _ensure_end() -> None:
    """End the process in time, even if a thread still waits.

    Supervisors kill after 30 seconds. Nothing is lost: all that counts is on disk already.
    """
    timer = threading.Timer(END_SECONDS, _exit_late)
    timer.daemon = True
    timer.start()


def _exit_late() -> None:
    logger.warning("docent is shutting down, although some of its threads are still waiting.")
    _exit_now()


def _exit_now() -> None:
    logging.shutdown()
    os._exit(0)


def list_services(settings: RagSettings) -> tuple[Service, ...]:
    """Return the services that docent uses and that can fail beside it."""
    has_llm = settings.openai_api_key is not None or settings.openai_base_url is not None
    in_use: dict[Service, bool] = {
        "llm": has_llm,
        "rewriter": has_llm and settings.rewrite_model not in {None, settings.llm_model},
        "embedder": settings.embedding_url is not None,
        "reranker": settings.rerank_url is not None,
        "milvus": True,
    }
    return tuple(service for service, is_used in in_use.items() if is_used)


def _open_telemetry(opened: ExitStack) -> Telemetry:
    traces = Traces.open()
    if traces is not None:
        opened.callback(traces.close)
    return Telemetry(traces=traces)


def build_scheduled_sync(index: IndexService) -> Sync:
    """Build the function that the schedule calls.

    The job of one source touches that source alone. The job of all sources without a schedule of
    their own stands for a sync of all, so it also removes what is no longer configured.
    """
    others = tuple(source.name for source in index.configured if not source.schedule)

    def sync(names: tuple[str, ...]) -> IngestReport:
        request = SyncRequest(names, remove_unconfigured=bool(names) and names == others)
        return index.sync(request, _build_progress_logger())

    return sync


def _build_progress_logger() -> ProgressCallback:
    """Build a callback that regularly logs the progress of a sync."""
    reporter = ProgressReporter(every=_LOG_SECONDS)

    def log(progress: Progress) -> None:
        if line := reporter.format_line(progress):
            logger.info("Sync: %s.", line)

    return log
