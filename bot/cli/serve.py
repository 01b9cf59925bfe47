"""Define the commands of the service: `docent doctor | serve`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from rag_core.models.known_answers import CheckResult


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(doctor)
    app.command()(serve)


def doctor(  # noqa: PLR0913  (the options, by name)
    *,
    models: Annotated[
        bool, typer.Option("--models", help="Check your models against known results.")
    ] = False,
    corpus: Annotated[
        Path | None,
        typer.Option(help="With --models: a zip of the Milvus 2.4 docs, to check more scores."),
    ] = None,
    index: Annotated[
        bool, typer.Option("--index", help="Compare the index with its ledger.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair the problems that --index finds.")
    ] = False,
    mend: Annotated[bool, typer.Option("--mend", hidden=True)] = False,  # its earlier name
    slack: Annotated[
        bool, typer.Option("--slack", help="Check tokens, scopes and settings with Slack.")
    ] = False,
    llm: Annotated[
        bool, typer.Option("--llm", help="List the LLM's models, and ask it for a word.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check models, index, LLM and Slack; exit with 1 for problems."""
    from bot.cli import terminal

    if not (models or index or slack or llm):
        raise typer.BadParameter("choose at least one of --models, --index, --llm and --slack")
    checks = [
        *(_check_models(corpus) if models else ()),
        *(_check_index(repair=repair or mend) if index else ()),
        *(_check_llm() if llm else ()),
        *(_check_slack() if slack else ()),
    ]
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        terminal.print_checks(checks)
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


def _check_models(corpus: Path | None) -> Sequence[CheckResult]:
    from bot.cli.check_models import check_models
    from rag_core.factory import open_models
    from rag_core.settings import RagSettings

    settings = RagSettings.load()
    models = open_models(settings)
    try:
        return check_models(settings, models, corpus=corpus)
    finally:
        models.close()


def _check_index(*, repair: bool) -> Sequence[CheckResult]:
    from bot.control import local
    from bot.control.client import ControlClient
    from ingest.settings import IngestSettings

    settings = IngestSettings.load()
    service = ControlClient.find(settings)
    return service.check(repair=repair) if service else local.check_index(settings, repair=repair)


def _check_llm() -> Sequence[CheckResult]:
    from rag_core.generation.llm.check import check_llm
    from rag_core.settings import RagSettings

    return check_llm(RagSettings.load())


def _check_slack() -> Sequence[CheckResult]:
    import asyncio

    from bot.settings import BotSettings
    from bot.slack.doctor import check_slack

    return asyncio.run(check_slack(BotSettings.load()))


def serve() -> None:
    """Run the Slack app and the schedule."""
    from bot.health.logs import set_level
    from bot.stop_signals import handle_early_stop

    set_level(logging.INFO)
    handle_early_stop()
    from bot.service import run  # it takes seconds

    # It logs each variant of its library that it does not have.
    logging.getLogger("faiss").setLevel(logging.WARNING)
    run()
