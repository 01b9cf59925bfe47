"""Packages are missed only where the settings need them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

from bot.health.traces import ENDPOINTS
from bot.setup import packages
from bot.setup.packages import EXTRAS, check_packages
from ingest.settings import IngestSettings
from rag_core.settings import RagSettings


@pytest.fixture(autouse=True)
def core_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(packages, "distribution", refuse)


SERVERS = {
    "embedding_url": "http://127.0.0.1:9",
    "rerank_url": "http://127.0.0.1:9",
    "milvus_uri": "http://127.0.0.1:9",
}


def test_the_core_alone_is_enough_for_servers():
    result = check_packages(RagSettings.load(**SERVERS), IngestSettings.load())
    assert result.passed
    assert result.says.startswith("installed are the core alone; not needed: local")


@pytest.mark.parametrize(
    ("rag", "ingest", "extra"),
    [
        ({"profile": "qwen3", "embedding_url": None}, {}, "local"),
        ({"profile": "starter", "rerank_url": None}, {}, "starter"),
        ({"milvus_uri": "data/milvus.db"}, {}, "lite"),
        ({}, {"state_url": "postgresql://db/docent"}, "postgres"),
    ],
)
def test_what_the_settings_need_is_named_with_the_line_to_type(rag, ingest, extra):
    result = check_packages(RagSettings.load(**(SERVERS | rag)), IngestSettings.load(**ingest))
    assert not result.passed
    assert result.says.startswith("not installed, though ")
    assert result.says.endswith(f"run `pip install 'docent-bot[{extra}]'`")
    assert result.says.count("pip install") == 1


@pytest.mark.parametrize("name", ENDPOINTS)
def test_traces_need_their_package(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    result = check_packages(RagSettings.load(**SERVERS), IngestSettings.load())
    assert f"though {name} is set" in result.says
    assert "docent-bot[otel]" in result.says
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert check_packages(RagSettings.load(**SERVERS), IngestSettings.load()).passed


def test_each_extra_is_named_once():
    names = [extra.name for extra in EXTRAS]
    assert sorted(set(names)) == sorted(names)


def test_discord_needs_its_package(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCORD_BOT_TOKEN", "token")
    result = check_packages(RagSettings.load(**SERVERS), IngestSettings.load())
    assert not result.passed
    assert "though DISCORD_BOT_TOKEN is set: discord.py; run " in result.says
    assert "docent-bot[discord]" in result.says
