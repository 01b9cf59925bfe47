"""The whole app answers people and programs alike: one line, one pipeline, one record."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from mcp import Client, StdioServerParameters
from sqlalchemy import select

from bot.calls.documentation import Documentation
from bot.calls.library import ServedLibrary
from bot.calls.schema import AnswerResult
from bot.control.server import ControlServer, RequestExecutor
from bot.control.socket_path import build_socket_path
from bot.storage import tables
from bot.storage.answers import Answers
from bot.types import MessageKey
from ingest.settings import IngestSettings
from rag_core.errors import SettingsError
from rag_core.types import Scope
from tests.bot.calls.bench import Searches, open_index
from tests.bot.conftest import Docent, free_port
from tests.bot.door.door import ARGUMENTS, build_call, parse_stream
from tests.bot.fakes import LAST_SYNC, TEXT
from tests.servers.slack.delivery import signature
from tests.servers.slack.store import ALICE, BOB, GENERAL, TEAM

QUESTION = "Where does data live?"
SECONDS = 60
START = "from bot.cli import main; main()"
TOKEN = "ci:0123456789abcdef"
SERVED = {"mcp_hosts": "docs.example.com"}
NO_SLACK = {"slack_bot_token": None, "slack_app_token": None, "slack_signing_secret": None}


@pytest.fixture(autouse=True)
def library(docent: Docent) -> ServedLibrary:
    store, chunks, live = open_index()
    docent.pipeline = pipeline = Searches(chunks, live)
    docent.library = ServedLibrary(Documentation(pipeline, store, lambda _: LAST_SYNC))
    return docent.library


async def start(docent: Docent, **settings: object) -> str:
    """Start docent with a port for programs; its address."""
    port = free_port()
    if settings.get("slack_bot_token", True):
        await docent.start(mcp_port=port, **settings)
    else:
        running = docent.running(mcp_port=port, **settings)
        await docent.starts.enter_async_context(running)
    return f"http://127.0.0.1:{port}"


async def post(url: str, body: object, **headers: str) -> tuple[int, Any]:
    sent = {"Content-Type": "application/json", **headers}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=data, headers=sent) as got,
    ):
        text = await got.text()
    return got.status, json.loads(text) if text.startswith("{") else parse_stream(text)


async def call_signed(
    docent: Docent, url: str, person: object, tool: str = "ask_docs"
) -> tuple[int, Any]:
    """Call a tool as Slackbot does."""
    body, when = build_call(tool, person), int(time.time())
    return await post(
        f"{url}/mcp",
        body,
        Accept="application/json, text/event-stream",
        **{
            "X-Slack-Request-Timestamp": str(when),
            "X-Slack-Signature": signature(body, docent.slack.signing_secret, when),
        },
    )


def summarise(data: dict[str, Any]) -> tuple[str, str, list[str]]:
    return data["answer"], data["status"], [passage["id"] for passage in data["passages"]]


async def test_every_surface_gives_the_same_answer(docent: Docent, tmp_path: Path):
    assert docent.library is not None
    url = await start(docent)
    settings = IngestSettings(milvus_uri=str(tmp_path / "data" / "docent.db"))
    (tmp_path / ".env").write_text(f"DOCENT_MILVUS_URI={settings.milvus_uri}\n")
    path = build_socket_path(settings)
    assert path is not None
    executor = RequestExecutor(docent.pipeline, docent.index, docent.library)  # type: ignore[arg-type]
    control = ControlServer(path, executor)
    control.start()
    words = ["-c", START, "mcp", "--folder", str(tmp_path)]
    command = StdioServerParameters(command=sys.executable, args=words, env=dict(os.environ))
    answers = {}
    try:
        async with asyncio.timeout(SECONDS):
            for name, server in (("stdio", command), ("mcp", f"{url}/mcp")):
                async with Client(server) as client:
                    said = await client.call_tool("ask_docs", {"question": QUESTION})
                    answers[name] = said.structured_content
            answers["http"] = (await post(f"{url}/v1/ask", {"question": QUESTION}))[1]
    finally:
        control.close()
    question = await docent.slack.mention(QUESTION)
    await docent.slack.wait_for_reply(question, containing=TEXT)
    stored = Answers(docent.engine, days=90)
    record = stored.find_by_message(MessageKey(TEAM, GENERAL, question.ts))
    assert record is not None
    assert record.answer is not None
    answers["slack"] = AnswerResult.of(QUESTION, record.answer).model_dump(mode="json")
    assert len({json.dumps(summarise(each)) for each in answers.values()}) == 1
    assert summarise(answers["http"])[:2] == (TEXT, "answered")
    asked = {(each.text, each.scope) for each in docent.pipeline.questions}
    assert asked == {(QUESTION, Scope())}
    surfaces = select(tables.answers.c.surface)
    with docent.engine.connect() as connection:
        assert sorted(connection.scalars(surfaces)) == ["http", "mcp", "mcp", "slack"]


async def test_without_slack_docent_serves_programs_alone(docent: Docent):
    url = await start(docent, **NO_SLACK)
    status, said = await post(f"{url}/v1/ask", {"question": QUESTION})
    assert (status, said["answer"]) == (200, TEXT)
    assert docent.slack.sockets.opened == 0


async def test_nobody_listens_to_strangers(docent: Docent):
    with pytest.raises(SettingsError, match="DOCENT_MCP_TOKENS"):
        async with docent.running(mcp_port=free_port(), mcp_host="0.0.0.0", **NO_SLACK):
            pass


class TestSlackbot:
    async def test_a_member_is_answered(self, docent: Docent):
        url = await start(docent, **SERVED)
        status, said = await call_signed(docent, url, {"user_id": ALICE, "team_id": TEAM})
        assert (status, said["result"]["structuredContent"]["answer"]) == (200, TEXT)

    @pytest.mark.parametrize("tool", ARGUMENTS)
    @pytest.mark.parametrize(
        ("person", "settings"),
        [
            ({"user_id": ALICE, "team_id": "T0OTHER"}, {}),
            ({"user_id": ALICE, "team_id": ""}, {}),
            ({"user_id": "U0GUEST", "team_id": "T0OTHER"}, {"allow_external": True}),
            ({"user_id": ALICE, "team_id": TEAM}, {"allowed_users": BOB}),
            ({"user_id": "", "team_id": TEAM}, {}),
        ],
    )
    async def test_others_are_told_why_not(
        self, docent: Docent, tool: str, person: object, settings: dict[str, object]
    ):
        url = await start(docent, **SERVED, **settings)
        status, said = await call_signed(docent, url, person, tool)
        assert (status, said["result"]["isError"]) == (200, True)
        assert "structuredContent" not in said["result"]
        assert docent.pipeline.questions == docent.pipeline.searched == []

    async def test_without_a_signature_nobody_is_answered(self, docent: Docent):
        url = await start(docent, **SERVED)
        person = {"user_id": ALICE, "team_id": TEAM}
        assert (await post(f"{url}/mcp", build_call("ask_docs", person)))[0] == 401

    async def test_a_token_works_beside_it(self, docent: Docent):
        url = await start(docent, **SERVED, mcp_tokens=TOKEN)
        asked = {"question": QUESTION}
        token = {"Authorization": f"Bearer {TOKEN.partition(':')[2]}"}
        assert (await post(f"{url}/v1/ask", asked, **token))[0] == 200
        assert (await post(f"{url}/v1/ask", asked))[0] == 401
