"""The list of models, in the forms in which servers give it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import LLMUnavailableError
from rag_core.generation.llm.offered_models import (
    OfferedModel,
    fetch_offered_models,
    find_model,
    parse_offered_models,
)
from rag_core.settings import RagSettings
from tests.servers.openai import API_KEY, OpenAIServer
from tests.servers.web import Resource, WebServer

KEYS = ("data", "models", "id", "name", "meta", "max_model_len", "shutdown_date")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "m", "max_model_len": 100},
        {"id": "m", "context_length": 100},
        {"id": "m", "meta": {"n_ctx_train": 100}},
        {"name": "m", "context_window": 100, "max_model_len": None},
    ],
)
def test_the_context_has_many_names(entry: dict):
    assert parse_offered_models({"data": [entry]}) == (OfferedModel("m", 100),)
    assert parse_offered_models({"models": [entry]}) == (OfferedModel("m", 100),)
    assert parse_offered_models([entry]) == (OfferedModel("m", 100),)


@pytest.mark.parametrize(
    "answer",
    [
        {"data": [{"id": "b"}, {"id": "a", "shutdown_date": "soon"}, {"id": "a"}, {}, None]},
        {"data": None, "models": [{"name": "b"}, "a", ""]},
        ["b", "a"],
    ],
)
def test_each_form_of_a_list(answer: object):
    assert parse_offered_models(answer) == (OfferedModel("a"), OfferedModel("b"))


@given(JSON)
def test_no_answer_of_a_server_is_an_error(answer: object):
    models = parse_offered_models(answer)
    assert models is None or all(model.name for model in models)


def test_a_server_lists_its_models(openai_server: OpenAIServer):
    openai_server.models = {"b", "a"}
    openai_server.shutdown_dates["a"] = "2027-01-14"
    openai_server.contexts["b"] = 100
    settings = RagSettings.load(openai_api_key=API_KEY, openai_base_url=openai_server.base_url)
    assert fetch_offered_models(settings) == (
        OfferedModel("a", ends="2027-01-14"),
        OfferedModel("b", 100),
    )
    assert openai_server.requests[-1].authorization == f"Bearer {API_KEY}"


@pytest.mark.parametrize("name", ["llama3:latest", "models/llama3", "llama3"])
def test_a_model_has_longer_names(name: str):
    assert find_model("llama3", [OfferedModel("llama"), OfferedModel(name)]) == OfferedModel(name)


def test_another_model_is_not_found():
    assert find_model("llama3", [OfferedModel("llama3:8b")]) is None


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_server_that_lists_nothing_may_answer(status: int):
    with WebServer() as web:
        settings = RagSettings.load(openai_base_url=f"{web.url}/v1", openai_api_key="sk-mine")
        web.resources["/v1/models"] = Resource(b"{}", statuses=[status])
        assert fetch_offered_models(settings) is None


@pytest.mark.parametrize("body", [b"<html>", b"{", b"[" * 100_000, json.dumps({}).encode()])
def test_what_is_no_list_is_none(body: bytes):
    with WebServer() as web:
        settings = RagSettings.load(openai_base_url=f"{web.url}/v1")
        web.resources["/v1/models"] = Resource(body, content_type="application/json")
        assert fetch_offered_models(settings) is None


def test_a_refused_key_is_an_error():
    with WebServer() as web:
        settings = RagSettings.load(openai_base_url=f"{web.url}/v1", openai_api_key="sk-mine")
        web.resources["/v1/models"] = Resource(b"{}", statuses=[401])
        with pytest.raises(LLMUnavailableError, match="refused OPENAI_API_KEY"):
            fetch_offered_models(settings)
