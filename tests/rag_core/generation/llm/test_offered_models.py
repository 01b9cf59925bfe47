"""The list of models, in the forms in which servers give it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import LLMUnavailableError
from rag_core.generation.llm.offered_models import (
    OfferedModel,
    fetch_offered_models,
    parse_offered_models,
)
from rag_core.settings import RagSettings
from tests.servers.openai import API_KEY, OpenAIServer
from tests.servers.web import Resource, WebServer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "models", "id", "name", "meta", "max_model_len"]), inner
        )
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


@given(JSON)
def test_no_answer_of_a_server_is_an_error(answer: object):
    models = parse_offered_models(answer)
    assert models is None or all(model.name for model in models)


def test_a_server_lists_its_models(openai_server: OpenAIServer):
    openai_server.models = {"b", "a"}
    settings = RagSettings.load(openai_api_key=API_KEY, openai_base_url=openai_server.base_url)
    assert fetch_offered_models(settings) == (OfferedModel("a"), OfferedModel("b"))
    assert openai_server.requests[-1].authorization == f"Bearer {API_KEY}"


def test_a_server_without_a_list_is_none_and_a_refusal_an_error():
    with WebServer() as web:
        settings = RagSettings.load(openai_base_url=f"{web.url}/v1", openai_api_key="sk-mine")
        assert fetch_offered_models(settings) is None
        web.resources["/v1/models"] = Resource(b"{}", statuses=[401])
        with pytest.raises(LLMUnavailableError, match="refused OPENAI_API_KEY"):
            fetch_offered_models(settings)
