"""The run of an evaluation: it asks every question, builds the report and fits refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag_core.evaluation import report as reports
from rag_core.evaluation.files import EvaluationQuestion
from rag_core.evaluation.fit import fit_abstention
from rag_core.evaluation.fusion_fit import FusionFit, fit_fusion, judge_evidence
from rag_core.evaluation.judgements import Judgements
from rag_core.evaluation.llm_judge import JudgeVerdict
from rag_core.evaluation.methods import EvaluationTarget, QuestionOutcome, ask_questions
from rag_core.evaluation.report import EvaluationReport
from rag_core.retrieval.calibration import Calibration, hash_question, select_calibration

Progress = Callable[[int, int], None]
"""Called with the number of questions asked so far, and of all questions."""


@dataclass(frozen=True, slots=True)
class EvaluationOutcomes:
    """The outcomes of questions with an answer, and of those without by name of their file."""

    answerable: tuple[QuestionOutcome, ...]
    unanswerable: Mapping[str, tuple[QuestionOutcome, ...]]


def ask_everything(
    target: EvaluationTarget,
    judgements: Judgements,
    unanswerable: Mapping[str, Sequence[EvaluationQuestion]],
    *,
    progress: Progress,
) -> EvaluationOutcomes:
    """Ask every question by every method.

    Args:
        target: the index and the models.
        judgements: the questions with an answer.
        unanswerable: the questions without one, by name of their file.
        progress: called after each question.

    Returns:
        The outcomes, in the order of the questions.

    Raises:
        StoreError, ModelError: Milvus or a model failed.
    """
    total = len(judgements.questions) + sum(map(len, unanswerable.values()))
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    return EvaluationOutcomes(
        tuple(ask_questions(judgements.questions, target, tick=tick)),
        {
            name: tuple(ask_questions(asked, target, tick=tick))
            for name, asked in unanswerable.items()
        },
    )


def build_report(
    target: EvaluationTarget,
    judgements: Judgements,
    outcomes: EvaluationOutcomes,
    *,
    verdicts: Sequence[JudgeVerdict] = (),
) -> EvaluationReport:
    """Build the report of an evaluation.

    Args:
        target: the index and the models that were asked.
        judgements: grades of the questions with an answer.
        outcomes: of all questions.
        verdicts: an LLM's verdicts on the answers, if it was asked.

    Returns:
        The report, without the file of a fit.

    Raises:
        EvaluationError: the library for the measures is not installed.
    """
    methods, worst = reports.summarise_retrieval(outcomes.answerable, judgements)
    return EvaluationReport(
        model=target.live.spec.model,
        reranker=target.tuning.reranker,
        revision=target.live.spec.revision,
        chunks=target.store.count(target.live.collection),
        level=judgements.level,
        questions=len(outcomes.answerable),
        absent=judgements.absent,
        methods=methods,
        abstention=reports.summarise_abstention(
            outcomes.answerable, outcomes.unanswerable, find_used_calibration(target)
        ),
        milliseconds=reports.summarise_latency(outcomes.answerable),
        worst=worst,
        judged=reports.summarise_verdicts(verdicts),
    )


def fit_calibration(
    target: EvaluationTarget, judgements: Judgements, outcomes: EvaluationOutcomes
) -> tuple[Calibration, FusionFit]:
    """Fit the refusals and the fusion to these questions.

    The rest of the calibration stays in use. The fusion keeps docent's own weights unless
    questions that a fit has not seen gain by it.

    Args:
        target: the index and the models that were asked.
        judgements: grades of the questions with an answer.
        outcomes: of all questions.

    Returns:
        The calibration, and what the fit of the fusion is worth.

    Raises:
        EvaluationError: there are too few questions with or without an answer.
    """
    no = [each for asked in outcomes.unanswerable.values() for each in asked]
    decision = fit_abstention(
        reports.collect_signals(outcomes.answerable), reports.collect_signals(no)
    )
    judged = [
        judge_evidence(each.question.id, each.evidence, judgements) for each in outcomes.answerable
    ]
    fit = fit_fusion(judged, judgements)
    used, spec = find_used_calibration(target), target.live.spec
    support = used.support if used else None
    calibration = Calibration(
        model=spec.model,
        reranker=target.tuning.reranker,
        chunker=spec.chunker,
        abstention=decision,
        support=support,
        dimension=spec.dimension,
        seen=tuple(
            sorted({hash_question(each.question.text) for each in (*outcomes.answerable, *no)})
        ),
        fusion=(*fit.weights, fit.bias) if fit.is_better else None,
    )
    return calibration, fit


def find_used_calibration(target: EvaluationTarget) -> Calibration | None:
    """Return the calibration that docent uses with this index, or None."""
    return select_calibration(target.live.spec, target.tuning.reranker, target.tuning.fitted)
