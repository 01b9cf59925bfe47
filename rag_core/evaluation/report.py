"""What an evaluation found: the numbers of every method, of abstention, and the worst questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rag_core.evaluation.fit import MIN_FIT_QUESTIONS, cross_validate
from rag_core.evaluation.judgements import Judgements
from rag_core.evaluation.llm_judge import PROMPT_VERSION, JudgeVerdict
from rag_core.evaluation.methods import METHODS, QuestionOutcome, group_by_stage
from rag_core.evaluation.metrics import (
    Estimate,
    Refusals,
    compute_auroc,
    compute_measures,
    compute_percentiles,
    compute_refusals,
    estimate_mean,
)
from rag_core.retrieval.abstention import Abstention, Signals
from rag_core.retrieval.calibration import Calibration, hash_question

MEASURE_NAMES = {
    "nDCG@10": "ndcg@10",
    "R@5": "recall@5",
    "R@10": "recall@10",
    "R@50": "recall@50",
    "RR": "mrr",
    "Success@3": "hit@3",
}
"""Our names of ir-measures' measures, in the order of the table."""

_WORST = 10
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class WorstQuestion:
    """A question that docent found badly: what was wanted and what came first."""

    question: str
    ndcg: float
    wanted: tuple[str, ...]
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AbstentionReport:
    """How well questions with and without an answer are told apart.

    Attributes:
        name: file of the unanswerable questions.
        score: `left out`: by fits that have not seen the question; `as set`: by the decision in
            use; `cosine`: by the best cosine, where neither can be had.
        auroc: over the score.
        table: refusals at rates of false ones.
        false_refusals: answerable questions that are refused now; None where nothing is set.
        refused: unanswerable questions that are refused now; None where nothing is set.
        seen: questions of both kinds that the decision was fitted to, so that these two numbers
            are better than they would be on others; None where that is not known.
        answerable: scores of the questions with an answer.
        unanswerable: scores of those without.
    """

    name: str
    score: str
    auroc: Estimate
    table: tuple[Refusals, ...]
    false_refusals: int | None
    refused: int | None
    seen: int | None
    answerable: tuple[float, ...]
    unanswerable: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """What an LLM said about answers: shares, with the judge's model and prompt version."""

    model: str
    prompt: str
    answers: int
    faithful: Estimate
    answering: Estimate


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Everything that `docent eval` found.

    Attributes:
        model, reranker, revision, chunks: of the index.
        level: what was judged.
        questions: how many were scored.
        absent: judged ids that the index does not have.
        methods: each measure of each method.
        abstention: one for each file of unanswerable questions.
        milliseconds: median and 95th percentile of each stage.
        worst: the worst questions, the worst first.
        judged: what an LLM said about the answers; None where none was asked.
        fitted: the file that holds what was fitted; None where nothing was.
    """

    model: str
    reranker: str
    revision: str
    chunks: int
    level: str
    questions: int
    absent: tuple[str, ...]
    methods: Mapping[str, Mapping[str, Estimate]]
    abstention: tuple[AbstentionReport, ...]
    milliseconds: Mapping[str, tuple[float, float]]
    worst: tuple[WorstQuestion, ...]
    judged: JudgeReport | None = None
    fitted: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The same as data; scores of single questions are left out."""
        shape = asdict(self)
        for found in shape["abstention"]:
            del found["answerable"], found["unanswerable"]
        return shape


def summarise_retrieval(
    outcomes: Sequence[QuestionOutcome], judgements: Judgements
) -> tuple[dict[str, dict[str, Estimate]], tuple[WorstQuestion, ...]]:
    """Every measure of every method, and the questions that docent does worst.

    Raises:
        EvaluationError: the library for the measures is not installed.
    """
    grades = {one.question.id: judgements.grades[one.question.id] for one in outcomes}
    table: dict[str, dict[str, Estimate]] = {}
    values: dict[str, dict[str, float]] = {}
    for method in METHODS:
        rankings = {
            one.question.id: judgements.list_ranked_names(one.chunks_by_method[method])
            for one in outcomes
        }
        values = compute_measures(rankings, grades)
        table[method] = {
            ours: estimate_mean(list(values[theirs].values()))
            for theirs, ours in MEASURE_NAMES.items()
        }
        if method == "reranked":
            worst = _select_worst(outcomes, judgements, values["nDCG@10"])
    return table, worst


