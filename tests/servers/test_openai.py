"""The local LLM through the real openai client."""

from __future__ import annotations

import asyncio
import json
import threading

import httpx2
import openai
import pytest

from rag_core.settings import DEFAULT_LLM
from tests.servers.openai import OpenAIServer

# openai passes on what its transport raises in the middle of a body.
TRANSPORT_ERRORS = (openai.APIConnectionError, httpx2.TransportError)
QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How?"}]


@pytest.fixture
def llm():
    with OpenAIServer("Milvus stores data [1].") as server:
        yield server


@pytest.fixture
def client(llm):
    with openai.OpenAI(base_url=llm.base_url, api_key=llm.api_key, max_retries=0) as client:
        yield client


def ask(client, **more):
    return client.chat.completions.create(**{"model": DEFAULT_LLM, "messages": QUESTION} | more)


def pieces(stream):
    return [c.choices[0].delta.content for c in stream if c.choices and c.choices[0].delta.content]


def test_an_answer_in_one_piece(llm, client):
    answer = ask(client, temperature=1)
    assert answer.choices[0].message.content == "Milvus stores data [1]."
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 4)
    assert llm.requests[0].messages == QUESTION
    assert llm.violations == []


def test_an_answer_in_a_stream_with_usage_when_asked(client):
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    assert "".join(pieces(chunks)) == "Milvus stores data [1]."
    assert [chunk.usage.completion_tokens for chunk in chunks if chunk.usage] == [4]
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert not any(chunk.usage for chunk in ask(client, stream=True))


def test_the_reply_can_be_pieces_or_a_function_of_the_messages(llm, client):
    llm.reply = ["Mil", "vus"]
    assert pieces(ask(client, stream=True)) == ["Mil", "vus"]
    llm.reply = lambda messages: messages[-1]["content"].upper()
    assert ask(client).choices[0].message.content == "HOW?"


async def test_it_serves_async_clients_too(llm):
    async with openai.AsyncOpenAI(base_url=llm.base_url, api_key=llm.api_key) as client:
        answer = await client.chat.completions.create(model=DEFAULT_LLM, messages=QUESTION)
    assert answer.choices[0].message.content == "Milvus stores data [1]."


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_it_fails_as_often_as_told(llm, client, status, error):
    llm.fail(status, times=2, retry_after=3)
    for _ in range(2):
        with pytest.raises(error) as caught:
            ask(client)
        assert caught.value.response.headers["Retry-After"] == "3"
    ask(client)
    assert llm.violations == []


def test_a_wrong_key_and_an_unknown_model(client):
    with pytest.raises(openai.AuthenticationError):
        ask(client.with_options(api_key="sk-wrong"))
    with pytest.raises(openai.NotFoundError):
        ask(client, model="gpt-none")
    assert [model.id for model in client.models.list()] == [DEFAULT_LLM]


def collect(stream, seen):
    """Keep each piece as it comes, so that those before an error are known."""
    for chunk in stream:
        seen += pieces([chunk])


@pytest.mark.parametrize("after", [0, 2])
def test_a_stream_is_cut_off_after_some_text(llm, client, after):
    llm.cut_off(after=after)
    seen = []
    with pytest.raises(TRANSPORT_ERRORS):
        collect(ask(client, stream=True), seen)
    assert seen == ["Milvus", " stores"][:after]
    assert len(pieces(ask(client, stream=True))) == 4


@pytest.mark.parametrize("stream", [False, True])
def test_what_comes_can_be_no_json(llm, client, stream):
    llm.garble(after=1)
    with pytest.raises((json.JSONDecodeError, openai.APIError)):
        list(ask(client, stream=stream))


def test_an_answer_in_one_piece_can_be_held_and_lost(llm, client):
    gate = llm.hold()
    llm.cut_off(after=0)
    threading.Thread(target=lambda: llm.wait_for_requests() and gate.open()).start()
    with pytest.raises(openai.APIConnectionError):
        ask(client)


@pytest.mark.parametrize("after", [0, 1])
def test_a_held_stream_goes_on_when_it_is_let(llm, client, after):
    gate = llm.hold(after=after)
    stream = iter(ask(client, stream=True))
    for _ in range(after + 1):
        next(stream)
    rest = []
    reader = threading.Thread(target=lambda: rest.extend(pieces(stream)))
    reader.start()
    assert rest == []
    gate.open()
    reader.join()
    assert rest == ["Milvus", " stores", " data", " [1]."][after:]


def test_a_gate_that_was_opened_before_a_stream_came_holds_none(llm, client):
    llm.hold(after=1).open()
    gate = llm.hold(after=2)
    stream = iter(ask(client, stream=True))
    for _ in range(3):
        next(stream)
    threading.Thread(target=gate.open).start()
    assert pieces(stream) == [" data", " [1]."]


def test_the_end_of_the_server_lets_held_streams_go():
    with OpenAIServer() as llm:
        llm.hold()
        with openai.OpenAI(base_url=llm.base_url, api_key=llm.api_key, max_retries=0) as client:
            next(iter(ask(client, stream=True)))


async def test_requests_can_be_waited_for(llm, client):
    asking = asyncio.create_task(asyncio.to_thread(ask, client))
    [request] = await asyncio.to_thread(llm.wait_for_requests, 1)
    await asking
    assert request.arguments["model"] == DEFAULT_LLM
    with pytest.raises(TimeoutError):
        llm.wait_for_requests(2, timeout=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"extra_body": {"verbose": True}},
        {"messages": []},
        {"model": None},
        {"messages": [{"role": "docent", "content": "x"}]},
        {"messages": [{"role": "user", "content": None}]},
        {"messages": [{"role": "user", "content": "x", "id": 1}]},
        {"stream_options": {"include_usage": True}},
        {"temperature": 3},
        {"max_tokens": 9},
        {"temperature": 0.2},
        {"reasoning_effort": "minimal"},
    ],
    ids=[
        "argument",
        "no messages",
        "no model",
        "role",
        "no content",
        "field",
        "stream_options",
        "temperature",
        "old limit",
        "temperature of a model that reasons",
        "effort",
    ],
)
def test_what_openai_refuses_is_refused_and_recorded(llm, client, wrong):
    with pytest.raises(openai.BadRequestError):
        ask(client, **wrong)
    assert len(llm.violations) == 1
