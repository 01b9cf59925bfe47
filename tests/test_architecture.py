"""The house keeps its shape: who imports whom, and where each third-party package lives."""

from __future__ import annotations

import ast
import functools
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from Stemmer import Stemmer

from tests.conftest import LONG

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
    "rag_core.request_id",
    "rag_core.outages",
    "rag_core.cancellation",
    "rag_core.deadline",
    "rag_core.breaker",
    "rag_core.interruption",
    "rag_core.question_context",
    "rag_core.english",
    "rag_core.reasoning_signs",
    "rag_core.reasoning",
    "rag_core.addresses",
    "rag_core.settings",
    "rag_core.extras",
    "rag_core.protocols",
    "rag_core.index",
    "rag_core.models",
    "rag_core.inference",
    "rag_core.query",
    "rag_core.retrieval",
    "rag_core.tuning",
    "rag_core.generation",
    "rag_core.passage_search",
    "rag_core.pipeline",
    "rag_core.factory",
    "rag_core.evaluation",
    "ingest.errors",
    "ingest.settings",
    "ingest.spool",
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
    "ingest.sites.settings",
    "ingest.sites.site",
    "ingest.sites.makers",
    "ingest.sites",
    "ingest.includes",
    "ingest.types",
    "ingest.loading",
    "ingest.engine",
    "ingest.inspection",
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
    "bot.printable",
    "bot.private_files",
    "bot.background",
    "bot.stop_signals",
    "bot.http_server",
    "bot.index_service",
    "bot.scope_check",
    "bot.calls.schema",
    "bot.calls.requests",
    "bot.calls.budget",
    "bot.calls.documentation",
    "bot.control",
    "bot.storage",
    "bot.health",
    "bot.markup",
    "bot.texts",
    "bot.conversation",
    "bot.calls",
    "bot.app_parts",
    "bot.discord.content",
    "bot.discord.views",
    "bot.discord.client",
    "bot.discord.inbox.messages",
    "bot.discord.reply",
    "bot.discord.inbox",
    "bot.discord.app",
    "bot.discord.invitation",
    "bot.discord.doctor",
    "bot.slack.content",
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
    "bot.slack.manifest",
    "bot.door.rules",
    "bot.door.slots",
    "bot.door.proofs",
    "bot.api",
    "bot.mcp",
    "bot.door",
    "bot.app",
    "bot.setup",
    "bot.service",
    "bot.cli",
)
# Each third-party package, and the modules or rooms that may import it.
HOMES = {
    "aiohttp": {
        "bot.api.routes",
        "bot.discord.doctor",
        "bot.door",
        "bot.discord.client",
        "bot.health.server",
        "bot.http_server",
        "bot.mcp.http",
        "bot.slack.app",
        "bot.slack.client",
        "bot.slack.doctor",
    },
    "alembic": {"bot.storage.migrations", "ingest.state.migration", "ingest.state.migrations"},
    "apscheduler": {"ingest.scheduler"},
    "babel": {"bot.texts.catalog"},
    "bs4": {
        "ingest.formats.html",
        "ingest.formats.html_elements",
        "ingest.formats.html_to_markdown",
    },
    "charset_normalizer": {"bot.slack.content.text_files", "ingest.loading.pages"},
    "discord": {
        "bot.discord.app",
        "bot.discord.client",
        "bot.discord.inbox",
        "bot.discord.reply",
        "bot.discord.views.items",
    },
    "docutils": {
        "ingest.formats.rst",
        "ingest.formats.rst_directives",
        "ingest.formats.slugs",
    },
    "dotenv": {
        "bot.cli.unknown_settings",
        "bot.health.redaction",
        "bot.setup.env_file",
        "ingest.sources.http.credentials",
    },
    "grpc": {"rag_core.index.milvus_errors"},
    "httpcore2": {"ingest.sources.http.cancellable_transport"},
    "httpx2": {
        "ingest.sources.http",
        "ingest.sources.website.fetcher",
        "rag_core.addresses",
        "rag_core.models.remote.http_client",
        "rag_core.models.remote.server_address",
    },
    "huggingface_hub": {"rag_core.models.hub", "rag_core.models.weights"},
    "ir_measures": {"rag_core.evaluation.metrics"},
    "jinja2": {"rag_core.evaluation.page"},
    "mammoth": {"ingest.formats.word.reader"},
    "markdown_it": {
        "bot.discord.content",
        "bot.markup",
        "ingest.formats.dialects",
        "ingest.formats.headings",
        "ingest.formats.structure",
        "rag_core.generation.quotations.markdown_blocks",
        "rag_core.generation.text.links.addresses",
        "rag_core.generation.text.links.markdown_map",
    },
    "markdownify": {"ingest.formats.html_to_markdown"},
    "markupsafe": {"rag_core.evaluation.page"},
    "mcp": {"bot.mcp"},
    "milvus_lite": {"rag_core.index.milvus_lite"},
    "numpy": {
        "bot.scope_check",
        "ingest.engine",
        "ingest.publishing",
        "rag_core.evaluation",
        "rag_core.generation.groundedness",
        "rag_core.index",
        "rag_core.inference.lanes",
        "rag_core.models",
        "rag_core.protocols",
        "rag_core.retrieval.fusion",
        "rag_core.types",
    },
    "openai": {
        "rag_core.generation.llm.client",
        "rag_core.generation.llm.connection",
        "rag_core.generation.llm.event_decoder",
        "rag_core.generation.llm.faults",
        "rag_core.generation.llm.offered_models",
    },
    "openpyxl": {"ingest.formats.office.merged_cells", "ingest.formats.office.workbook"},
    "opentelemetry": {"bot.health.traces"},
    "pathspec": {"ingest.sources.address.patterns"},
    "pptx": {"ingest.formats.office.presentation"},
    "prometheus_client": {"bot.health.metrics"},
    "protego": {"ingest.sources.website.fetcher", "ingest.sources.website.robots"},
    "pydantic": {
        "bot.api",
        "bot.calls.schema",
        "bot.control.protocol",
        "bot.mcp.tools",
        "bot.settings",
        "bot.setup.choices",
        "bot.slack.client.payloads",
        "bot.slack.client.required_secrets",
        "bot.storage",
        "ingest.settings",
        "ingest.sources.config",
        "rag_core.models.remote.server_address",
        "rag_core.settings",
    },
    "pydantic_core": {"rag_core.models.remote.http_client"},
    "pydantic_settings": {"rag_core.settings"},
    "pymilvus": {
        "rag_core.index.connection",
        "rag_core.index.milvus_errors",
        "rag_core.index.page_means",
        "rag_core.index.page_reader",
        "rag_core.index.schema",
    },
    "pyarrow": {"ingest.engine.cluster"},
    "pypdfium2": {"ingest.formats.pdf"},
    "pythonjsonlogger": {"bot.health.logs"},
    "ray": {"ingest.engine.cluster"},
    "regex": {
        "rag_core.generation.text.links.addresses",
        "rag_core.generation.text.answer_fence",
        "rag_core.generation.text.bracket_words",
        "rag_core.generation.text.brackets",
        "rag_core.generation.text.code_splitter",
        "rag_core.generation.text.links.html_tags",
        "rag_core.generation.text.links.link_guard",
        "rag_core.generation.text.links.link_rewriter",
        "rag_core.generation.text.links.stream_words",
        "rag_core.generation.text.marker_reader",
        "rag_core.generation.text.markers",
        "rag_core.generation.text.prose",
        "rag_core.generation.text.refusal_filter",
        "rag_core.generation.text.source_list",
        "rag_core.query.glossary",
        "rag_core.reasoning",
        "rag_core.reasoning_signs",
        "rag_core.query.inert_text",
    },
    "rich": {
        "bot.cli.console",
        "bot.cli.evaluation_tables",
        "bot.cli.init",
        "bot.cli.init_dialogue",
        "bot.cli.inspection",
        "bot.cli.terminal",
        "ingest.formats.dialects.icons",
    },
    "safetensors": {"rag_core.models.bert"},
    "scipy": {"rag_core.evaluation.fusion_fit"},
    "sentence_transformers": {"rag_core.models.embedder", "rag_core.models.reranker"},
    "sklearn": {"rag_core.evaluation.fit"},
    "slack_bolt": {
        "bot.slack.app",
        "bot.slack.client",
        "bot.slack.inbox.recorder",
        "bot.slack.listeners",
    },
    "slack_sdk": {"bot.slack"},
    "soupsieve": {"ingest.formats.html_elements.clutter"},
    "sqlalchemy": {
        "bot.storage",
        "ingest.lazy",
        "ingest.overview.history",
        "ingest.progress",
        "ingest.publishing.golden_questions",
        "ingest.state",
    },
    "Stemmer": {"rag_core.index.stemmer"},
    "tenacity": {
        "ingest.publishing.versions",
        "ingest.sources.http.client",
        "ingest.state.sqlite_file",
        "rag_core.generation.llm.client",
        "rag_core.index.connection",
        "rag_core.models.remote.http_client",
    },
    "threadpoolctl": {"rag_core.models.minilm"},
    "tokenizers": {"rag_core.models.minilm"},
    "torch": {"rag_core.models"},
    "transformers": {"rag_core.models"},
    "typer": {"bot.cli"},
    "yaml": {
        "ingest.formats.dialects.front_matter",
        "ingest.formats.openapi.parsing",
        "ingest.sites.settings.yaml_file",
    },
    "zstandard": {"ingest.sources.archive.entries"},
}
SHARED = {"bot.calls", "bot.conversation", "bot.markup", "bot.storage", "bot.types"}
"""What all surfaces share; it knows none of them."""
LOADERS = {"import_module", "__import__"}
# Tests of no single module: of the project's files, and of a server as a whole.
ROOT_TESTS = {
    "architecture",
    "docs",
    "env_example",
    "handbook_answers",
    "licences",
    "network",
    "pictures",
    "prose",
    "readme",
    "release",
    "settings_page",
    "tutorial",
}
DEPLOYMENT_TESTS = {"compose", "dashboard", "images", "kubernetes", "systemd"}
TESTS_OF_SEVERAL_MODULES = {"servers/slack/test_refusals.py", "servers/slack/test_socket.py"}
MOST_MODULES = 20
SLOW = ("torch", "transformers", "pymilvus", "openai", "slack_bolt", "apscheduler")


