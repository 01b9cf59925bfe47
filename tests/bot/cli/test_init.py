"""`docent init`: what is asked, what is refused, and what is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from bot.cli import app, init
from bot.setup import choices
from bot.setup.env_file import parse_env
from rag_core.models.known_answers import CheckResult
from tests.servers.openai import API_KEY, OpenAIServer

GIVEN = ("--sources", "docs", "--profile", "starter")
NO_SLACK = "n\n"
WRITE = "y\n"

Dialogue = Callable[..., Result]


@pytest.fixture(autouse=True)
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "page.md").write_text("# A\n\nB.\n")
    return folder


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Dialogue:
    """Answer the questions of a terminal, each by a line."""
    monkeypatch.setattr(init, "_has_terminal", lambda: True)

    def answer(answers: str, *words: str) -> Result:
        return CliRunner().invoke(app, ["init", *words], input=answers)

    return answer


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["init", *words])


def write_env(text: str) -> None:
    Path(".env").write_text(text)
    Path(".env").chmod(0o600)


def written() -> dict[str, str]:
    return parse_env(Path(".env").read_text())


WRONG = {
    "DOCENT_GLOSSARY": "none-such.txt",
    "DOCENT_INSTRUCTIONS": "./none-such.md",
    "DOCENT_SYNC_SCHEDULE": "at night",
    "DOCENT_TIMEZONE": "Berlin",
    "DOCENT_LLM_OPTIONS": "{bad",
    "DOCENT_REWRITE_OPTIONS": '{"model": "other"}',
    "DOCENT_EMBEDDING_URL": "http://em bed:80",
    "DOCENT_EMBEDDING_API_KEY": "two words",
    "DOCENT_RERANK_URL": "ftp://rerank",
    "OPENAI_BASE_URL": "localhost:8000/v1",
    "DOCENT_MILVUS_URI": "ftp://milvus",
    "DOCENT_STATE_URL": "mysql://state",
    "DOCENT_SOURCES": '[{"uri": 1}]',
    "DOCENT_HTTP_PORT": "http",
    "SLACK_API_URL": "slack.com",
    "SLACK_BOT_TOKEN": "xapp-1",
    "SLACK_APP_TOKEN": "xoxb-1",
}


@pytest.mark.parametrize("check", ["--check", "--no-check"])
@pytest.mark.parametrize(("name", "value"), WRONG.items())
def test_a_wrong_value_of_any_setting_is_never_written(name: str, value: str, check: str):
    also = ("--set", "DOCENT_EMBEDDING_URL=http://127.0.0.1:1") if name.endswith("API_KEY") else ()
    ran = run(*GIVEN, "--set", f"{name}={value}", *also, "--yes", check)
    assert ran.exit_code == 1, ran.output
    assert name in str(ran.exception) or "mysql" in str(ran.exception)
    assert not Path(".env").exists()


def test_each_wrong_value_is_named():
    both = ("--set", "DOCENT_LLM_OPTIONS=[", "--set", "DOCENT_HTTP_PORT=0", "--set")
    says = str(run(*GIVEN, *both, "DOCENT_LOG_FORMAT=xml", "--yes").exception)
    assert [name in says for name in ("LLM_OPTIONS", "HTTP_PORT", "LOG_FORMAT")] == [True] * 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(name=st.sampled_from(sorted(choices.list_names())), value=st.text(max_size=30))
def test_what_is_written_is_valid(name: str, value: str):
    Path(".env").unlink(missing_ok=True)
    ran = run(*GIVEN, "--set", f"{name}={value}", "--yes", "--no-check")
    assert Path(".env").exists() == (ran.exit_code == 0), ran.output
    if ran.exit_code == 0:
        assert run(*GIVEN, "--yes", "--no-check").exit_code == 0


def test_a_wrong_option_is_asked_for_once(ask: Dialogue):
    ran = ask(f"off\n3\n{NO_SLACK}{WRITE}", *GIVEN, "--set", "DOCENT_SYNC_SCHEDULE=at night")
    assert ran.exit_code == 0, ran.output
    assert ran.output.count("New value of DOCENT_SYNC_SCHEDULE") == 1
    assert written()["DOCENT_SYNC_SCHEDULE"] == "off"


def test_a_wrong_value_of_the_file_is_mended(ask: Dialogue):
    write_env("DOCENT_PROFILE=bogus\nDOCENT_THREADS=many\nSLACK_BOT_TOKEN=secret-canary\n")
    ran = ask(f"starter\n-\n\n3\n{NO_SLACK}{WRITE}", "--sources", "docs")
    assert ran.exit_code == 0, ran.output
    assert "canary" not in ran.output
    assert written() == {"DOCENT_PROFILE": "starter", "DOCENT_SOURCES": "docs"}


def test_a_wrong_value_of_the_environment_is_named(ask: Dialogue, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCENT_THREADS", "many")
    ran = ask("", "--sources", "docs")
    assert str(ran.exception).endswith("The environment has this value, so correct it there.")


def test_options_mend_a_wrong_value_of_the_file():
    write_env("DOCENT_PROFILE=bogus\nDOCENT_SOURCES=docs\n")
    assert "DOCENT_PROFILE is not valid" in str(run("--set", "DOCENT_TIMEZONE=UTC").exception)
    assert run("--profile", "starter", "--yes").exit_code == 0
    assert written()["DOCENT_PROFILE"] == "starter"


def test_the_key_of_one_server_does_not_go_to_another():
    write_env("DOCENT_SOURCES=docs\nDOCENT_PROFILE=starter\nOPENAI_API_KEY=sk-canary\n")
    moved = ("--llm-url", "http://127.0.0.1:9/v1", "--yes", "--no-check")
    ran = run(*moved)
    assert "the OPENAI_API_KEY of another server" in str(ran.exception)
    assert "OPENAI_BASE_URL" not in written()
    assert run(*moved, "--set", "OPENAI_API_KEY=").exit_code == 0
    assert "OPENAI_API_KEY" not in written()
    assert run(*moved, "--llm-key", "own").exit_code == 0
    assert run(*moved).exit_code == 0  # the same server again
    assert written()["OPENAI_API_KEY"] == "own"


def test_a_new_server_of_the_llm_asks_for_its_own_key(ask: Dialogue, openai_server: OpenAIServer):
    write_env("OPENAI_API_KEY=sk-canary\nDOCENT_SOURCES=docs\nDOCENT_PROFILE=starter\n")
    ran = ask(f"2\n{openai_server.base_url}\n{API_KEY}\n\n{NO_SLACK}{WRITE}", *GIVEN)
    assert ran.exit_code == 0, ran.output
    assert "Its key, Enter for none (not shown)" in ran.output
    assert {request.authorization for request in openai_server.requests} == {f"Bearer {API_KEY}"}
    assert written()["OPENAI_API_KEY"] == API_KEY
    ran = ask(f"2\n\n-\n\nn\n{NO_SLACK}{WRITE}", *GIVEN)  # an answer removes the key
    assert "Enter keeps yours, - removes it" in ran.output
    assert "OPENAI_API_KEY" not in written()


def test_a_given_server_asks_for_its_own_key_first(ask: Dialogue):
    write_env("OPENAI_API_KEY=sk-canary\n")
    ran = ask(f"\n{NO_SLACK}{WRITE}", *GIVEN, "--llm-url", "http://127.0.0.1:9/v1", "--no-check")
    assert ran.exit_code == 0, ran.output
    assert "OPENAI_BASE_URL is another server now" in ran.output
    assert "OPENAI_API_KEY" not in written()


def test_a_model_is_asked_for_when_the_server_is_silent(ask: Dialogue):
    ran = ask(f"2\nhttp://127.0.0.1:9\n\nmy-model\nn\n{NO_SLACK}{WRITE}", *GIVEN)
    assert ran.exit_code == 0, ran.output
    assert written()["DOCENT_LLM_MODEL"] == "my-model"
    assert written()["OPENAI_BASE_URL"] == "http://127.0.0.1:9/v1"


def test_a_model_that_was_given_is_not_asked_for(ask: Dialogue):
    ran = ask(f"2\nhttp://127.0.0.1:9\n\nn\n{NO_SLACK}{WRITE}", *GIVEN, "--llm-model", "mine")
    assert ran.exit_code == 0, ran.output
    assert "Which model?" not in ran.output
    assert written()["DOCENT_LLM_MODEL"] == "mine"


class SlackCheck:
    """What Slack says to each check, and the values that it was asked about."""

    def __init__(self, *failing: str) -> None:
        self.failing = list(failing)
        self.asked: list[dict[str, str]] = []

    def __call__(self, values: dict[str, str]) -> list[CheckResult]:
        self.asked.append(dict(values))
        name = self.failing.pop(0) if self.failing else ""
        return [CheckResult(name or "bot token", passed=not name, says="x")]


def test_http_mode_can_be_chosen(ask: Dialogue, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choices, "check_new_slack", SlackCheck())
    address = "http://insecure\nhttps://docent.example.com\n"
    ran = ask(f"3\ny\n2\n99999\n8443\n{address}n\nxoxb-1\nsecret\n{WRITE}", *GIVEN)
    assert ran.exit_code == 0, ran.output
    assert "it must be https:// with a host" in ran.output
    assert "`docent manifest --url https://docent.example.com` prints" in ran.output
    slack = {name: value for name, value in written().items() if "SLACK" in name or "HTTP" in name}
    assert slack == {
        "DOCENT_HTTP_PORT": "8443",
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "secret",
    }
    ran = ask("3\ny\n1\nn\n\nxapp-1\n" + WRITE, *GIVEN)  # and back to Socket Mode
    assert ran.exit_code == 0, ran.output
    assert "DOCENT_HTTP_PORT" not in written()
    assert written()["SLACK_APP_TOKEN"] == "xapp-1"


def test_http_mode_can_be_given():
    tokens = ("--slack-bot-token", "xoxb-1", "--slack-signing-secret", "s", "--http-port", "3000")
    assert run(*GIVEN, *tokens, "--yes", "--no-check").exit_code == 0
    assert written()["DOCENT_HTTP_PORT"] == "3000"


def test_a_token_that_is_empty_or_another_is_told(ask: Dialogue, monkeypatch: pytest.MonkeyPatch):
    slack = SlackCheck()
    monkeypatch.setattr(choices, "check_new_slack", slack)
    ran = ask(f"3\ny\n1\nn\n\ny\nxapp-1\nxoxb-1\nxoxb-1\nxapp-1\n{WRITE}", *GIVEN)
    assert ran.exit_code == 0, ran.output
    assert "Slack does not work without SLACK_BOT_TOKEN." in ran.output
    assert "SLACK_BOT_TOKEN is another token: the right one begins with xoxb-" in ran.output
    assert "SLACK_APP_TOKEN is another token: the right one begins with xapp-" in ran.output
    assert len(slack.asked) == 1


def test_slack_can_be_left_for_later(ask: Dialogue):
    ran = ask(f"3\ny\n1\nn\n\nn\n{WRITE}", *GIVEN)
    assert ran.exit_code == 0, ran.output
    assert not {name for name in written() if name.startswith("SLACK")}


def test_what_slack_refuses_is_asked_for_and_nothing_else(
    ask: Dialogue, monkeypatch: pytest.MonkeyPatch
):
    slack = SlackCheck("DOCENT_ADMINS U1")
    monkeypatch.setattr(choices, "check_new_slack", slack)
    tokens = ("--slack-bot-token", "xoxb-1", "--slack-app-token", "xapp-1")
    ran = ask(f"3\ny\nU2\n{WRITE}", *GIVEN, *tokens, "--set", "DOCENT_ADMINS=U1")
    assert ran.exit_code == 0, ran.output
    assert "Token" not in ran.output
    assert [asked["DOCENT_ADMINS"] for asked in slack.asked] == ["U1", "U2"]
    assert json.dumps(written()["DOCENT_ADMINS"]) == '"U2"'
