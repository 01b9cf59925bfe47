"""One evaluation: every question asked, the report made, and what can be fitted fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag_core.evaluation import report as reports
from rag_core.evaluation.files import EvaluationQuestion
from rag_core.evaluation.fit import fit_abstention
from rag_core.evaluation.judgements import Judgements
from rag_core.evaluation.llm_judge import JudgeVerdict
from rag_core.evaluation.methods import EvaluationTarget, QuestionOutcome, ask_questions
from rag_core.evaluation.report import EvaluationReport
from rag_core.retrieval.calibration import Calibration, hash_question, select_calibration

Progress = Callable[[int, int], None]
"""Called with how many questions were asked, of how many."""


@dataclass(frozen=True, slots=True)
class EvaluationOutcomes:
    """All questions asked: those with an answer, and each set of those without."""

    answerable: tuple[QuestionOutcome, ...]
    unanswerable: Mapping[str, tuple[QuestionOutcome, ...]]


def ask_everything(
    parts: EvaluationTarget,
    judgements: Judgements,
    unanswerable: Mapping[str, Sequence[EvaluationQuestion]],
    *,
    progress: Progress,
) -> EvaluationOutcomes:
    """Ask every question in every way.

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
        tuple(ask_questions(judgements.questions, parts, tick=tick)),
        {
            name: tuple(ask_questions(asked, parts, tick=tick))
            for name, asked in unanswerable.items()
        },
    )


def build_report(
    parts: EvaluationTarget,
    judgements: Judgements,
    outcomes: EvaluationOutcomes,
    *,
    grades: Sequence[JudgeVerdict] = (),
) -> EvaluationReport:
    """Everything that was found.

    Raises:
        EvaluationError: the library for the measures is not installed.
    """
    methods, worst = reports.summarise_retrieval(outcomes.answerable, judgements)
    return EvaluationReport(
        model=parts.live.spec.model,
        reranker=parts.tuning.reranker,
        revision=parts.live.spec.revision,
        chunks=parts.store.count(parts.live.collection),
        level=judgements.level,
        questions=len(outcomes.answerable),
        absent=judgements.absent,
        methods=methods,
        abstention=reports.summarise_abstention(
            outcomes.answerable, outcomes.unanswerable, find_used_calibration(parts)
        ),
        milliseconds=reports.summarise_latency(outcomes.answerable),
        worst=worst,
        judged=reports.summarise_verdicts(grades),
    )


def fit_calibration(parts: EvaluationTarget, outcomes: EvaluationOutcomes) -> Calibration:
    """When to refuse, fitted to these questions; the rest stays as it is in use.

    Raises:
        EvaluationError: there are too few questions with or without an answer.
    """
    no = [one for asked in outcomes.unanswerable.values() for one in asked]
    decision = fit_abstention(
        reports.collect_signals(outcomes.answerable), reports.collect_signals(no)
    )
    used, spec = find_used_calibration(parts), parts.live.spec
    support = used.support if used else None
    return Calibration(
        model=spec.model,
        reranker=parts.tuning.reranker,
        chunker=spec.chunker,
        abstention=decision,
        support=support,
        dimension=spec.dimension,
        seen=tuple(
            sorted({hash_question(one.question.text) for one in (*outcomes.answerable, *no)})
        ),
    )


def find_used_calibration(parts: EvaluationTarget) -> Calibration | None:
    """The decisions that docent takes with this index."""
    return select_calibration(parts.live.spec, parts.tuning.reranker, parts.tuning.fitted)
