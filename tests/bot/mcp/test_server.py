"""The SDK's own client, in both eras of the protocol, uses the three tools."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import jsonschema
import pytest
from mcp import Client

from bot.calls.budget import RESULT_TOKENS
from bot.mcp.server import INSTRUCTIONS, build_server
from rag_core import __version__
from rag_core.errors import LLMUnavailableError, StoreUnavailableError
from rag_core.models.token_estimate import estimate_tokens
from rag_core.types import AnswerDone, Scope, SearchStarted
from tests.bot.calls.bench import WAIT, Bench
from tests.bot.fakes import TEXT, Gate, answer, script
from tests.rag_core.fakes import HashEmbedder, make_chunk, publish

QUESTION = "Where does data live?"


async def call(
    bench: Bench, era: str, name: str, *, seconds: float = WAIT, **arguments: Any
) -> Any:
    server = build_server(bench.library, answer_seconds=seconds)
    async with asyncio.timeout(WAIT), Client(server, mode=era) as client:
        return await client.call_tool(name, arguments)


async def test_docent_introduces_itself(bench: Bench, era: str):
    async with Client(build_server(bench.library), mode=era) as client:
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("docent", __version__)
        assert client.instructions == INSTRUCTIONS
    assert len(INSTRUCTIONS) < 2_048  # clients cut longer ones


async def test_its_tools_only_read_and_say_what_they_return(bench: Bench, era: str):
    async with Client(build_server(bench.library), mode=era) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert list(tools) == ["search_docs", "read_page", "ask_docs"]
    for tool in tools.values():
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        assert not tool.annotations.open_world_hint
        assert tool.output_schema is not None
        assert "revision" in tool.output_schema["properties"]
        described = tool.input_schema["properties"].values()
        assert all(argument.get("description") for argument in described)
    assert set(tools["search_docs"].input_schema["properties"]) == {
        *("query", "limit", "source", "version", "language", "path")
    }


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search_docs", {"query": QUESTION}),
        ("read_page", {"page": "guide.md"}),
        ("read_page", {"page": "none.md"}),
        ("ask_docs", {"question": QUESTION}),
    ],
)
async def test_a_result_fits_the_schema_of_its_tool(
    bench: Bench, era: str, name: str, arguments: dict[str, str]
):
    async with Client(build_server(bench.library), mode=era) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        result = await client.call_tool(name, arguments)
    jsonschema.validate(result.structured_content, tools[name].output_schema)
    assert not result.is_error
    assert result.content[0].text


async def test_a_search_has_passages_with_links(bench: Bench, era: str):
    found = await call(bench, era, "search_docs", query=QUESTION, limit=2)
    assert [each["url"] for each in found.structured_content["passages"]] == [
        "https://docs.example/guide/#install",
        "https://docs.example/guide/#on-linux",
    ]
    text = found.content[0].text
    assert "## Guide > Install > On Linux" in text
    assert "https://docs.example/guide/#on-linux" in text
    assert "last read 2026-03-01 03:00 UTC, revision r1" in text


async def test_a_search_keeps_to_its_scope(bench: Bench, era: str):
    scope = {"source": "docs", "version": "", "language": "en", "path": "storage"}
    await call(bench, era, "search_docs", query=QUESTION, **scope)
    question, limit = bench.pipeline.searched[0]
    assert question.scope == Scope(("docs",), "storage", "", "en")
    assert limit == 5


async def test_a_page_comes_in_pieces(bench: Bench, era: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bot.calls.documentation.PIECE_TOKENS", 12)
    first = await call(bench, era, "read_page", page="guide.md")
    offset = first.structured_content["next_offset"]
    assert f"call read_page again with offset {offset}" in first.content[0].text
    rest = await call(bench, era, "read_page", page="guide.md", offset=offset)
    assert "Run the installer." in first.content[0].text
    assert "Run the installer." not in rest.content[0].text


async def test_a_page_that_is_not_there_is_a_status(bench: Bench, era: str):
    missing = await call(bench, era, "read_page", page="storage.rst")
    assert not missing.is_error
    assert missing.structured_content["status"] == "not_found"
    assert "storage.md" in missing.content[0].text


async def test_an_answer_has_sources_status_revision_and_age(bench: Bench, era: str):
    answered = await call(bench, era, "ask_docs", question=QUESTION)
    data = answered.structured_content
    assert (data["answer"], data["status"], data["question"]) == (TEXT, "answered", QUESTION)
    assert data["as_of"] == "2026-03-01T03:00:00Z"
    assert bench.database.answers.find(data["id"]) is not None
    text = answered.content[0].text
    assert text.startswith(TEXT)
    assert "[1] Storage > Where data lives: https://example.com/page1#where" in text


async def test_a_question_that_the_documentation_does_not_answer_is_a_status(
    bench: Bench, era: str
):
    bench.pipeline.script = [AnswerDone(answer("", status="not_found"))]
    answered = await call(bench, era, "ask_docs", question=QUESTION)
    assert not answered.is_error
    assert answered.structured_content["status"] == "not_found"
    assert answered.content[0].text.startswith("The documentation does not answer this question.")


async def test_an_answer_that_takes_too_long_gives_way_to_passages(bench: Bench, era: str):
    gate = Gate()
    bench.pipeline.script = [SearchStarted(), gate, *script()]
    late = await call(bench, era, "ask_docs", seconds=0.2, question=QUESTION)
    gate.open()
    data = late.structured_content
    assert (data["status"], data["answer"], len(data["passages"])) == ("passages_only", "", 5)
    assert "Run the installer." in late.content[0].text
    await bench.wait_statuses("given_up")


async def test_when_even_passages_take_too_long_that_is_said(bench: Bench, era: str):
    gate, search = Gate(), Gate()
    bench.pipeline.script = [SearchStarted(), gate, *script()]
    bench.pipeline.gate = search
    late = await call(bench, era, "ask_docs", seconds=0.2, question=QUESTION)
    found = await call(bench, era, "search_docs", seconds=0.2, query=QUESTION)
    gate.open()
    search.open()
    for result in (late, found):
        assert result.is_error
        assert "too long" in result.content[0].text


async def test_a_long_question_keeps_its_result_within_the_budget(bench: Bench, era: str):
    question = "数据" * 1_990
    answered = await call(bench, era, "ask_docs", question=question)
    data = json.dumps(answered.structured_content, ensure_ascii=False)
    assert estimate_tokens(data) <= RESULT_TOKENS
    assert answered.structured_content["answer"] == TEXT


async def test_many_sections_keep_a_page_within_the_budget(bench: Bench, era: str):
    chunks = [
        make_chunk(
            "word " * 50, path="long.md", headings=(f"Section {number} " * 8,), position=number
        )
        for number in range(200)
    ]
    publish(bench.store, HashEmbedder(), chunks, revision="r2")
    live = bench.store.read_live_index()
    assert live is not None
    bench.pipeline.live = live
    read = await call(bench, era, "read_page", page="long.md")
    assert estimate_tokens(json.dumps(read.structured_content)) <= RESULT_TOKENS
    assert read.structured_content["sections"][-1].endswith("more sections")


async def test_the_progress_is_told(bench: Bench, era: str):
    told: list[tuple[float, str | None]] = []

    async def note(progress: float, _total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async with Client(build_server(bench.library), mode=era) as client:
        await client.call_tool("ask_docs", {"question": QUESTION}, progress_callback=note)
    assert [message for _, message in told] == [
        "Searching the documentation.",
        "Ranking 30 passages",
        "Writing the answer.",
    ]
    assert [progress for progress, _ in told] == sorted({progress for progress, _ in told})


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (StoreUnavailableError("Milvus can't be reached."), "Milvus can't be reached."),
        (ZeroDivisionError("a secret"), "Error executing tool search_docs"),
    ],
)
async def test_a_failure_is_one_sentence_without_secrets(
    bench: Bench, era: str, error: Exception, says: str
):
    bench.pipeline.error = error
    failed = await call(bench, era, "search_docs", query=QUESTION)
    assert failed.is_error
    assert failed.content[0].text == says


async def test_an_answer_that_fails_is_said_in_docents_words(bench: Bench, era: str):
    bench.pipeline.script = [LLMUnavailableError("key sk-1 refused")]
    failed = await call(bench, era, "ask_docs", question=QUESTION)
    assert failed.is_error
    assert "sk-1" not in failed.content[0].text


@pytest.mark.parametrize(
    ("name", "arguments", "field"),
    [
        ("search_docs", {"query": QUESTION, "limit": 99}, "limit"),
        ("search_docs", {}, "query"),
        ("read_page", {"page": ""}, "page"),
        ("read_page", {"page": "a.md", "offset": -1}, "offset"),
    ],
)
async def test_a_wrong_argument_is_named(
    bench: Bench, era: str, name: str, arguments: dict[str, Any], field: str
):
    refused = await call(bench, era, name, **arguments)
    assert refused.is_error
    assert field in refused.content[0].text
    assert bench.pipeline.searched == []


async def test_no_result_is_larger_than_its_budget(bench: Bench, era: str):
    bench.pipeline.chunks = [
        make_chunk("word " * 2_000, path=f"{number}.md") for number in range(20)
    ]
    found = await call(bench, era, "search_docs", query=QUESTION, limit=20)
    assert estimate_tokens(json.dumps(found.structured_content)) <= RESULT_TOKENS
    assert estimate_tokens(found.content[0].text) <= RESULT_TOKENS
    assert "passages are left out" in found.content[0].text


async def test_a_cancelled_call_ends_its_answer(bench: Bench, era: str):
    gate = Gate()
    bench.pipeline.script = [SearchStarted(), gate, *script()]
    async with Client(build_server(bench.library), mode=era) as client:
        calling = asyncio.create_task(client.call_tool("ask_docs", {"question": QUESTION}))
        await asyncio.to_thread(gate.reached.wait, WAIT)
        calling.cancel()
        await bench.wait_statuses("given_up")
        gate.open()
