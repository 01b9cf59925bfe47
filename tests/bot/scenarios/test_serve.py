"""`docent serve` whole, in a process of its own: models, Milvus Lite, schedule and Slack app."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers.openai import OpenAIServer
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import ALICE

PAGE = """\
# Storage

## Where is data stored?

Inserted data is kept in object storage. Metadata is kept in etcd.
"""
START_SECONDS = 60.0


@pytest.fixture
def settings(tmp_path: Path, slack_server: SlackServer) -> dict[str, str]:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "storage.md").write_text(PAGE)
    return {
        "DOCENT_PROFILE": "starter",
        "DOCENT_SOURCES": str(docs),
        "DOCENT_ADMINS": ALICE,
        "SLACK_BOT_TOKEN": slack_server.bot_token,
        "SLACK_APP_TOKEN": slack_server.app_token,
        "SLACK_API_URL": slack_server.base_url,
    }


async def start(settings: dict[str, str], folder: Path, *args: str) -> Process:
    command = Path(sys.executable).with_name("docent")
    return await asyncio.create_subprocess_exec(
        command, *args, cwd=folder, env=settings, stdout=PIPE, stderr=PIPE
    )


@contextlib.asynccontextmanager
async def serving(
    slack: SlackServer, settings: dict[str, str], folder: Path
) -> AsyncIterator[Process]:
    """`docent serve`, connected; ended by SIGTERM, which must be a clean end."""
    docent = await start(settings, folder, "serve")
    try:
        await slack.wait_connected(timeout=START_SECONDS)
        yield docent
    finally:
        docent.send_signal(signal.SIGTERM)
        _, log = await docent.communicate()
    assert docent.returncode == 0, log.decode()
    assert "Traceback" not in log.decode()


async def logged(docent: Process, words: str) -> None:
    """Read the log up to the line that holds the words."""
    assert docent.stderr is not None
    async for line in docent.stderr:
        if words in line.decode():
            return
    pytest.fail(f"docent ended without {words!r} in its log")


async def indexed(settings: dict[str, str], folder: Path) -> None:
    docent = await start(settings, folder, "index")
    _, log = await docent.communicate()
    assert docent.returncode == 0, log.decode()


async def test_a_mention_is_answered_by_the_llm_with_sources(
    slack_server: SlackServer,
    openai_server: OpenAIServer,
    settings: dict[str, str],
    tmp_path: Path,
):
    openai_server.reply = ["In object ", "storage [1]."]
    settings |= {
        "OPENAI_API_KEY": openai_server.api_key,
        "OPENAI_BASE_URL": openai_server.base_url,
    }
    await indexed(settings, tmp_path)
    async with serving(slack_server, settings, tmp_path):
        asked = await slack_server.mention("Where is the data stored?")
        answer = await slack_server.wait_for_reply(asked, containing="Where is data", timeout=30)
        assert "In object storage [1]." in answer.shown
        assert len(slack_server.replies(asked)) == 1
    [request] = openai_server.requests
    assert "Inserted data is kept in object storage." in request.messages[-1]["content"]


async def test_an_empty_index_is_built_at_the_start_and_then_answers(
    slack_server: SlackServer, settings: dict[str, str], tmp_path: Path
):
    async with serving(slack_server, settings, tmp_path) as docent:
        await logged(docent, "The sync is done")
        asked = await slack_server.dm("Where is the metadata kept?")
        answer = await slack_server.wait_for_reply(asked, containing="etcd", timeout=30)
        assert "No language model is set up" in answer.shown
        await slack_server.slash("/docent", "reindex")
        await slack_server.wait_for_message(lambda m: "Nothing has changed" in m.shown, timeout=30)
        await slack_server.slash("/docent", "status")
        status = await slack_server.wait_for_message(lambda m: "MiniLM" in m.shown, timeout=30)
        assert status.visible_to == ALICE


async def test_a_stop_ends_the_first_sync_and_leaves_no_trace(
    slack_server: SlackServer, settings: dict[str, str], tmp_path: Path
):
    words = ["apple", "boat", "cloud", "door", "earth", "fish", "glass", "hill"]
    for number in range(400):
        text = " ".join(f"{word}{number}" for word in words * 12)
        (tmp_path / "docs" / f"{number}.md").write_text(f"# Page {number}\n\n{text}\n")
    docent = await start(settings, tmp_path, "serve")
    await slack_server.wait_connected(timeout=START_SECONDS)
    docent.send_signal(signal.SIGTERM)
    _, log = await docent.communicate()
    assert docent.returncode == 0, log.decode()
    assert "The sync failed" in log.decode()
    assert "Traceback" not in log.decode()
    status = await start(settings, tmp_path, "status", "--json")
    out, _ = await status.communicate()
    assert json.loads(out)["revision"] is None


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_a_stop_ends_a_start_that_slack_does_not_answer(
    slack_server: SlackServer, settings: dict[str, str], tmp_path: Path, method: str
):
    slack_server.hold(method)
    docent = await start(settings, tmp_path, "serve")
    await slack_server.wait_for(lambda: slack_server.calls(method), timeout=START_SECONDS)
    docent.send_signal(signal.SIGTERM)
    _, log = await docent.communicate()
    slack_server.release()
    assert docent.returncode == 0, log.decode()
    assert log.decode().count("docent was stopped before it was connected to Slack.") == 1
    assert "docent ends, although" not in log.decode()
    assert "Traceback" not in log.decode()


async def test_a_stop_ends_a_start_that_loads_models(
    slack_server: SlackServer, settings: dict[str, str], tmp_path: Path
):
    async def be_silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await over.wait()
        writer.close()

    asked, over = asyncio.Event(), asyncio.Event()
    async with await asyncio.start_server(be_silent, "127.0.0.1", 0) as models:
        port = models.sockets[0].getsockname()[1]
        settings |= {"DOCENT_EMBEDDING_URL": f"http://127.0.0.1:{port}"}
        docent = await start(settings, tmp_path, "serve")
        await asyncio.wait_for(asked.wait(), START_SECONDS)
        assert slack_server.calls("auth.test")
        docent.send_signal(signal.SIGTERM)
        _, log = await docent.communicate()
        over.set()
    assert docent.returncode == 0, log.decode()
    assert "docent was stopped before it was connected to Slack." in log.decode()
    assert "docent ends, although" not in log.decode()


async def test_a_wrong_token_ends_the_start_with_one_sentence(
    settings: dict[str, str], tmp_path: Path
):
    docent = await start(settings | {"SLACK_BOT_TOKEN": "xoxb-wrong"}, tmp_path, "serve")
    _, log = await docent.communicate()
    assert docent.returncode == 1
    assert log.decode().strip().splitlines()[-1].startswith("docent: Slack refused SLACK_BOT_TOKEN")
    assert "Traceback" not in log.decode()
