"""No secret of the settings leaves docent: the real clients against local servers."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from rag_core.index import connection
from rag_core.settings import DEFAULT_LLM
from tests.bot.command import run
from tests.servers.inference import InferenceServer
from tests.servers.openai import OpenAIServer

CANARY = "canary-"
CLIENTS = (
    "openai",
    "httpx2",
    "httpcore2",
    "slack_sdk",
    "slack_bolt",
    "aiohttp",
    "pymilvus",
    "urllib3",
    "asyncio",
    "sqlalchemy",
)


@pytest.fixture(params=[logging.INFO, logging.DEBUG], ids=logging.getLevelName)
def level(request: pytest.FixtureRequest):
    """The level of the clients' loggers, as a person who looks for a fault sets it."""
    before = {name: logging.getLogger(name).level for name in CLIENTS}
    for name in CLIENTS:
        logging.getLogger(name).setLevel(request.param)
    yield request.param
    for name, old in before.items():
        logging.getLogger(name).setLevel(old)


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCENT_PROFILE", "starter")
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "storage.md").write_text("# Storage\n\nData is kept in object storage.\n")
    return folder


def with_login(url: str, name: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://user:{CANARY}{name}@{rest}"


@pytest.mark.usefixtures("level")
def test_no_client_shows_a_secret(docs: Path, monkeypatch: pytest.MonkeyPatch):
    printed = [run("--verbose", "index", str(docs))]
    with OpenAIServer() as llm, InferenceServer() as models:
        monkeypatch.setenv("OPENAI_API_KEY", f"{CANARY}llm-key")
        monkeypatch.setenv("OPENAI_BASE_URL", with_login(llm.base_url, "llm") + f"?k={CANARY}query")
        monkeypatch.setenv("DOCENT_RERANK_URL", with_login(models.url, "rerank"))
        monkeypatch.setenv("DOCENT_RERANK_API_KEY", f"{CANARY}rerank-key")
        printed.append(run("--verbose", "ask", "Where is the data kept?"))
        source = with_login(models.url, "source") + f"/docs.zip?sig={CANARY}signature"
        printed.append(run("--verbose", "index", source))
        for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"):
            monkeypatch.setenv(name, f"{'xapp' if 'APP' in name else 'xoxb'}-{CANARY}slack")
        monkeypatch.setenv("SLACK_API_URL", with_login(models.url, "api") + "/api/")
        printed.append(run("--verbose", "doctor", "--slack"))
    assert "Data is kept in object storage" in printed[1]
    assert f"The LLM {DEFAULT_LLM} gave no complete answer" in printed[1]
    for text in printed:
        assert CANARY not in text
    for path in Path("data").rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("login", ["", "one@", "one/"])
def test_a_milvus_that_does_not_answer_shows_none(login: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "_OPEN_SECONDS", 0.5)
    monkeypatch.setenv("DOCENT_PROFILE", "starter")
    monkeypatch.setenv("DOCENT_MILVUS_URI", f"http://root:{login}{CANARY}x@127.0.0.1:9")
    monkeypatch.setenv("DOCENT_MILVUS_TOKEN", f"root:{CANARY}token")
    printed = run("--verbose", "search", "Where?")
    assert "docent: " in printed
    assert CANARY not in printed


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OPENAI_BASE_URL", f"http://user:{CANARY}x@127.0.0.1:port/v1"),
        ("DOCENT_RERANK_URL", f"http://user:{CANARY}x@127.0.0.1:port/v1"),
        ("DOCENT_EMBEDDING_URL", f"http://{CANARY}x:1/2@127.0.0.1:port"),
        ("DOCENT_MILVUS_URI", f"http://user:{CANARY}x@127.0.0.1:port"),
        ("DOCENT_STATE_URL", f"postgresql://user:{CANARY}x@127.0.0.1:port/db"),
        ("DOCENT_STATE_URL", f"postgresql://user:a@{CANARY}x@127.0.0.1:1/db"),
        ("DOCENT_STATE_URL", f"postgresql://user:a/{CANARY}x@127.0.0.1:1/db?password={CANARY}y"),
    ],
)
def test_an_address_that_is_none_is_one_sentence(
    variable: str, value: str, docs: Path, monkeypatch: pytest.MonkeyPatch
):
    run("--verbose", "index", str(docs))
    monkeypatch.setattr(connection, "_OPEN_SECONDS", 0.5)
    monkeypatch.setenv(variable, value)
    printed = (
        run("--verbose", "ask", "Where is the data kept?")
        if "STATE" not in variable
        else run("--verbose", "status")
    )
    assert "docent: " in printed
    assert "unexpectedly" not in printed
    assert CANARY not in printed
