"""Define the command that measures: `docent eval`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import AsJson, print_json

if TYPE_CHECKING:
    from rag_core.evaluation.files import CorpusDocument, EvaluationQuestion, Grades
    from rag_core.evaluation.judgements import Level
    from rag_core.evaluation.llm_judge import JudgeVerdict, StructuredGenerator
    from rag_core.evaluation.methods import EvaluationTarget
    from rag_core.evaluation.report import EvaluationReport
    from rag_core.pipeline import Pipeline
    from rag_core.protocols import Embedder, VectorStore
    from rag_core.retrieval.calibration import Calibration
    from rag_core.settings import RagSettings


class LevelChoice(StrEnum):
    """The unit that the judgements name."""

    PAGE = "page"
    CHUNK = "chunk"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("eval")(evaluate)


def evaluate(  # noqa: PLR0913  (the options, by name)
    *,
    queries: Annotated[Path, typer.Option(help="Questions: JSON lines with `_id` and `text`.")],
    qrels: Annotated[
        Path, typer.Option(help="Judgements: tab-separated query-id, corpus-id, score.")
    ],
    corpus: Annotated[
        Path | None,
        typer.Option(
            help="Documents: JSON lines with `_id`, `title`, `text`; default: the live index."
        ),
    ] = None,
    unanswerable: Annotated[
        list[Path] | None,
        typer.Option(help="Questions without an answer in the documentation; may be repeated."),
    ] = None,
    level: Annotated[
        LevelChoice,
        typer.Option(
            help="`page`: judged by path (`faq/x.md` is also `en/faq/x.md`) or document; `chunk`: "
            "by a chunk's id or url."
        ),
    ] = LevelChoice.PAGE,
    language: Annotated[
        str, typer.Option(help="Ask only the questions with this `lang`, for example `en`.")
    ] = "",
    html: Annotated[
        Path | None, typer.Option(help="Write a report with charts to this file.")
    ] = None,
    fit: Annotated[
        bool, typer.Option("--fit", help="Fit refusals and fusion, and save them with the index.")
    ] = False,
    judge: Annotated[
        bool,
        typer.Option("--judge", help="Generate answers and let the LLM judge them."),
    ] = False,
    judge_model: Annotated[
        str, typer.Option(help="Model that judges; default: DOCENT_LLM_MODEL.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Measure retrieval, refusals and speed on questions with known pages."""
    from bot.cli import evaluation_tables
    from rag_core.extras import check_extra
    from rag_core.settings import RagSettings

    if fit and corpus:
        raise typer.BadParameter("--fit works on the live index only: leave out --corpus")
    if judge_model and not judge:
        raise typer.BadParameter("--judge-model belongs to --judge: add --judge, or leave it out")
    check_extra("eval", "`docent eval`")
    settings = RagSettings.load()
    if fit and settings.abstention == "off":
        raise typer.BadParameter("--fit has no effect while DOCENT_ABSTENTION=off: unset it first")
    files = _EvaluationFiles.read(queries, qrels, corpus, unanswerable or (), language)
    llm = _open_judge(settings, judge_model) if judge else None
    with _open_index(settings, files.corpus) as opened:
        report, calibration = _measure(opened, files, level=level.value, llm=llm, fit=fit)
    if html:
        _write_page(html, report, calibration)
    if as_json:
        print_json(report.as_json())
        return
    evaluation_tables.print_evaluation(report)
    if report.fitted and calibration:
        evaluation_tables.print_fit(calibration, report)


@dataclass(frozen=True, slots=True)
class _EvaluationFiles:
    """The contents of the files of one evaluation."""

    questions: tuple[EvaluationQuestion, ...]
    grades: Mapping[str, Grades]
    unanswerable: Mapping[str, tuple[EvaluationQuestion, ...]]
    corpus: tuple[CorpusDocument, ...]

    @classmethod
    def read(
        cls,
        queries: Path,
        qrels: Path,
        corpus: Path | None,
        unanswerable: Sequence[Path],
        language: str,
    ) -> _EvaluationFiles:
        from rag_core.evaluation import files

        questions, grades = files.read_questions(queries), files.read_judgements(qrels)
        if language:
            others = {question.id for question in questions if question.language != language}
            questions = tuple(question for question in questions if question.id not in others)
            grades = {key: graded for key, graded in grades.items() if key not in others}
        return cls(
            questions,
            grades,
            {path.name: files.read_questions(path) for path in unanswerable},
            files.read_corpus(corpus) if corpus else (),
        )


@dataclass(frozen=True, slots=True)
class _OpenIndex:
    """The index to evaluate, with its settings and its pipeline."""

    settings: RagSettings
    parts: EvaluationTarget
    pipeline: Pipeline


