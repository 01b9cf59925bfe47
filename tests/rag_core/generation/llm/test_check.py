"""`docent doctor --llm`: what the server offers, and whether the models in use answer."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from bot.cli import app
from rag_core.generation.llm.check import check_llm
from rag_core.settings import DEFAULT_LLM, RagSettings


@pytest.fixture
def settings(openai_server) -> RagSettings:
    return RagSettings.load(
        openai_api_key=openai_server.api_key, openai_base_url=openai_server.base_url
    )


def check(settings, **more) -> list[tuple[str, bool, str]]:
    found = check_llm(settings.model_copy(update=more))
    return [(each.name, each.passed, each.says) for each in found]


def test_a_model_that_is_listed_and_answers(settings, openai_server):
    openai_server.models.add("quick")
    assert check(settings, rewrite_model="quick") == [
        ("LLM server", True, f"it offers {DEFAULT_LLM}, quick"),
        (f"DOCENT_LLM_MODEL {DEFAULT_LLM}", True, "it answers; the server lists it"),
        ("DOCENT_REWRITE_MODEL quick", True, "it answers; the server lists it"),
    ]
    assert openai_server.violations == []


def test_a_model_that_the_server_does_not_know(settings):
    _, (name, passed, says) = check(settings, llm_model="gpt-6-lunar")
    assert (name, passed) == ("DOCENT_LLM_MODEL gpt-6-lunar", False)
    assert "it does not know DOCENT_LLM_MODEL=gpt-6-lunar (HTTP 404)" in says
    assert says.endswith(
        f"The server does not list gpt-6-lunar. The most similar names there are {DEFAULT_LLM}."
    )


def test_a_model_that_its_maker_switches_off(settings, openai_server):
    openai_server.shutdown_dates[DEFAULT_LLM] = "2027-01-14"
    _, (_, passed, says) = check(settings)
    assert passed
    assert says == (
        "it answers; its maker switches it off on 2027-01-14, so choose another one before"
    )


@pytest.mark.parametrize("alias", ["llama3:latest", "models/llama3"])
def test_a_model_by_its_other_name(settings, openai_server, alias):
    openai_server.models, openai_server.listed = {"llama3"}, {alias}
    _, (_, passed, says) = check(settings, llm_model="llama3")
    assert (passed, says) == (True, "it answers; the server lists it")


def test_options_that_the_model_refuses_are_named(settings, openai_server):
    options = json.dumps({"temperature": 0.2, "top_p": 0.5, "seed": 1})
    _, (_, passed, says) = check(settings, llm_options=options)
    assert len(openai_server.violations) == 2
    openai_server.violations.clear()
    assert passed
    assert says.endswith("it refuses temperature, top_p, so docent leaves that out")


def test_a_server_without_a_list(settings, openai_server):
    openai_server.hides_models = True
    assert check(settings) == [
        ("LLM server", True, "it lists no models"),
        (f"DOCENT_LLM_MODEL {DEFAULT_LLM}", True, "it answers"),
    ]


def test_a_model_that_answers_without_being_listed(settings, openai_server):
    openai_server.listed = {"another"}
    _, (_, passed, says) = check(settings)
    assert (passed, says) == (True, "it answers; the server does not list it")


def test_a_model_that_writes_nothing(settings, openai_server):
    openai_server.reply = ""
    _, (_, passed, says) = check(settings)
    assert (passed, says) == (False, "it wrote no text")


def test_of_many_models_some_are_shown(settings, openai_server):
    openai_server.models |= {f"model-{number:02}" for number in range(30)}
    (_, _, says), _ = check(settings)
    assert says.endswith("model-18 and 11 more")


def test_no_llm_is_set_up():
    ((name, passed, says),) = check(RagSettings.load())
    assert (name, passed) == ("LLM server", False)
    assert says == "none is set up, so docent quotes: set OPENAI_API_KEY or OPENAI_BASE_URL"


def test_the_command(openai_server, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", openai_server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", openai_server.api_key)
    monkeypatch.setenv("DOCENT_LLM_MODEL", "gpt-none")
    result = CliRunner().invoke(app, ["doctor", "--llm", "--json"])
    assert result.exit_code == 1
    server, model = json.loads(result.output)
    assert server == {"name": "LLM server", "passed": True, "says": f"it offers {DEFAULT_LLM}"}
    assert model["name"] == "DOCENT_LLM_MODEL gpt-none"
