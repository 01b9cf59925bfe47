"""Health server: `/healthz`, `/readyz` and `/metrics`, on a port of their own."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from bot.health.metrics import CONTENT_TYPE, Metrics
from bot.health.probe import Check, Probe
from bot.health.readiness import Readiness
from bot.http_server import HttpServer
from rag_core.errors import SettingsError

FindStuck = Callable[[], str]
"""Returns a sentence if the process has to be restarted; empty if it lives."""

logger = logging.getLogger(__name__)


class HealthServer:
    """Answers supervisors and Prometheus from the event loop of the bot.

    An answer to `/healthz` shows by itself that the event loop is alive.
    """

    def __init__(
        self,
        metrics: Metrics,
        readiness: Readiness,
        *,
        find_stuck: FindStuck,
        read_numbers: Check,
    ) -> None:
        """Take the parts that it shows.

        Args:
            metrics: the numbers.
            readiness: the parts that questions need.
            find_stuck: finds what only a restart can end.
            read_numbers: reads the numbers of the state database into the metrics; blocks.
        """
        self._metrics = metrics
        self._readiness = readiness
        self._find_stuck = find_stuck
        self._numbers = Probe(read_numbers)

    @contextlib.asynccontextmanager
    async def serve(self, host: str, port: int) -> AsyncIterator[None]:
        """Serve for the time of the block.

        Raises:
            SettingsError: the port is taken or not allowed.
        """
        server = HttpServer(
            {
                ("GET", "/healthz"): self._answer_liveness,
                ("GET", "/readyz"): self._answer_readiness,
                ("GET", "/metrics"): self._answer_metrics,
            }
        )
        try:
            try:
                await server.open(host, port)
            except OSError as error:
                raise SettingsError(
                    f"Nothing can be served on DOCENT_HEALTH_PORT={port} of "
                    f"DOCENT_HEALTH_HOST={host}: {error.strerror}."
                ) from error
            logger.info("Health and metrics are served on %s port %s.", host, port)
            yield
        finally:
            await server.close()

    async def _answer_liveness(self, request: web.BaseRequest) -> web.Response:
        del request
        return _build_response({"worker": self._find_stuck()}, well="alive", ill="stuck")

    async def _answer_readiness(self, request: web.BaseRequest) -> web.Response:
        del request
        return _build_response(await self._find_problems(), well="ready", ill="not ready")

    async def _answer_metrics(self, request: web.BaseRequest) -> web.Response:
        del request
        if problem := await self._numbers.find_problem():
            logger.warning("Some metrics are old: %s", problem)
        await self._find_problems()
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def _find_problems(self) -> dict[str, str]:
        problems = await self._readiness.find_problems()
        for part, problem in problems.items():
            self._metrics.set_ready(part, ready=not problem)
        return problems


def _build_response(problems: dict[str, str], *, well: str, ill: str) -> web.Response:
    """Build the JSON: a status, and each part's problem or `ok`."""
    is_well = not any(problems.values())
    body = {
        "status": well if is_well else ill,
        "parts": {part: problem or "ok" for part, problem in problems.items()},
    }
    return web.json_response(body, status=200 if is_well else 503)
