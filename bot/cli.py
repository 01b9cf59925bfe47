"""The command line: `docent index | ask | search | status | doctor | serve`.

Heavy imports stay inside the commands, so that `--help` is quick.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from rag_core.errors import DocentError

if TYPE_CHECKING:
    from rag_core.pipeline import Pipeline
    from rag_core.types import Question

app = typer.Typer(
    name="docent",
    help="Answers questions from your documentation, with sources.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as docs/cli.md documents it.")]
Asked = Annotated[str, typer.Argument(metavar="QUESTION", help="Your question, in quotes.")]

logger = logging.getLogger("docent")


def main() -> None:
    """Run the command line; failures are one sentence on stderr and exit code 1."""
    # `docent ask "..." --verbose` is as good as `docent --verbose ask "..."`.
    words = sys.argv[1:]
    verbose = "--verbose" in words
    args = [word for word in words if word != "--verbose"]
    try:
        app(["--verbose", *args] if verbose else args)
    except DocentError as error:
        if verbose:
            logger.exception("The command failed")
        _say(str(error))
    except Exception as error:
        # The outermost edge: a trace is for --verbose.
        if verbose:
            logger.exception("The command failed")
        _say(
            f"Something went wrong that nobody foresaw ({type(error).__name__}): run it again with "
            "--verbose to see where."
        )


def _say(sentence: str) -> NoReturn:
    typer.echo(f"docent: {sentence}", err=True)
    raise SystemExit(1)


@app.callback()
def options(
    *,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log what happens, with stack traces.")
    ] = False,
) -> None:
    """Answers questions from your documentation, with sources."""
    level = logging.INFO if verbose else logging.CRITICAL
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # It logs whole addresses, with whatever password or token stands in them.
    logging.getLogger("httpx").setLevel(logging.WARNING)


@app.command()
def index(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="A directory, a zip file or an https://….zip; DOCENT_SOURCES by default.",
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Read documentation into the index; only what changed is embedded."""
    from bot import terminal
    from ingest.factory import open_indexer, open_ledger
    from ingest.settings import IngestSettings
    from ingest.sources import parse_sources, select_sources
    from rag_core.factory import open_models, open_store
    from rag_core.settings import RagSettings

    settings, ingest_settings = RagSettings.load(), IngestSettings.load()
    chosen = select_sources(sources or [], parse_sources(ingest_settings.sources))
    ledger = open_ledger(ingest_settings)
    store = open_store(settings, create=True)
    models = open_models(settings)
    try:
        lane = models.inference.indexing
        indexer = open_indexer(ingest_settings, store=store, embedder=lane, ledger=ledger)
        with terminal.progress() as show:
            report = indexer.sync(chosen, progress=show)
    finally:
        models.close()
        store.close()
    if as_json:
        _print_json(report.as_json())
    else:
        terminal.report(report)


@app.command()
def ask(
    question: Asked,
    *,
    as_json: AsJson = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show the order by embedding and after reranking.")
    ] = False,
) -> None:
    """Answer a question, with sources."""
    from bot import shapes, terminal
    from rag_core.types import Done, TextDelta

    asked = _question(question)
    with _pipeline() as pipeline:
        pairs = (pipeline.by_embedding(asked), pipeline.search(asked)) if compare else None
        for event in pipeline.stream(asked):
            if isinstance(event, TextDelta) and not as_json:
                terminal.text(event.text)
        if not isinstance(event, Done):
            raise DocentError("The pipeline ended without an answer.")
        answer = event.answer
    if as_json:
        shape = shapes.answer(question, answer)
        _print_json(shape | ({"comparison": shapes.comparison(*pairs)} if pairs else {}))
        return
    terminal.sources(answer)
    if pairs:
        terminal.comparison(*pairs)


@app.command()
def search(
    question: Asked,
    *,
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many passages.")] = 10,
) -> None:
    """Find passages, without writing an answer."""
    from bot import shapes, terminal

    with _pipeline() as pipeline:
        found = pipeline.search(_question(question), limit=limit)
    if as_json:
        _print_json({"question": question, "passages": [shapes.passage(one) for one in found]})
    else:
        terminal.passages(found)


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Say what is indexed, how fresh it is, and when the next sync runs."""
    from bot import terminal
    from ingest.factory import read_status
    from ingest.settings import IngestSettings

    now = read_status(IngestSettings.load())
    if as_json:
        _print_json(now.as_json())
    else:
        terminal.status(now)


@app.command()
def doctor(
    *,
    models: Annotated[
        bool, typer.Option("--models", help="Run the models' known answers on your weights.")
    ] = False,
    corpus: Annotated[
        Path | None,
        typer.Option(help="The Milvus 2.4 documentation as a zip: the tutorial's scores too."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check what can be wrong without an error; exit code 1 where something is."""
    from bot import terminal
    from bot.doctor import check_models
    from rag_core.factory import open_models
    from rag_core.settings import RagSettings

    if not models:
        raise typer.BadParameter("say what to check: --models")
    settings = RagSettings.load()
    opened = open_models(settings)
    try:
        checks = check_models(settings, opened, corpus=corpus)
    finally:
        opened.close()
    if as_json:
        _print_json([asdict(check) for check in checks])
    else:
        terminal.checks(checks)
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


@app.command()
def serve() -> None:
    """Run the Slack app and the schedule."""
    from bot.service import run

    logging.getLogger().setLevel(logging.INFO)
    run()


@contextmanager
def _pipeline() -> Iterator[Pipeline]:
    """The pipeline over the index that is there."""
    from rag_core.factory import open_models, open_pipeline, open_store
    from rag_core.settings import RagSettings

    settings = RagSettings.load()
    store = open_store(settings)
    models = open_models(settings)
    try:
        pipeline = open_pipeline(settings, models, store)
        pipeline.live_index()
        # Loaded now, so that the stages' times are their own.
        models.warm_up()
        pipeline.warm_up()
        yield pipeline
    finally:
        models.close()
        store.close()


def _question(text: str) -> Question:
    from rag_core.pipeline import check
    from rag_core.types import Question

    # An argument that is no UTF-8 comes with surrogates, which no model takes.
    question = Question(text.encode(errors="replace").decode())
    check(question)
    return question


def _print_json(shape: Any) -> None:
    typer.echo(json.dumps(shape, ensure_ascii=False, indent=2))
