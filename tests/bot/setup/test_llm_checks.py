"""The checks of the LLM, against the strict local server."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.setup.llm_checks import LEAST_CONTEXT, check_llm, complete_base_url
from rag_core.settings import DEFAULT_LLM, RagSettings
from tests.servers.openai import OpenAIServer

NAME = f"DOCENT_LLM_MODEL {DEFAULT_LLM}"
ANSWERS = "it streams its answers, the first word after … s"


@pytest.fixture
def settings(openai_server: OpenAIServer) -> RagSettings:
    return RagSettings.load(
        openai_api_key=openai_server.api_key, openai_base_url=openai_server.base_url
    )


def check(settings: RagSettings, **more: str) -> list[tuple[str, bool, str]]:
    """Return name, result and sentence of each check, without the time that it took."""
    results = check_llm(settings.model_copy(update=more), lists_models=True)
    return [(each.name, each.passed, re.sub(r"\d+\.\d", "…", each.says)) for each in results]


def test_models_that_are_listed_and_answer(settings: RagSettings, openai_server: OpenAIServer):
    openai_server.models.add("quick")
    assert check(settings, rewrite_model="quick") == [
        ("LLM server", True, f"it offers {DEFAULT_LLM}, quick"),
        (NAME, True, f"{ANSWERS}; the server lists it"),
        ("DOCENT_REWRITE_MODEL quick", True, f"{ANSWERS}; the server lists it"),
    ]
    assert openai_server.violations == []


def test_the_list_of_models_is_shown_on_request(settings: RagSettings):
    assert [result.name for result in check_llm(settings)] == [NAME]


def test_an_answer_in_one_piece(settings: RagSettings, openai_server: OpenAIServer):
    openai_server.reply = ["Yes."]
    _, (_, passed, says) = check(settings)
    assert (passed, says) == (
        True,
        "it answers, the first word after … s; the server lists it",
    )


def test_a_model_that_the_server_does_not_know(settings: RagSettings, openai_server: OpenAIServer):
    openai_server.models |= {"qwen3-32b", "gpt-4o-mini"}
    _, (name, passed, says) = check(settings, llm_model="gpt-4o")
    assert (name, passed) == ("DOCENT_LLM_MODEL gpt-4o", False)
    assert "it does not know DOCENT_LLM_MODEL=gpt-4o (HTTP 404)" in says
    assert says.endswith(
        f" The server does not list gpt-4o; it has gpt-4o-mini, {DEFAULT_LLM} (3 in all)."
    )


def test_a_name_like_no_other_is_answered_with_those_that_there_are(settings: RagSettings):
    _, (_, _, says) = check(settings, llm_model="zzz")
    assert says.endswith(f" The server does not list zzz; it has {DEFAULT_LLM} (1 in all).")


def test_a_model_that_its_maker_switches_off(settings: RagSettings, openai_server: OpenAIServer):
    openai_server.shutdown_dates[DEFAULT_LLM] = "2027-01-14"
    _, (_, passed, says) = check(settings)
    assert passed
    assert says.endswith("; its maker switches it off on 2027-01-14, so choose another one before")


@pytest.mark.parametrize("alias", ["llama3:latest", "models/llama3"])
def test_a_model_by_its_other_name(settings: RagSettings, openai_server: OpenAIServer, alias: str):
    openai_server.models, openai_server.listed = {"llama3"}, {alias}
    _, (_, passed, says) = check(settings, llm_model="llama3")
    assert (passed, says) == (True, f"{ANSWERS}; the server lists it")


def test_options_that_the_model_refuses_are_named(
    settings: RagSettings, openai_server: OpenAIServer
):
    options = json.dumps({"temperature": 0.2, "top_p": 0.5, "seed": 1})
    _, (_, passed, says) = check(settings, llm_options=options)
    assert len(openai_server.violations) == 2
    openai_server.violations.clear()
    assert passed
    assert says.endswith("it refuses temperature, top_p, so docent leaves that out")


def test_options_that_are_not_valid_are_a_line(settings: RagSettings):
    says = 'DOCENT_LLM_OPTIONS is not JSON: write an object such as {"temperature": …}.'
    assert check(settings, llm_options="hot") == [("LLM", False, says)]


def test_each_wrong_setting_of_the_llm_is_a_line(
    settings: RagSettings, openai_server: OpenAIServer
):
    bare = openai_server.base_url.removeprefix("http://")
    lines = check(settings, openai_base_url=bare, llm_options="hot", rewrite_options="[1]")
    assert [says.split()[0] for _, _, says in lines] == [
        "OPENAI_BASE_URL",
        "DOCENT_LLM_OPTIONS",
        "DOCENT_REWRITE_OPTIONS",
    ]
    assert not openai_server.requests


def test_a_server_without_a_list(settings: RagSettings, openai_server: OpenAIServer):
    openai_server.hides_models = True
    assert check(settings) == [("LLM server", True, "it lists no models"), (NAME, True, ANSWERS)]


def test_a_model_that_answers_without_being_listed(
    settings: RagSettings, openai_server: OpenAIServer
):
    openai_server.listed = {"another"}
    _, (_, passed, says) = check(settings)
    assert (passed, says) == (True, f"{ANSWERS}; the server does not list it")


def test_a_model_that_writes_nothing(settings: RagSettings, openai_server: OpenAIServer):
    openai_server.reply = ""
    _, (_, passed, says) = check(settings)
    assert (passed, says) == (False, "it wrote no text: set another DOCENT_LLM_MODEL")


def test_of_many_models_some_are_shown(settings: RagSettings, openai_server: OpenAIServer):
    openai_server.models |= {f"model-{number:02}" for number in range(30)}
    (_, _, says), _ = check(settings)
    assert says.endswith("model-18 and 11 more")


def test_without_an_llm_nothing_is_wrong():
    (result,) = check_llm(RagSettings.load(), lists_models=True)
    assert (result.passed, result.is_set_up) == (True, False)
    assert "set OPENAI_API_KEY" in result.says


def test_a_wrong_key_is_told_once_and_never_shown(settings: RagSettings):
    wrong = RagSettings.load(
        openai_api_key="sk-secret-of-mine", openai_base_url=settings.openai_base_url
    )
    (result,) = check_llm(wrong)
    assert not result.passed
    assert "refused OPENAI_API_KEY" in result.says
    assert "sk-secret" not in result.says


def test_a_server_that_is_away_is_one_line():
    away = RagSettings.load(openai_base_url="http://127.0.0.1:9/v1")
    (result,) = check_llm(away)
    assert not result.passed
    assert "can't be reached" in result.says


@pytest.mark.parametrize(("tokens", "passed"), [(LEAST_CONTEXT - 1, False), (LEAST_CONTEXT, True)])
def test_the_context_has_to_be_long_enough(
    settings: RagSettings, openai_server: OpenAIServer, tokens: int, passed: bool
):
    openai_server.contexts[DEFAULT_LLM] = tokens
    (result,) = check_llm(settings)
    assert f"with a context of {tokens:,} tokens" in result.says
    assert (result.passed, "start the server with a longer" in result.says) == (passed, not passed)


def test_a_rewriter_needs_no_long_context(settings: RagSettings, openai_server: OpenAIServer):
    openai_server.models.add("quick")
    openai_server.contexts["quick"] = 2_048
    assert all(passed for _, passed, _ in check(settings, rewrite_model="quick"))


def test_the_command(openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", openai_server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", openai_server.api_key)
    monkeypatch.setenv("DOCENT_LLM_MODEL", "gpt-none")
    result = CliRunner().invoke(app, ["doctor", "--llm", "--json"])
    assert result.exit_code == 1
    server, model = json.loads(result.output)
    says = f"it offers {DEFAULT_LLM}"
    assert server == {"name": "LLM server", "passed": True, "says": says, "is_set_up": True}
    assert model["name"] == "DOCENT_LLM_MODEL gpt-none"


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
