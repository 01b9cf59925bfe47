"""Define the command that checks: `docent doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from rag_core.models.known_answers import CheckResult


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(doctor)


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
    discord: Annotated[
        bool, typer.Option("--discord", help="Check token, intent and servers with Discord.")
    ] = False,
    llm: Annotated[
        bool, typer.Option("--llm", help="Check the LLM, and list the models of its server.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check what docent needs; exit with 1 if something fails.

    Without options: Python, settings, packages, disk, memory, sources, Milvus, state database,
    models, LLM, Slack, Discord and the health of the service. It asks the LLM for a few tokens, and
    downloads no weights. The options check one part thoroughly.
    """
    from bot.cli import terminal

    if corpus and not models:
        raise typer.BadParameter("--corpus belongs to --models: add --models, or leave it out")
    if (repair or mend) and not index:
        raise typer.BadParameter("--repair belongs to --index: add --index, or leave it out")
    if not (models or index or slack or discord or llm):
        from bot.setup.all_checks import run_all_checks

        checks = run_all_checks()
    else:
        checks = _check_parts(
            lambda: _check_models(corpus) if models else (),
            lambda: _check_index(repair=repair or mend) if index else (),
            lambda: _check_slack() if slack else (),
            lambda: _check_discord() if discord else (),
            lambda: _check_llm() if llm else (),
        )
    results = list(checks) if as_json else terminal.print_checks(checks)
    if as_json:
        print_json([asdict(result) for result in results])
    if not all(result.passed for result in results):
        raise typer.Exit(1)


def _check_parts(*parts: Callable[[], Iterable[CheckResult]]) -> Iterator[CheckResult]:
    for check in parts:
        yield from check()


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


def _check_slack() -> Sequence[CheckResult]:
    import asyncio

    from bot.settings import BotSettings
    from bot.slack.doctor import check_slack

    return asyncio.run(check_slack(BotSettings.load()))


def _check_discord() -> Sequence[CheckResult]:
    import asyncio

    from bot.discord.doctor import check_discord
    from bot.settings import BotSettings

    return asyncio.run(check_discord(BotSettings.load()))


def _check_llm() -> Iterator[CheckResult]:
    from bot.setup.llm_checks import check_llm
    from rag_core.settings import RagSettings

    return check_llm(RagSettings.load(), lists_models=True)
