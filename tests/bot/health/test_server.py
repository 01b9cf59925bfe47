"""The three pages of the health server, over HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest

from bot.health.metrics import Metrics
from bot.health.readiness import Readiness
from bot.health.server import HealthServer
from ingest.errors import StateError
from rag_core.errors import SettingsError
from tests.bot.conftest import free_port


@dataclass
class Parts:
    """A health server and what its checks find."""

    stuck: str = ""
    state: str = ""
    numbers: int = 0
    metrics: Metrics = field(default_factory=Metrics)

    def check_state(self) -> None:
        if self.state:
            raise StateError(self.state)

    def read_numbers(self) -> None:
        self.numbers += 1
        self.check_state()

    def build(self) -> HealthServer:
        readiness = Readiness({"state": self.check_state})

        async def is_connected() -> bool:
            return True

        readiness.watch_connection(is_connected)
        return HealthServer(
            self.metrics,
            readiness,
            find_stuck=lambda: self.stuck,
            read_numbers=self.read_numbers,
        )


@contextlib.asynccontextmanager
async def served(parts: Parts) -> AsyncIterator[aiohttp.ClientSession]:
    port = free_port()
    async with (
        parts.build().serve("127.0.0.1", port),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        yield session


async def test_a_docent_that_works_is_alive_and_ready():
    async with served(Parts()) as session:
        async with session.get("/healthz") as response:
            assert response.status == 200
            assert await response.json() == {"status": "alive", "parts": {"worker": "ok"}}
        async with session.get("/readyz") as response:
            assert response.status == 200
            assert await response.json() == {
                "status": "ready",
                "parts": {"state": "ok", "slack": "ok"},
            }


async def test_what_is_not_ready_is_said_and_does_not_ask_for_a_restart():
    async with served(Parts(state="The state database is full.")) as session:
        async with session.get("/readyz") as response:
            assert response.status == 503
            body = await response.json()
            assert body["status"] == "not ready"
            assert body["parts"] == {"state": "The state database is full.", "slack": "ok"}
        async with session.get("/healthz") as response:
            assert response.status == 200


async def test_a_worker_that_is_stuck_asks_for_a_restart():
    async with (
        served(Parts(stuck="It is stuck.")) as session,
        session.get("/healthz") as response,
    ):
        assert response.status == 503
        assert (await response.json())["parts"] == {"worker": "It is stuck."}


async def test_prometheus_gets_numbers_also_while_the_state_database_is_gone(
    caplog: pytest.LogCaptureFixture,
):
    parts = Parts(state="The state database is locked.")
    parts.metrics.record_told("direct", "failed")
    async with served(parts) as session, session.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        text = await response.text()
    assert 'docent_questions_total{origin="direct",status="failed"} 1.0' in text
    assert 'docent_ready{part="state"} 0.0' in text
    assert 'docent_ready{part="slack"} 1.0' in text
    assert parts.numbers == 1
    assert "Some metrics are old: The state database is locked." in caplog.text


async def test_a_port_that_is_taken_is_one_sentence():
    port = free_port()
    async with Parts().build().serve("127.0.0.1", port):
        with pytest.raises(SettingsError, match=f"DOCENT_HEALTH_PORT={port} of DOCENT_HEALTH_HOST"):
            await Parts().build().serve("127.0.0.1", port).__aenter__()


async def test_only_the_given_address_is_listened_on():
    port = free_port()
    async with (
        Parts().build().serve("127.0.0.2", port),
        aiohttp.ClientSession() as session,
    ):
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"http://127.0.0.1:{port}/healthz")
