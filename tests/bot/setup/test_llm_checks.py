"""The checks of the LLM, against the strict local server."""

from __future__ import annotations

import pytest

from bot.setup.llm_checks import check_llm, check_model_name, complete_base_url, list_models
from rag_core.generation.llm.offered_models import OfferedModel
from rag_core.settings import RagSettings
from tests.servers.openai import API_KEY, OpenAIServer


def settings(server: OpenAIServer, **changes: str) -> RagSettings:
    values = {"openai_api_key": API_KEY, "openai_base_url": server.base_url, "llm_model": "gpt-4o"}
    return RagSettings.load(**(values | changes))


def test_a_good_llm_has_the_model_and_streams(openai_server: OpenAIServer):
    openai_server.reply = ["re", "ady"]
    results = list(check_llm(settings(openai_server)))
    assert [(result.name, result.passed) for result in results] == [
        ("LLM, model", True),
        ("LLM, answer", True),
    ]
    assert results[1].says.startswith("streams its answers")


def test_without_an_llm_nothing_is_wrong():
    (result,) = check_llm(RagSettings.load())
    assert (result.passed, result.is_set_up) == (True, False)
    assert list(list_models(RagSettings.load())) == []


def test_a_wrong_name_is_told_with_the_nearest(openai_server: OpenAIServer):
    openai_server.models = {"qwen3-32b", "gpt-4o-mini"}
    name, answer = check_llm(settings(openai_server))
    assert not name.passed
    assert "such as gpt-4o-mini (2 in all)" in name.says
    assert not answer.passed
    (offered,) = list_models(settings(openai_server))
    assert offered.says == "gpt-4o-mini, qwen3-32b"


def test_a_wrong_key_is_told_once_and_never_shown(openai_server: OpenAIServer):
    openai_server.models = {"gpt-4o"}
    results = list(check_llm(settings(openai_server, openai_api_key="sk-secret-of-mine")))
    assert [result.passed for result in results] == [True, False]
    assert "refused OPENAI_API_KEY" in results[1].says
    assert all("sk-secret" not in result.says for result in results)


def test_a_server_that_is_away_is_one_line():
    away = RagSettings.load(openai_base_url="http://127.0.0.1:9/v1")
    (result,) = check_llm(away)
    assert not result.passed
    assert "can't be reached" in result.says


@pytest.mark.parametrize(
    ("context", "passed", "says"),
    [
        (4_096, False, "start the server with a longer context"),
        (32_768, True, "with a context of 32,768 tokens"),
        (None, True, "does not say how much it reads"),
    ],
)
def test_the_context_has_to_be_long_enough(context: int | None, passed: bool, says: str):
    result = check_model_name("m", (OfferedModel("m", context),))
    assert (result.passed, says in result.says) == (passed, True)


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("localhost:8000", "http://localhost:8000/v1"),
        ("http://host/", "http://host/v1"),
        ("https://host/openai/v2", "https://host/openai/v2"),
        ("http://[bad", "http://[bad"),
    ],
)
def test_a_base_url_is_completed(entry: str, url: str):
    assert complete_base_url(entry) == url
