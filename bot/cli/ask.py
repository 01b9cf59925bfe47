"""Define the commands that answer: `docent ask | search`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import AsJson, print_json
from rag_core.errors import DocentError

if TYPE_CHECKING:
    from bot.control.client import ControlClient
    from rag_core.pipeline import Pipeline
    from rag_core.types import Question, Scope

QuestionArgument = Annotated[
    str, typer.Argument(metavar="QUESTION", help="Your question, in quotes.")
]
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
    """Add the commands."""
    app.command()(ask)
    app.command()(search)


def ask(  # noqa: PLR0913  (the options, by name)
    question: QuestionArgument,
    *,
    as_json: AsJson = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show the order before and after reranking.")
    ] = False,
    source: Sources = None,
    version: Version = "",
    language: Language = "",
    path: PathPrefix = "",
) -> None:
    """Answer a question, with sources."""
    from bot.cli import json_output, terminal
    from rag_core.types import AnswerDone, TextDelta

    asked = _build_question(question, _build_scope(source, version, language, path))
    with _connect_pipeline() as pipeline:
        pairs = (pipeline.search_dense(asked), pipeline.search(asked)) if compare else None
        for event in pipeline.stream(asked):
            if isinstance(event, TextDelta) and not as_json:
                terminal.print_text(event.text)
        if not isinstance(event, AnswerDone):
            raise DocentError("The pipeline ended without an answer.")
        answer = event.answer
    if as_json:
        shape = json_output.serialise_answer(question, answer)
        print_json(
            shape | ({"comparison": json_output.serialise_comparison(*pairs)} if pairs else {})
        )
        return
    terminal.print_sources(answer)
    if pairs:
        terminal.print_comparison(*pairs)


def search(  # noqa: PLR0913  (the options, by name)
    question: QuestionArgument,
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

    asked = _build_question(question, _build_scope(source, version, language, path))
    with _connect_pipeline() as pipeline:
        found = pipeline.search(asked, limit=limit)
    if as_json:
        print_json(
            {
                "question": question,
                "passages": [json_output.serialise_passage(one) for one in found],
            }
        )
    else:
        terminal.print_passages(found)


@contextmanager
def _connect_pipeline() -> Iterator[Pipeline | ControlClient]:
    """The pipeline over the index that is there: that of the service which holds it, or our own."""
    from bot.control.client import ControlClient
    from ingest.settings import IngestSettings
    from rag_core.factory import open_models, open_pipeline, open_store
    from rag_core.settings import RagSettings

    service = ControlClient.find(IngestSettings.load())
    if service is not None:
        yield service
        return
    settings = RagSettings.load()
    store = open_store(settings)
    models = open_models(settings)
    try:
        pipeline = open_pipeline(settings, models, store)
        pipeline.require_live_index()
        # Loaded now, so that the stages' times are their own.
        models.warm_up()
        pipeline.warm_up()
        yield pipeline
    finally:
        models.close()
        store.close()


def _build_question(text: str, scope: Scope) -> Question:
    from rag_core.pipeline import check_question
    from rag_core.types import Question

    # An argument that is no UTF-8 comes with surrogates, which no model takes.
    question = Question(text.encode(errors="replace").decode(), scope=scope)
    check_question(question)
    return question


def _build_scope(sources: list[str] | None, version: str, language: str, path: str) -> Scope:
    from rag_core.types import Scope

    return Scope(tuple(sources or ()), path, version, language)