@contextmanager
def _open_index(settings: RagSettings, corpus: Sequence[CorpusDocument]) -> Iterator[_OpenIndex]:
    """Open the live index, or index the corpus in a temporary folder."""
    from rag_core.evaluation.methods import EvaluationTarget
    from rag_core.factory import open_models, open_pipeline, open_store

    with ExitStack() as stack:
        if corpus:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="docent-eval-"))
            settings = settings.model_copy(update={"milvus_uri": str(Path(folder) / "corpus.db")})
        store = open_store(settings, create=bool(corpus))
        stack.callback(store.close)
        models = open_models(settings)
        stack.callback(models.close)
        if corpus:
            _index_corpus(corpus, store, models.inference.indexing)
        pipeline = open_pipeline(settings, models, store)
        live, lane = pipeline.require_live_index(), models.inference.questions
        models.warm_up()
        yield _OpenIndex(
            settings, EvaluationTarget(store, live, lane, lane, models.tuning), pipeline
        )


def _index_corpus(corpus: Sequence[CorpusDocument], store: VectorStore, embedder: Embedder) -> None:
    from bot.cli import terminal
    from ingest.corpus import index_corpus

    with terminal.show_progress() as show:
        index_corpus(corpus, store, embedder, progress=show)


def _measure(
    opened: _OpenIndex,
    files: _EvaluationFiles,
    *,
    level: Level,
    llm: StructuredGenerator | None,
    fit: bool,
) -> tuple[EvaluationReport, Calibration | None]:
    """Ask the questions, fit the threshold if requested, and report."""
    from bot.cli import terminal
    from ingest.corpus import map_document_ids
    from ingest.report import Progress
    from rag_core.evaluation import run
    from rag_core.evaluation.judgements import match_judgements
    from rag_core.retrieval.calibration import write_calibration

    parts = opened.parts
    chunks = list(parts.store.read_chunks(parts.live.collection))
    ids = map_document_ids(files.corpus)
    judgements = match_judgements(files.questions, files.grades, chunks, level=level, ids=ids)
    with terminal.show_progress() as show:
        outcomes = run.ask_everything(
            parts,
            judgements,
            files.unanswerable,
            progress=lambda done, total: show(Progress("asking", done, total)),
        )
    grades = _judge_answers(opened.pipeline, llm, judgements.questions) if llm else ()
    calibration = run.find_used_calibration(parts)
    if fit:
        calibration, fusion_fit = run.fit_calibration(parts, judgements, outcomes)
        write_calibration(opened.settings.calibration_path, calibration)
        # Report what docent refuses with the new threshold.
        tuning = replace(parts.tuning, fitted=calibration)
        parts = replace(parts, tuning=tuning)
    report = run.build_report(parts, judgements, outcomes, verdicts=grades)
    if fit:
        path = str(opened.settings.calibration_path)
        report = replace(report, fitted=path, fusion_fit=fusion_fit)
    return report, calibration


def _open_judge(settings: RagSettings, model: str) -> StructuredGenerator:
    """Open the LLM that judges the answers.

    Raises:
        SettingsError: no LLM is configured.
    """
    from rag_core.errors import SettingsError
    from rag_core.factory import open_generator
    from rag_core.generation.llm.client import OpenAIGenerator

    # The options are those of another model.
    other = {"llm_model": model, "llm_options": ""} if model and model != settings.llm_model else {}
    chosen = settings.model_copy(update=other)
    llm = open_generator(chosen)
    if not isinstance(llm, OpenAIGenerator):
        raise SettingsError("--judge needs an LLM: set OPENAI_API_KEY or OPENAI_BASE_URL.")
    return llm


def _judge_answers(
    pipeline: Pipeline, llm: StructuredGenerator, questions: Sequence[EvaluationQuestion]
) -> tuple[JudgeVerdict, ...]:
    """Answer the questions, and judge each answer that has a text."""
    from rag_core.evaluation.llm_judge import judge_answer
    from rag_core.types import Question

    answers = ((each.text, pipeline.answer(Question(each.text))) for each in questions)
    return tuple(judge_answer(llm, text, answer) for text, answer in answers if answer.text)


def _write_page(path: Path, report: EvaluationReport, calibration: Calibration | None) -> None:
    """Write the report as an HTML page.

    Raises:
        EvaluationError: the file can't be written.
    """
    from rag_core.errors import EvaluationError
    from rag_core.evaluation.page import render_html

    abstention = calibration.abstention if calibration else None
    page = render_html(report, threshold=abstention.threshold if abstention else None)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise EvaluationError(f"{path} can't be written: {error.strerror}.") from error
