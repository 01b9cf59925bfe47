"""A real client starts `docent mcp`, which answers over standard input and output."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from bot.control.server import ControlServer, RequestExecutor
from bot.control.socket_path import build_socket_path
from ingest.settings import IngestSettings
from tests.bot.calls.bench import Bench
from tests.bot.fakes import TEXT, Gate, script

SECONDS = 60
START = "from bot.cli import main; main()"
PAGE = "# Limits\n\n## Which port does the server use?\n\nThe server listens on port 8080.\n"
QUESTION = "Which port does the server use?"


def describe_command(folder: Path) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-c", START, "mcp", "--folder", str(folder)],
        env=dict(os.environ),
        cwd=str(folder.parent),
    )


def run(folder: Path, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", START, *words],
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with settings and an index."""
    folder = tmp_path_factory.mktemp("docent")
    (folder / "docs").mkdir()
    (folder / "docs" / "limits.md").write_text(PAGE)
    settings = folder / ".env"
    settings.write_text("DOCENT_SOURCES=docs\nDOCENT_PROFILE=starter\n")
    settings.chmod(0o600)
    indexed = run(folder, "index")
    assert indexed.returncode == 0, indexed.stderr
    return folder


async def use_tools(folder: Path, era: str) -> dict[str, Any]:
    async with asyncio.timeout(SECONDS), Client(describe_command(folder), mode=era) as client:
        calls = {
            "search_docs": {"query": QUESTION},
            "read_page": {"page": "limits.md"},
            "ask_docs": {"question": QUESTION},
        }
        # All at once: they share the index, which belongs to one process at a time.
        results = await asyncio.gather(*(client.call_tool(*each) for each in calls.items()))
    assert not any(result.is_error for result in results), results
    return dict(zip(calls, [result.structured_content for result in results], strict=True))


async def test_it_answers_from_the_index_of_its_folder(folder: Path, era: str):
    results = await use_tools(folder, era)
    assert [each["path"] for each in results["search_docs"]["passages"]] == ["limits.md"]
    assert "port 8080" in results["read_page"]["text"]
    assert "port 8080" in results["ask_docs"]["answer"]
    assert len({each["revision"] for each in results.values()}) == 1
    assert all(each["as_of"] for each in results.values())
    with sqlite3.connect(folder / "data" / "milvus.state.sqlite") as state:
        stored = state.execute(
            "select surface, question from bot_answers where id = ?", (results["ask_docs"]["id"],)
        ).fetchone()
    assert stored == ("mcp", QUESTION)


async def test_the_index_is_free_between_calls(folder: Path):
    async with asyncio.timeout(SECONDS), Client(describe_command(folder)) as client:
        first = await client.call_tool("search_docs", {"query": QUESTION})
        asked = await asyncio.to_thread(run, folder, "ask", "--json", QUESTION)
        second = await client.call_tool("search_docs", {"query": QUESTION})
    assert asked.returncode == 0, asked.stderr
    assert "8080" in json.loads(asked.stdout)["answer"]
    assert first.structured_content == second.structured_content


def test_nothing_but_the_protocol_is_on_standard_output(folder: Path):
    ran = run(folder, "mcp", stdin=b"no json\n")
    assert ran.returncode == 0
    assert [json.loads(line)["jsonrpc"] for line in ran.stdout.splitlines()] in ([], ["2.0"])


def test_a_wrong_setting_is_one_sentence_on_standard_error(tmp_path: Path):
    (tmp_path / ".env").write_text("DOCENT_PROFILE=bogus\n")
    ran = run(tmp_path, "mcp")
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert b"DOCENT_PROFILE" in ran.stderr
    assert b"Traceback" not in ran.stderr


async def test_without_an_index_a_call_says_what_to_do(tmp_path: Path):
    (tmp_path / ".env").write_text("DOCENT_PROFILE=starter\n")
    async with asyncio.timeout(SECONDS), Client(describe_command(tmp_path)) as client:
        failed = await client.call_tool("search_docs", {"query": QUESTION})
    assert failed.is_error
    assert "docent index" in failed.content[0].text


class TestBesideTheService:
    """A service holds the index: its control socket is asked."""

    @pytest.fixture
    async def served(self, bench: Bench, tmp_path: Path) -> AsyncIterator[Path]:
        settings = IngestSettings(milvus_uri=str(tmp_path / "data" / "docent.db"))
        (tmp_path / ".env").write_text(f"DOCENT_MILVUS_URI={settings.milvus_uri}\n")
        path = build_socket_path(settings)
        assert path is not None
        control = ControlServer(path, RequestExecutor(bench.pipeline, None, bench.library))  # type: ignore[arg-type]
        control.start()
        yield tmp_path
        control.close()

    async def test_it_answers_through_the_service(self, bench: Bench, served: Path, era: str):
        results = await use_tools(served, era)
        assert len(results["search_docs"]["passages"]) == 5
        assert results["read_page"]["status"] == "not_found"  # its index has no such page
        assert results["ask_docs"]["answer"] == TEXT
        record = bench.database.answers.find(results["ask_docs"]["id"])
        assert record is not None
        assert record.surface == "mcp"
        await bench.wait_statuses("answered")

    async def test_a_call_that_is_cancelled_ends_there(self, bench: Bench, served: Path):
        gate = Gate()
        bench.pipeline.script = [gate, *script()]
        async with asyncio.timeout(SECONDS), Client(describe_command(served)) as client:
            calling = asyncio.create_task(client.call_tool("ask_docs", {"question": QUESTION}))
            assert await asyncio.to_thread(gate.reached.wait, SECONDS)
            calling.cancel()
            await bench.wait_statuses("given_up")
        gate.open()

    async def test_a_client_that_dies_ends_its_answer(self, bench: Bench, served: Path):
        gate = Gate()
        bench.pipeline.script = [gate, *script()]

        def ask(number: int, method: str, **params: object) -> bytes:
            said = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            return json.dumps(said).encode() + b"\n"

        info = {"name": "test", "version": "1"}
        begin = ask(1, "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=info)
        call = ask(2, "tools/call", name="ask_docs", arguments={"question": QUESTION})
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", START, "mcp", "--folder", str(served)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(begin + call)
        await process.stdin.drain()
        assert await asyncio.to_thread(gate.reached.wait, SECONDS)
        process.kill()
        await process.wait()
        await bench.wait_statuses("given_up")
        gate.open()


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path):
    ran = run(tmp_path, "mcp", "--folder", "none")
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert ran.stderr == b"docent: The folder none can't be used: No such file or directory.\n"


def test_ctrl_c_ends_it(folder: Path):
    info = {"name": "test", "version": "1"}
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info}
    begin = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    with subprocess.Popen(
        [sys.executable, "-c", START, "mcp", "--folder", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(begin).encode() + b"\n")
        process.stdin.flush()
        assert b"docent" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == -signal.SIGINT
