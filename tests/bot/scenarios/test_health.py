"""The health of a whole `docent serve`, seen from outside: supervisor, Prometheus, admins, log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from bot.storage.tables import inbox
from bot.texts import answers, problems
from ingest.state.database import open_state
from tests.bot.conftest import free_port
from tests.conftest import ROOT
from tests.servers.openai import OpenAIServer
from tests.servers.otlp import Collector
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import ALICE, GENERAL

NO_INDEX = "Nothing is indexed yet: run `docent index` first."
PAGE = """\
# Storage

## Where is data stored?

Inserted data is kept in object storage. Metadata is kept in etcd.
"""
START_SECONDS = 60.0


class Service:
    """`docent serve` in a process of its own, with what it logged."""

    def __init__(self, process: Process, port: int) -> None:
        self.process, self.url = process, f"http://127.0.0.1:{port}"
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode().rstrip("\n"))

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as response:
            return response.status, await response.text()

    async def read_metric(self, name: str, **labels: str) -> float | None:
        _, text = await self.get("/metrics")
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return sample.value
        return None

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        await self.process.wait()
        await self._reading
        assert self.process.returncode == 0, "\n".join(self.lines)


@pytest.fixture
def settings(
    tmp_path: Path, slack_server: SlackServer, openai_server: OpenAIServer
) -> dict[str, str]:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "storage.md").write_text(PAGE)
    return {
        "PYTHONPATH": str(ROOT),
        "DOCENT_PROFILE": "starter",
        "DOCENT_SOURCES": str(tmp_path / "docs"),
        "DOCENT_ADMINS": ALICE,
        "DOCENT_ADMIN_CHANNEL": GENERAL,
        "DOCENT_HEALTH_PORT": str(free_port()),
        "DOCENT_LOG_FORMAT": "json",
        "SLACK_BOT_TOKEN": slack_server.bot_token,
        "SLACK_APP_TOKEN": slack_server.app_token,
        "SLACK_API_URL": slack_server.base_url,
        "OPENAI_API_KEY": openai_server.api_key,
        "OPENAI_BASE_URL": openai_server.base_url,
    }


async def run(settings: dict[str, str], folder: Path, *args: str) -> Process:
    code = "import sys; from bot.cli import main; sys.argv[0] = 'docent'; main()"
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *args, cwd=folder, env=settings, stdout=PIPE, stderr=PIPE
    )


async def read_status(settings: dict[str, str], folder: Path) -> dict[str, Any]:
    out, log = await (await run(settings, folder, "status", "--json")).communicate()
    assert out, log.decode()
    return json.loads(out)


@contextlib.asynccontextmanager
async def serving(
    slack: SlackServer, settings: dict[str, str], folder: Path
) -> AsyncIterator[Service]:
    before = slack.sockets.opened
    process = await run(settings, folder, "serve")
    service = Service(process, int(settings["DOCENT_HEALTH_PORT"]))
    try:
        await slack.wait_connected(before + 1, timeout=START_SECONDS)
        yield service
    finally:
        await service.end()


@pytest.fixture
async def indexed(settings: dict[str, str], tmp_path: Path) -> None:
    _, log = await (await run(settings, tmp_path, "index")).communicate()
    assert "Found 1 new page" in log.decode()


def list_alerts(slack: SlackServer, words: str) -> list[str]:
    posted = [each.shown for each in slack.messages(GENERAL) if not each.visible_to]
    return [text for text in posted if words in text]


@pytest.mark.usefixtures("indexed")
async def test_a_docent_that_works_says_so_and_counts(
    slack_server: SlackServer, settings: dict[str, str], tmp_path: Path
):
    collector = Collector()
    await collector.start()
    settings |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    async with serving(slack_server, settings, tmp_path) as docent:
        assert await docent.get("/healthz") == (
            200,
            '{"status": "alive", "parts": {"worker": "ok"}}',
        )
        status, body = await docent.get("/readyz")
        assert (status, json.loads(body)["parts"]) == (
            200,
            {"models": "ok", "milvus": "ok", "index": "ok", "state": "ok", "slack": "ok"},
        )
        asked = await slack_server.mention("Where is data stored?")
        await slack_server.wait_for_reply(asked, containing="All is well", timeout=30)
        span = await collector.wait_for("question")
        question = {"origin": "mention", "status": "answered"}
        assert await docent.read_metric("docent_questions_total", **question) == 1
        assert await docent.read_metric("docent_stage_seconds_count", stage="generate") == 1
        called = {"method": "auth.test", "status": "200"}
        assert await docent.read_metric("docent_slack_calls_total", **called)
        age = await docent.read_metric("docent_index_age_seconds")
        assert age is not None
        assert 0 < age < 600
    await collector.stop()
    engine = open_state(f"sqlite:///{tmp_path}/data/milvus.state.sqlite")
    with engine.connect() as connection:
        assert span.attributes["docent.request_id"] == connection.scalar(select(inbox.c.id))
    assert {"embed", "search", "rerank", "llm"} <= {each.name for each in collector.spans}


@pytest.mark.usefixtures("indexed")
async def test_a_refused_key_is_told_once_shown_everywhere_and_logged_with_the_question(
    slack_server: SlackServer, settings: dict[str, str], tmp_path: Path
):
    wrong = settings | {"OPENAI_API_KEY": "wrong"}
    for _ in range(2):  # a restart tells nothing again
        async with serving(slack_server, wrong, tmp_path) as docent:
            for _ in range(2):
                asked = await slack_server.dm("Where is data stored?")
                await slack_server.wait_for_reply(
                    asked, containing=answers.DEGRADED["llm_failed"], timeout=30
                )
            await slack_server.wait_for_message(
                lambda each: each.channel == GENERAL and "OPENAI_API_KEY" in each.shown, timeout=30
            )
            failures = await docent.read_metric("docent_llm_errors_total", kind="401")
            assert failures is not None
            assert failures >= 2
            status, _ = await docent.get("/readyz")
            assert status == 200  # it answers, with quotations
            assert len(list_alerts(slack_server, "refused OPENAI_API_KEY (HTTP 401)")) == 1
            [problem] = (await read_status(wrong, tmp_path))["problems"]
            assert problem["service"] == "llm"
            assert "set a valid key" in problem["problem"]
            await slack_server.slash("/docent", "status")
            shown = await slack_server.wait_for_message(
                lambda each: "set a valid key" in each.shown and each.visible_to == ALICE,
                timeout=30,
            )
            assert problems.PROBLEMS["llm"] in shown.shown
        lines = [json.loads(line) for line in docent.lines]
        about_llm = [line for line in lines if "HTTP 401" in line["message"] and line["request_id"]]
        assert len({line["request_id"] for line in about_llm}) == 2
        assert not [line for line in lines if "exception" in line]
    async with serving(slack_server, settings, tmp_path):
        asked = await slack_server.dm("Where is data stored?")
        await slack_server.wait_for_reply(asked, containing="All is well", timeout=30)
        await slack_server.wait_for_message(
            lambda each: each.channel == GENERAL and problems.RECOVERIES["llm"] in each.shown,
            timeout=30,
        )
        assert (await read_status(settings, tmp_path))["problems"] == []
    assert len(list_alerts(slack_server, problems.RECOVERIES["llm"])) == 1
    assert len(list_alerts(slack_server, problems.PROBLEMS["llm"])) == 1


@pytest.mark.usefixtures("indexed")
async def test_a_docent_whose_index_was_moved_away_is_not_ready(
    slack_server: SlackServer, settings: dict[str, str], tmp_path: Path
):
    async with serving(slack_server, settings, tmp_path) as docent:
        (tmp_path / "data" / "milvus.db").rename(tmp_path / "elsewhere.db")
        status, body = await docent.get("/readyz")
        assert (status, json.loads(body)["parts"]["index"]) == (503, NO_INDEX)


async def test_a_docent_that_starts_is_alive_and_not_ready(
    slack_server: SlackServer, settings: dict[str, str], tmp_path: Path
):
    slack_server.hold("auth.test")
    process = await run(settings, tmp_path, "serve")
    docent = Service(process, int(settings["DOCENT_HEALTH_PORT"]))
    await slack_server.wait_for_calls("auth.test", timeout=START_SECONDS)
    assert (await docent.get("/healthz"))[0] == 200
    status, body = await docent.get("/readyz")
    assert (status, json.loads(body)["parts"]) == (
        503,
        {
            "models": "The models are still being loaded.",
            "milvus": "ok",
            "index": NO_INDEX,
            "state": "ok",
            "slack": "docent has not connected to Slack yet.",
        },
    )
    slack_server.release()
    await slack_server.wait_connected(timeout=START_SECONDS)
    await docent.end()
