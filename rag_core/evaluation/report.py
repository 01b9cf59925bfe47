"""The report of an evaluation: the numbers of every method and of refusals, the worst questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rag_core.evaluation.fit import MIN_FIT_QUESTIONS, cross_validate
from rag_core.evaluation.fusion_fit import FusionFit
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
"""docent's names for the measures of ir-measures, in the order of the table."""

_WORST_QUESTIONS = 10
_WORST_NAMES = 5


@dataclass(frozen=True, slots=True)
class WorstQuestion:
    """A question that docent does badly.

    Attributes:
        question: its text.
        ndcg: its nDCG@10.
        wanted: names with a grade above 0.
        found: the first five names that docent found.
    """

    question: str
    ndcg: float
    wanted: tuple[str, ...]
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AbstentionReport:
    """The separation of questions with an answer from those without.

    Attributes:
        name: file of the unanswerable questions.
        score: how questions are scored. `left out` is the probability by fits that have not seen
            the question, `as set` the probability by the decision in use, and `cosine`, if neither
            is available, the best cosine.
        auroc: of the score.
        table: refusals at several rates of false refusals.
        false_refusals: answerable questions that are refused now; None without a decision.
        refused: unanswerable questions that are refused now; None without a decision.
        seen: questions of both kinds that the decision was fitted to, which make the two numbers
            above look too good; None if it is unknown.
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
    """The verdicts of an LLM on answers.

    Attributes:
        model: the judge, as its server reports it.
        prompt: version of the judge's prompt.
        answers: how many were judged.
        faithful: share of the answers that keep to the passages.
        answering: share of the answers that answer the question.
    """

    model: str
    prompt: str
    answers: int
    faithful: Estimate
    answering: Estimate


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """The result of `docent eval`.

    Attributes:
        model, reranker, revision, chunks: of the index.
        level: "page" or "chunk", whichever was judged.
        questions: how many were scored.
        absent: judged ids that the index does not have.
        methods: estimates by measure, by method.
        abstention: one for each file of unanswerable questions.
        milliseconds: median and 95th percentile by stage.
        worst: questions with the lowest nDCG@10, the worst first.
        judged: verdicts of an LLM on the answers; None without a judge.
        fitted: the file that the fit was written to; None without a fit.
        fusion_fit: the fit of the weights of both searches; None without a fit.
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
    fusion_fit: FusionFit | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON data, without the scores of single questions."""
        shape = asdict(self)
        for abstention in shape["abstention"]:
            del abstention["answerable"], abstention["unanswerable"]
        return shape


def summarise_retrieval(
    outcomes: Sequence[QuestionOutcome], judgements: Judgements
) -> tuple[dict[str, dict[str, Estimate]], tuple[WorstQuestion, ...]]:
    """Estimate every measure of every method, and find the worst questions.

    Args:
        outcomes: of the questions with an answer.
        judgements: their grades.

    Returns:
        Estimates by measure, by method; and the questions with the lowest nDCG@10.

    Raises:
        EvaluationError: the library for the measures is not installed.
    """
    grades = {each.question.id: judgements.grades[each.question.id] for each in outcomes}
    table: dict[str, dict[str, Estimate]] = {}
    values: dict[str, dict[str, float]] = {}
    for method in METHODS:
        rankings = {
            each.question.id: judgements.list_ranked_names(each.chunks_by_method[method])
            for each in outcomes
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
    imperfect = [each for each in outcomes if ndcg[each.question.id] < 1]
    imperfect.sort(key=lambda each: ndcg[each.question.id])
    return tuple(
        WorstQuestion(
            question=each.question.text,
            ndcg=round(ndcg[each.question.id], 3),
            wanted=tuple(k for k, grade in judgements.grades[each.question.id].items() if grade),
            found=tuple(
                judgements.list_ranked_names(each.chunks_by_method["reranked"])[:_WORST_NAMES]
            ),
        )
        for each in imperfect[:_WORST_QUESTIONS]
    )


def summarise_abstention(
    answerable: Sequence[QuestionOutcome],
    unanswerable: Mapping[str, Sequence[QuestionOutcome]],
    used: Calibration | None,
) -> tuple[AbstentionReport, ...]:
    """Report how well unanswerable questions are separated from the others.

    Args:
        answerable: outcomes of the questions with an answer.
        unanswerable: outcomes of those without, by name of their file.
        used: the calibration in use.

    Returns:
        A report for each file; none if there are no signals, as without a reranker.
    """
    yes = collect_signals(answerable)
    sets = {
        name: signals
        for name, outcomes in unanswerable.items()
        if (signals := collect_signals(outcomes))
    }
    if not yes or not sets:
        return ()
    decision = used.abstention if used else None
    # One fit over all files, so that their scores can be compared.
    all_no = [each for signals in sets.values() for each in signals]
    score, yes_scores, all_no_scores = _score_questions(yes, all_no, decision)
    reports: list[AbstentionReport] = []
    for name, no in sets.items():
        no_scores, all_no_scores = all_no_scores[: len(no)], all_no_scores[len(no) :]
        reports.append(
            AbstentionReport(
                name=name,
                score=score,
                auroc=compute_auroc(yes_scores, no_scores),
                table=compute_refusals(yes_scores, no_scores),
                false_refusals=sum(map(decision.should_refuse, yes)) if decision else None,
                refused=sum(map(decision.should_refuse, no)) if decision else None,
                seen=_count_seen((*answerable, *unanswerable[name]), used),
                answerable=tuple(yes_scores),
                unanswerable=tuple(no_scores),
            )
        )
    return tuple(reports)


def _count_seen(outcomes: Sequence[QuestionOutcome], used: Calibration | None) -> int | None:
    if used is None or used.seen is None:
        return None
    return len({hash_question(each.question.text) for each in outcomes} & set(used.seen))


def _score_questions(
    yes: list[Signals], no: list[Signals], decision: Abstention | None
) -> tuple[str, list[float], list[float]]:
    """Return the kind of score, and the scores of both sets."""
    if min(len(yes), len(no)) >= MIN_FIT_QUESTIONS:
        return "left out", *cross_validate(yes, no)
    if decision:
        return (
            "as set",
            [*map(decision.compute_probability, yes)],
            [*map(decision.compute_probability, no)],
        )
    return "cosine", [each.cosine for each in yes], [each.cosine for each in no]


def collect_signals(outcomes: Sequence[QuestionOutcome]) -> list[Signals]:
    """Collect the signals of the questions that have them."""
    return [each.signals for each in outcomes if each.signals]


def summarise_verdicts(verdicts: Sequence[JudgeVerdict]) -> JudgeReport | None:
    """Report the judge's verdicts; return None if there are none."""
    if not verdicts:
        return None
    return JudgeReport(
        model=verdicts[0].model,
        prompt=PROMPT_VERSION,
        answers=len(verdicts),
        faithful=estimate_mean([float(verdict.faithful) for verdict in verdicts]),
        answering=estimate_mean([float(verdict.answering) for verdict in verdicts]),
    )


def summarise_latency(outcomes: Sequence[QuestionOutcome]) -> dict[str, tuple[float, float]]:
    """Compute median and 95th percentile of each stage, in milliseconds."""
    return {stage: compute_percentiles(spent) for stage, spent in group_by_stage(outcomes).items()}