def read_tree(module: str) -> ast.Module:
    return ast.parse(SOURCES[module].read_text())


def get_loaded(node: ast.AST) -> str | None:
    """Return the module that a call such as import_module("torch") names, else None."""
    match node:
        case ast.Call(func=ast.Name(id=loader) | ast.Attribute(attr=loader)) if loader in LOADERS:
            given = [*node.args, *(word.value for word in node.keywords if word.arg == "name")]
        case ast.Call(func=ast.Name(id="files"), args=given):  # importlib.resources imports too
            pass
        case _:
            return None
    match given:
        case [ast.Constant(value=str(name)), *_] if not name.startswith("."):
            return name
    return None


@functools.cache  # many tests ask about every module
def imported(module: str) -> frozenset[str]:
    """Full names of what a module imports, at its top or in a function."""
    found: set[str] = set()
    for node in ast.walk(read_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif loaded := get_loaded(node):
            found.add(loaded)
    return frozenset(found)


def mentions_loader(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=name):
            return name in LOADERS
        case ast.alias(name=name, asname=str()):
            return name in LOADERS
    return False


def owned(module: str) -> set[str]:
    """Which of docent's other modules a module imports."""
    owners = {name if name in SOURCES else name.rpartition(".")[0] for name in imported(module)}
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
    assert {module for module in SOURCES if rank(module) is None} == {
        *PACKAGES,
        "bot.discord",
        "bot.slack",
    }


def test_the_order_names_nothing_that_is_gone():
    assert [name for name in ORDER if not any(name in packages(each) for each in SOURCES)] == []


@pytest.mark.parametrize("module", SOURCES)
def test_imports_go_up_the_order_only(module):
    own = rank(module)
    later = {name for name in owned(module) if (rank(name) or 0) > (own or 0)}
    assert later == set()


@pytest.mark.parametrize("module", [name for name in SOURCES if name.startswith("bot.")])
def test_what_other_surfaces_will_share_knows_no_slack(module):
    if not packages(module) & SHARED:
        return
    assert {name for name in imported(module) if "slack" in name.lower()} == set()


@pytest.mark.parametrize("module", SOURCES)
def test_no_module_is_imported_by_a_computed_name(module):
    tree = read_tree(module)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    plain = {call.func for call in calls if get_loaded(call)}
    loaders = [node for node in ast.walk(tree) if mentions_loader(node)]
    assert [ast.unparse(node) for node in loaders if node not in plain] == []


@pytest.mark.parametrize("module", SOURCES)
def test_every_third_party_package_has_a_home(module):
    packages_used = {top(name) for name in imported(module)} - set(PACKAGES)
    assert packages_used - sys.stdlib_module_names - set(HOMES) == set()


@pytest.mark.parametrize("client", HOMES)
def test_each_third_party_package_is_imported_in_its_homes_only(client):
    users = {module for module in SOURCES if client in {top(name) for name in imported(module)}}
    strangers = {user for user in users if not packages(user) & HOMES[client]}
    assert strangers == set()
    assert users, f"{client} is not used"
    assert HOMES[client] - set().union(*map(packages, users)) == set(), "homes without a user"


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


def defines_something(path: Path) -> bool:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    body = ast.parse(path.read_text()).body if path.exists() else []
    return any(isinstance(node, kinds) for node in body)


def is_in_place(test: Path) -> bool:
    """Return whether a test, a path under tests/, lies where its module lies."""
    room, name = test.parent, test.stem.removeprefix("test_")
    match room.parts:
        case [] | ["deployment"]:
            return name in (DEPLOYMENT_TESTS if room.parts else ROOT_TESTS)
        case ["hostile", "fuzz"]:  # a room, a surface of docent's, or both: not a single module
            return True
        case ["hostile"]:
            return name == "attacks" or (ROOT / f"tests/hostile/attacks/{name}.toml").exists()
        case [package, "scenarios", *_] if package in PACKAGES:
            return True
        case ["servers", *_]:
            home = ROOT / "tests" / room
        case [package, *_] if package in {*PACKAGES, "benchmarks"}:
            home = ROOT / room
            name = "__main__" if name == "main" else name
        case _:
            return False
    is_rooms_own = room.name == name and defines_something(home / "__init__.py")
    return is_rooms_own or (home / f"{name}.py").exists()


def test_tests_mirror_the_packages():
    paths = [path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("*.py")]
    tests = [path for path in paths if path.match("test_*.py") or path.match("*_test.py")]
    astray = {path.as_posix() for path in tests if not is_in_place(path)}
    assert astray == TESTS_OF_SEVERAL_MODULES
    rooms = {path.parts[:2] for path in paths if "scenarios" in path.parent.parts}
    assert rooms <= {(package, "scenarios") for package in PACKAGES}


@pytest.mark.parametrize("start", LONG)
def test_the_files_that_are_run_first_are_there(start):
    assert (ROOT / start).exists()


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


def test_docent_serve_imports_no_surface_that_is_not_set():
    surfaces = ("mcp", "starlette", "uvicorn", "discord")
    code = f"import sys, bot.service; print(*[name for name in {surfaces} if name in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, ""), ran.stderr


NAMED = re.compile(r"(?<![\w./-])(?:bot|ingest|rag_core|tests|benchmarks)(?:[./][a-z_0-9]+)+")
ATTRIBUTES = {
    "bot.uses_discord",
    "bot.uses_slack",
    "bot.bot_id",
    "bot.keep_days",
    "bot.sqlite",
    "ingest.resolved_state_url",
}  # of values that are called so
NAMES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "pyproject.toml", "Makefile")
PROSE = [ROOT / name for name in NAMES]


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
