"""Define the commands that answer: `docent ask | search`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import AsJson, QuestionArgument, print_json, read_question
from bot.control.discovery import find_service
from rag_core.errors import DocentError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.control.client import ControlClient
    from rag_core.pipeline import Pipeline
    from rag_core.protocols import VectorStore
    from rag_core.types import Question, Scope

Sources = Annotated[
    list[str] | None,
    typer.Option("--source", help="Search only this source; may be repeated."),
]
Version = Annotated[str, typer.Option("--version", help="Search only pages of this version.")]
Language = Annotated[str, typer.Option("--language", help="Search only pages in this language.")]
PathPrefix = Annotated[
    str, typer.Option("--path", help="Search only pages whose path starts with this.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(ask)
    app.command()(search)


def ask(  # noqa: PLR0913  (the options, by name)
    question: QuestionArgument = None,
    *,
    as_json: AsJson = False,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare", help="Show the order by embedding beside the order after reranking."
        ),
    ] = False,
    source: Sources = None,
    version: Version = "",
    language: Language = "",
    path: PathPrefix = "",
) -> None:
    """Answer a question, with sources."""
    from bot.cli import json_output, terminal
    from bot.markup.plain_links import LinkFlattener
    from rag_core.types import AnswerDone, TextDelta

    text = read_question(question)
    scoped_question = _build_question(text, _build_scope(source, version, language, path))
    with _connect_pipeline(scoped_question.scope) as pipeline:
        comparison = None
        if compare:
            comparison = (pipeline.search_dense(scoped_question), pipeline.search(scoped_question))
        flattener, streamed = LinkFlattener(), ""
        for event in pipeline.stream(scoped_question):
            if isinstance(event, TextDelta) and not as_json:
                streamed += event.text
                terminal.print_text(flattener.feed(event.text))
        if not isinstance(event, AnswerDone):
            raise DocentError("The pipeline ended without an answer.")
        answer = event.answer
    if as_json:
        _, as_of = _read_freshness(scoped_question.scope)
        data = json_output.serialise_answer(text, answer, as_of)
        if comparison:
            data["comparison"] = json_output.serialise_comparison(*comparison)
        print_json(data)
        return
    terminal.print_text(flattener.feed("", last=True))
    if streamed.strip() != answer.text.strip():  # the LLM began anew
        terminal.print_text("\n\n" + LinkFlattener().feed(answer.text, last=True))
    terminal.print_sources(answer)
    if comparison:
        terminal.print_comparison(*comparison)


def search(  # noqa: PLR0913  (the options, by name)
    question: QuestionArgument = None,
    *,
    as_json: AsJson = False,
    limit: Annotated[
        int, typer.Option(min=1, max=100, help="Show at most this many passages.")
    ] = 10,
    source: Sources = None,
    version: Version = "",
    language: Language = "",
    path: PathPrefix = "",
) -> None:
    """Find passages, without writing an answer."""
    from bot.cli import json_output, terminal

    text = read_question(question)
    scoped_question = _build_question(text, _build_scope(source, version, language, path))
    with _connect_pipeline(scoped_question.scope) as pipeline:
        passages = pipeline.search(scoped_question, limit=limit)
    if as_json:
        freshness = _read_freshness(scoped_question.scope)
        print_json(json_output.serialise_search(text, passages, *freshness))
    else:
        terminal.print_passages(passages)


@contextmanager
def _connect_pipeline(scope: Scope) -> Iterator[Pipeline | ControlClient]:
    """Yield the service that holds the index, or a local pipeline.

    Raises:
        QuestionError: no page of the local index is in the scope; the service says so later.
    """
    from ingest.settings import IngestSettings
    from rag_core.factory import open_models, open_pipeline, open_store
    from rag_core.settings import RagSettings

    if (service := find_service(IngestSettings.load())) is not None:
        yield service
        return
    settings = RagSettings.load()
    store = open_store(settings)
    models = open_models(settings)
    try:
        pipeline = open_pipeline(settings, models, store)
        pipeline.require_live_index()
        _check_scope(store, scope)
        # Load the models now, so that the timings of the stages exclude it.
        models.warm_up()
        pipeline.warm_up()
        yield pipeline
    finally:
        models.close()
        store.close()


def _read_freshness(scope: Scope) -> tuple[str, datetime | None]:
    """Return the live revision, and when its sources were last read."""
    from ingest.errors import StateError
    from ingest.factory import open_ledger
    from ingest.settings import IngestSettings

    try:
        ledger = open_ledger(IngestSettings.load())
        live = ledger.read_live_version()
        return live.spec.revision if live else "", ledger.read_last_success_time(scope.sources)
    except StateError:
        return "", None  # the answer counts without them


def _check_scope(store: VectorStore, scope: Scope) -> None:
    """Check that a scope has pages; without one, import nothing for that."""
    from rag_core.types import Scope

    if scope != Scope():
        from bot.scope_check import check_scope

        check_scope(store, scope)


def _build_question(text: str, scope: Scope) -> Question:
    from rag_core.pipeline import check_question
    from rag_core.types import Question

    # An argument that is not UTF-8 arrives with surrogates, which no model accepts.
    question = Question(text.encode(errors="replace").decode(), scope=scope)
    check_question(question)
    return question


def _build_scope(sources: list[str] | None, version: str, language: str, path: str) -> Scope:
    from rag_core.types import Scope

    return Scope(tuple(sources or ()), path, version, language)
