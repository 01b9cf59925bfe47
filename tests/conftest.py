"""Fixtures of every test: no network, no settings of the developer, a scratch directory."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine

from bot.health.logs import OWN
from ingest.state.database import open_state
from tests import network
from tests.servers import postgres
from tests.servers.openai import OpenAIServer
from tests.servers.slack.server import SlackServer

ROOT = Path(__file__).parent.parent
# With a server, each test of the state runs on both kinds of database.
POSTGRES_URL = os.environ.get(postgres.URL_VARIABLE, "")
DATABASES = ("sqlite", "postgresql") if POSTGRES_URL else ("sqlite",)
# Their files take the longest, some of them with a few tests only. The last one to begin should be
# short, or all cores but one wait for it.
LONG = (
    "tests/hostile/test_pages.py",
    "tests/hostile/test_answers.py",
    "tests/hostile/test_downloads.py",
    "tests/bot/scenarios/test_beside.py",
    "tests/benchmarks/test_rerank.py",
    "tests/ingest/test_corpus.py",
    "tests/benchmarks/sync/test_simulation.py",
    "tests/test_handbook_answers.py",
    "tests/test_architecture.py",
    "tests/hostile/fuzz",
    "tests/ingest/publishing/test_delta.py",
    "tests/bot/scenarios",
    "tests/ingest/scenarios",
    "tests/benchmarks",
)
REQUIRE_SHARED = os.environ.get("DOCENT_REQUIRE_SHARED") == "1"

# Read by huggingface_hub and transformers when they are imported: before any test module is. The
# cache is an empty one, so that a model on the developer's machine changes nothing.
_no_models = tempfile.TemporaryDirectory(prefix="docent-tests-")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # the workers of pytest share the cores
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["HF_HOME"] = _no_models.name
network.install()

# Deterministic, and without a deadline: a busy machine is no failure.
hypothesis_settings.register_profile(
    "docent", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("docent")
# For `make mutate`: that a test fails is enough, its example need not be made small.
hypothesis_settings.register_profile(
    "quick",
    hypothesis_settings.get_profile("docent"),
    max_examples=25,
    phases=(Phase.explicit, Phase.generate),
)
# For `make fuzz`: other examples each time, and many of them.
hypothesis_settings.register_profile(
    "fuzz", hypothesis_settings.get_profile("docent"), max_examples=500, derandomize=False
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take the longest first; the order within a file stays."""
    items.sort(key=lambda item: find_turn(item.path))


def find_turn(path: Path) -> int:
    """The place of a test file among those that take long; else a later one."""
    long = (turn for turn, name in enumerate(LONG) if path.is_relative_to(ROOT / name))
    return next(long, len(LONG))


@pytest.fixture(autouse=True)
def same_process() -> Iterator[None]:
    """Take back what a command sets for its whole process: levels of loggers, hooks, the umask."""
    loggers = {name: logging.getLogger(name) for name in ("", *OWN)}
    levels = {name: logger.level for name, logger in loggers.items()}
    hooks = threading.excepthook, sys.unraisablehook
    umask = os.umask(0)
    os.umask(umask)
    yield
    for name, logger in loggers.items():
        logger.setLevel(levels[name])
    threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(capture=False)
    os.umask(umask)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Fail a test that tried to leave the loopback interface, even if it swallowed the error."""
    yield
    if refused := network.take_refused():
        pytest.fail(f"the test tried to use the network: {', '.join(refused)}")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take the developer's settings away; run in an empty directory, where no `.env` lies."""
    for name in os.environ:
        if name.startswith(("DOCENT_", "SLACK_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def shared() -> Path:
    """`../shared` beside the repository: corpora, evaluation sets, schemas."""
    return find_shared(ROOT.parent / "shared", required=REQUIRE_SHARED)


def find_shared(path: Path, *, required: bool) -> Path:
    """The directory; where it is missing, the test is skipped, or fails if it is required."""
    if not path.is_dir():
        reason = f"{path} is missing: the test needs its data"
        if required:
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(params=DATABASES)
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty state database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state' / 'docent.sqlite'}"
        return
    with postgres.create_database(POSTGRES_URL) as url:
        yield url


@pytest.fixture
def engine(state_url: str) -> Iterator[Engine]:
    """The engine of an empty state database."""
    opened = open_state(state_url)
    yield opened
    opened.dispose()


@pytest.fixture
async def slack_server() -> AsyncIterator[SlackServer]:
    """A local Slack that granted the manifest's scopes; anything it refused fails the test."""
    manifest = yaml.safe_load((ROOT / "slack-manifest.yaml").read_text())
    async with SlackServer(scopes=manifest["oauth_config"]["scopes"]["bot"]) as server:
        yield server
    assert server.violations == []


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    """A local LLM; anything it refused fails the test."""
    with OpenAIServer() as server:
        yield server
    assert server.violations == []
