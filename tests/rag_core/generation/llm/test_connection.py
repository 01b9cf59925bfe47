"""The models that a server names, in each form in which servers do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.llm.connection import ServedModel, fetch_models, open_client
from rag_core.settings import DEFAULT_LLM, RagSettings


class Answering:
    """Stands for the SDK's client, and gives one body."""

    def __init__(self, body: Any) -> None:
        self.body = body

    def get(self, path: str, **_: Any) -> Any:
        assert path == "/models"
        return self.body


def fetch(body: Any) -> list[ServedModel]:
    return fetch_models(Answering(body))  # type: ignore[arg-type]


def test_the_models_of_a_server(openai_server):
    openai_server.models.add("gpt-4o")
    openai_server.shutdown_dates["gpt-4o"] = "2027-01-14"
    settings = RagSettings.load(
        openai_api_key=openai_server.api_key, openai_base_url=openai_server.base_url
    )
    assert fetch_models(open_client(settings)) == [
        ServedModel("gpt-4o", "2027-01-14"),
        ServedModel(DEFAULT_LLM),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"data": [{"id": "b"}, {"id": "a", "shutdown_date": "soon"}, {"id": "a"}, {}, None]},
        {"models": [{"name": "b"}, "a", ""]},
        ["b", "a"],
    ],
)
def test_each_form_of_a_list(body):
    assert fetch(body) == [ServedModel("a"), ServedModel("b")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["data", "models", "id", "name", "x"]), inner)
    ),
)


@given(JSON)
def test_any_body_gives_models_or_none(body):
    assert all(model.name for model in fetch(body))