def _select_worst(
    outcomes: Sequence[QuestionOutcome], judgements: Judgements, ndcg: Mapping[str, float]
) -> tuple[WorstQuestion, ...]:
    below = [one for one in outcomes if ndcg[one.question.id] < 1]
    below.sort(key=lambda one: ndcg[one.question.id])
    return tuple(
        WorstQuestion(
            question=one.question.text,
            ndcg=round(ndcg[one.question.id], 3),
            wanted=tuple(k for k, grade in judgements.grades[one.question.id].items() if grade),
            found=tuple(judgements.list_ranked_names(one.chunks_by_method["reranked"])[:_SHOWN]),
        )
        for one in below[:_WORST]
    )


def summarise_abstention(
    answerable: Sequence[QuestionOutcome],
    unanswerable: Mapping[str, Sequence[QuestionOutcome]],
    used: Calibration | None,
) -> tuple[AbstentionReport, ...]:
    """How well each set of unanswerable questions is told from the others; fitted on all of them.

    Empty where no signals could be had, as without a reranker.
    """
    yes = collect_signals(answerable)
    sets = {
        name: found for name, asked in unanswerable.items() if (found := collect_signals(asked))
    }
    if not yes or not sets:
        return ()
    decision = used.abstention if used else None
    every = [one for found in sets.values() for one in found]
    score, above, below = _score_questions(yes, every, decision)
    reports: list[AbstentionReport] = []
    for name, no in sets.items():
        mine, below = below[: len(no)], below[len(no) :]
        reports.append(
            AbstentionReport(
                name=name,
                score=score,
                auroc=compute_auroc(above, mine),
                table=compute_refusals(above, mine),
                false_refusals=sum(map(decision.should_refuse, yes)) if decision else None,
                refused=sum(map(decision.should_refuse, no)) if decision else None,
                seen=_count_seen((*answerable, *unanswerable[name]), used),
                answerable=tuple(above),
                unanswerable=tuple(mine),
            )
        )
    return tuple(reports)


def _count_seen(outcomes: Sequence[QuestionOutcome], used: Calibration | None) -> int | None:
    if used is None or used.seen is None:
        return None
    return len({hash_question(one.question.text) for one in outcomes} & set(used.seen))


def _score_questions(
    yes: list[Signals], no: list[Signals], decision: Abstention | None
) -> tuple[str, list[float], list[float]]:
    if min(len(yes), len(no)) >= MIN_FIT_QUESTIONS:
        return "left out", *cross_validate(yes, no)
    if decision:
        return (
            "as set",
            [*map(decision.compute_probability, yes)],
            [*map(decision.compute_probability, no)],
        )
    return "cosine", [found.cosine for found in yes], [found.cosine for found in no]


def collect_signals(outcomes: Sequence[QuestionOutcome]) -> list[Signals]:
    """The signals of those questions that have them."""
    return [one.signals for one in outcomes if one.signals]


def summarise_verdicts(grades: Sequence[JudgeVerdict]) -> JudgeReport | None:
    """The judge's shares; None where nothing was answered."""
    if not grades:
        return None
    return JudgeReport(
        model=grades[0].model,
        prompt=PROMPT_VERSION,
        answers=len(grades),
        faithful=estimate_mean([float(grade.faithful) for grade in grades]),
        answering=estimate_mean([float(grade.answering) for grade in grades]),
    )


def summarise_latency(outcomes: Sequence[QuestionOutcome]) -> dict[str, tuple[float, float]]:
    """Median and 95th percentile of each stage, in milliseconds."""
    return {stage: compute_percentiles(spent) for stage, spent in group_by_stage(outcomes).items()}
