"""The port is used by real clients, within the limits of each caller."""

from __future__ import annotations

import asyncio
import socket

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from bot.http_server import HttpLimits
from rag_core.errors import SettingsError
from rag_core.types import SearchStarted
from tests.bot.calls.bench import WAIT, Bench
from tests.bot.door.door import TOKEN, Door, build_call, open_door
from tests.bot.fakes import TEXT, Gate, script

ERAS = ("legacy", "auto")
QUESTION = "Where does data live?"
MCP = {"Accept": "application/json, text/event-stream"}


def connect(door: Door, era: str) -> Client:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    http = httpx2.AsyncClient(headers=headers, timeout=WAIT)
    return Client(streamable_http_client(f"{door.url}/mcp", http_client=http), mode=era)


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_of_either_era_is_answered(door: Door, era: str):
    told: list[str | None] = []

    async def note(_progress: float, _total: float | None, message: str | None) -> None:
        told.append(message)

    async with connect(door, era) as client:
        tools = await client.list_tools()
        answered = await client.call_tool(
            "ask_docs", {"question": QUESTION}, progress_callback=note
        )
        read = await client.call_tool("read_page", {"page": "guide.md", "section": "Remove"})
    assert [tool.name for tool in tools.tools] == ["search_docs", "read_page", "ask_docs"]
    assert answered.structured_content["answer"] == TEXT
    assert "Delete the folder." in read.structured_content["text"]
    assert told[0] == "Searching the documentation."
    assert told[-1] == "Writing the answer."


async def test_a_call_that_is_cancelled_ends_its_answer(door: Door):
    gate = Gate()
    door.bench.pipeline.script = [SearchStarted(), gate, *script()]
    async with connect(door, "auto") as client:
        calling = asyncio.create_task(client.call_tool("ask_docs", {"question": QUESTION}))
        await asyncio.to_thread(gate.reached.wait, WAIT)
        calling.cancel()
        await door.bench.wait_statuses("given_up")
    gate.open()
    assert await asyncio.to_thread(door.bench.pipeline.closed.wait, WAIT)


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_hangs_up_ends_its_answer(door: Door, era: str):
    gate = Gate()
    door.bench.pipeline.script = [SearchStarted(), gate, *script()]

    async def ask() -> None:
        async with connect(door, era) as client:
            await client.call_tool("ask_docs", {"question": QUESTION})

    asking = asyncio.create_task(ask())
    await asyncio.to_thread(gate.reached.wait, WAIT)
    asking.cancel()
    await door.bench.wait_statuses("given_up")
    gate.open()


async def test_a_connection_that_breaks_ends_its_answer(door: Door):
    gate = Gate()
    door.bench.pipeline.script = [SearchStarted(), gate, *script()]
    asking = asyncio.create_task(door.post("/v1/ask", {"question": QUESTION}))
    await asyncio.to_thread(gate.reached.wait, WAIT)
    asking.cancel()
    await door.bench.wait_statuses("given_up")
    gate.open()


async def test_fifty_calls_at_once_of_one_caller_are_four_and_the_others_are_told(door: Door):
    gate = Gate()
    door.bench.pipeline.script = [gate, *script()]
    calls = [asyncio.create_task(door.post("/v1/ask", {"question": QUESTION})) for _ in range(50)]
    await asyncio.to_thread(gate.reached.wait, WAIT)
    async with asyncio.timeout(WAIT):
        while sum(call.done() for call in calls) < 46:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    other, _, _ = await door.post("/v1/search", {"question": "data"}, token=f"{TOKEN}-editor")
    gate.open()
    results = await asyncio.gather(*calls)
    assert sorted(status for status, _, _ in results) == [200] * 4 + [429] * 46
    refused = next(each for each in results if each[0] == 429)
    assert refused[2]["Retry-After"] == "1"
    assert "open" in refused[1]["error"]["message"]
    assert other == 200
    assert (await door.post("/v1/search", {"question": "data"}))[0] == 200


async def test_fifty_calls_at_once_of_mcp_are_refused_in_its_words(door: Door):
    gate = Gate()
    door.bench.pipeline.script = [gate, *script()]
    body = build_call("ask_docs")
    calls = [asyncio.create_task(door.post("/mcp", body, **MCP)) for _ in range(50)]
    await asyncio.to_thread(gate.reached.wait, WAIT)
    async with asyncio.timeout(WAIT):
        while sum(call.done() for call in calls) < 46:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    gate.open()
    results = await asyncio.gather(*calls)
    assert [status for status, _, _ in results].count(429) == 46
    assert next(each[1] for each in results if each[0] == 429)["jsonrpc"] == "2.0"


async def test_a_slow_body_is_refused(bench: Bench):
    async with open_door(bench, limits=HttpLimits(body_seconds=0.05)) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        head = (
            "POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
            f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n\r\n"
        )
        writer.write(head.encode() + b"{")
        await writer.drain()
        async with asyncio.timeout(WAIT):
            assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()


async def test_a_port_that_is_taken_is_a_sentence(bench: Bench):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"DOCENT_MCP_PORT={port}"):
            async with open_door(bench, port=port):
                pass


async def test_answers_in_flight_end_after_the_door_is_closed(bench: Bench):
    gate = Gate()
    bench.pipeline.script = [gate, *script()]
    async with open_door(bench) as door:
        asking = asyncio.create_task(door.post("/v1/ask", {"question": QUESTION}))
        await asyncio.to_thread(gate.reached.wait, WAIT)
        opening = asyncio.get_running_loop().call_later(0.05, gate.open)
    status, said, _ = await asking
    opening.cancel()
    assert (status, said["answer"]) == (200, TEXT)
