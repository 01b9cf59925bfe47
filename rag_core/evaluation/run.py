"""One evaluation: every question asked, the report made, and what can be fitted fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag_core.evaluation import report as reports
from rag_core.evaluation.files import AskedQuestion
from rag_core.evaluation.fit import fit
from rag_core.evaluation.judgements import Judgements
from rag_core.evaluation.llm_judge import Grade
from rag_core.evaluation.methods import Outcome, Parts, ask_all
from rag_core.evaluation.report import EvaluationReport
from rag_core.retrieval.calibration import Calibration, calibration_for, seen_hash

Progress = Callable[[int, int], None]
"""Called with how many questions were asked, of how many."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """All questions asked: those with an answer, and each set of those without."""

    answerable: tuple[Outcome, ...]
    unanswerable: Mapping[str, tuple[Outcome, ...]]


def ask_everything(
    parts: Parts,
    judgements: Judgements,
    unanswerable: Mapping[str, Sequence[AskedQuestion]],
    *,
    progress: Progress,
) -> Outcomes:
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

    return Outcomes(
        tuple(ask_all(judgements.questions, parts, tick=tick)),
        {name: tuple(ask_all(asked, parts, tick=tick)) for name, asked in unanswerable.items()},
    )


def report(
    parts: Parts, judgements: Judgements, outcomes: Outcomes, *, grades: Sequence[Grade] = ()
) -> EvaluationReport:
    """Everything that was found.

    Raises:
        EvaluationError: the library for the measures is not installed.
    """
    methods, worst = reports.retrieval(outcomes.answerable, judgements)
    return EvaluationReport(
        model=parts.live.spec.model,
        reranker=parts.tuning.reranker,
        revision=parts.live.spec.revision,
        chunks=parts.store.count(parts.live.collection),
        level=judgements.level,
        questions=len(outcomes.answerable),
        absent=judgements.absent,
        methods=methods,
        abstention=reports.abstention(outcomes.answerable, outcomes.unanswerable, in_use(parts)),
        milliseconds=reports.latency(outcomes.answerable),
        worst=worst,
        judged=reports.judged(grades),
    )


def fitted(parts: Parts, outcomes: Outcomes) -> Calibration:
    """When to refuse, fitted to these questions; the rest stays as it is in use.

    Raises:
        EvaluationError: there are too few questions with or without an answer.
    """
    no = [one for asked in outcomes.unanswerable.values() for one in asked]
    decision = fit(reports.signals_of(outcomes.answerable), reports.signals_of(no))
    used, spec = in_use(parts), parts.live.spec
    support = used.support if used else None
    return Calibration(
        model=spec.model,
        reranker=parts.tuning.reranker,
        chunker=spec.chunker,
        abstention=decision,
        support=support,
        dimension=spec.dimension,
        seen=tuple(sorted({seen_hash(one.question.text) for one in (*outcomes.answerable, *no)})),
    )


def in_use(parts: Parts) -> Calibration | None:
    """The decisions that docent takes with this index."""
    return calibration_for(parts.live.spec, parts.tuning.reranker, parts.tuning.fitted)
