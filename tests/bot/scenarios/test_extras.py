"""The core, in a process that finds no module of an extra: it answers, or names the extra."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag_core.extras import EXTRAS
from tests.conftest import ROOT
from tests.servers.inference import InferenceServer

MODULES = sorted({module for modules in EXTRAS.values() for module in modules})
BLOCKED = (*MODULES, "faiss", "ir_measures", "opentelemetry", "psycopg", "ray")
# Python runs this file at its start.
SITE = f"""\
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name in {BLOCKED!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""
CODE = "import sys; from bot.cli import main; sys.argv[0] = 'docent'; main()"
# Instead of a Milvus server, which no test can start everywhere.
WITH_AN_INDEX = """\
import sys
import rag_core.factory as factory
from rag_core.settings import RagSettings
from rag_core.types import Chunk, IndexSpec, SCHEMA_VERSION
from tests.rag_core.fakes import MemoryStore

settings = RagSettings.load()
models = factory.open_models(settings)
lane = models.inference.indexing
chunks = [
    Chunk(str(n), "docs", f"{n}.md", f"file:///{n}.md", "Page", (), 0, text)
    for n, text in enumerate(("Zebras have stripes.", "Inserted data is kept in object storage."))
]
store = MemoryStore()
store.create("docent__v1", IndexSpec(lane.model, lane.dimension, "1", SCHEMA_VERSION, "r1"))
store.insert("docent__v1", chunks, lane.embed_passages([chunk.text for chunk in chunks]))
store.seal("docent__v1")
store.switch("docent__v1")
models.close()
factory.open_store = lambda *args, **options: store
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE)
    (tmp_path / "page.md").write_text("# Storage\n\nInserted data is kept in object storage.\n")
    path = os.pathsep.join((str(tmp_path / "site"), str(ROOT)))
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path}


@pytest.fixture
def servers() -> Iterator[dict[str, str]]:
    with InferenceServer("tei") as embeddings, InferenceServer("vllm") as rerank:
        yield {"DOCENT_EMBEDDING_URL": embeddings.url, "DOCENT_RERANK_URL": rerank.url}


def run(
    environment: dict[str, str], folder: Path, *args: str, code: str = CODE
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *args]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_block_works(environment: dict[str, str], tmp_path: Path):
    code = f"""\
for name in {BLOCKED!r}:
    try:
        __import__(name)
    except ModuleNotFoundError:
        print(name)
"""
    assert run(environment, tmp_path, code=code).stdout.split() == list(BLOCKED)


@pytest.mark.parametrize("args", [("--help",), ("--version",), ("status", "--json")])
def test_the_core_starts(environment: dict[str, str], tmp_path: Path, args: tuple[str, ...]):
    ran = run(environment, tmp_path, *args)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout


def test_the_core_answers_with_servers(
    environment: dict[str, str], servers: dict[str, str], tmp_path: Path
):
    settings = {"DOCENT_MILVUS_URI": "http://127.0.0.1:1", **servers}
    code = f"{WITH_AN_INDEX}\n{CODE}"
    ran = run(environment | settings, tmp_path, "ask", "Where is data kept?", "--json", code=code)
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert answer["citations"][0]["path"] == "1.md"
    assert answer["degraded"] == ["no_llm"]


EVAL = ("eval", "--queries", "queries.jsonl", "--qrels", "qrels.tsv")


@pytest.mark.parametrize(
    ("settings", "args", "user", "extra"),
    [
        ({}, ("index", "page.md"), "The profile qwen3", "local"),
        ({"DOCENT_PROFILE": "starter"}, ("index", "page.md"), "The profile starter", "starter"),
        ({}, ("ask", "Why?"), "The index data/milvus.db", "lite"),
        ({}, EVAL, "`docent eval`", "eval"),
        ({}, ("doctor", "--models"), "The profile qwen3", "local"),
    ],
)
def test_what_is_not_installed_is_one_sentence(
    environment: dict[str, str],
    tmp_path: Path,
    settings: dict[str, str],
    args: tuple[str, ...],
    user: str,
    extra: str,
):
    ran = run(environment | settings, tmp_path, *args)
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"docent: {user} needs the Python module ")
    assert ran.stderr.endswith(f"run `pip install 'docent-bot[{extra}]'`.\n")


def test_an_index_in_a_folder_needs_milvus_lite_before_a_source_is_read(
    environment: dict[str, str], servers: dict[str, str], tmp_path: Path
):
    ran = run(environment | servers, tmp_path, "index", "nowhere.zip")
    assert ran.returncode == 1
    assert ran.stderr.startswith("docent: The index data/milvus.db needs ")


def test_postgresql_needs_its_driver(environment: dict[str, str], tmp_path: Path):
    settings = {"DOCENT_STATE_URL": "postgresql://docent@127.0.0.1:1/docent"}
    ran = run(environment | settings, tmp_path, "status")
    assert ran.returncode == 1
    assert ran.stderr.endswith("run `pip install 'docent-bot[postgres]'`.\n")
