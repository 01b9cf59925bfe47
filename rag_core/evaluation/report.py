"""What an evaluation found: the numbers of every method, of abstention, and the worst questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rag_core.evaluation.fit import FEWEST, left_out
from rag_core.evaluation.judgements import Judgements
from rag_core.evaluation.llm_judge import PROMPT_VERSION, Grade
from rag_core.evaluation.methods import METHODS, Outcome, by_stage
from rag_core.evaluation.metrics import (
    Estimate,
    Refusals,
    auroc,
    estimate,
    per_question,
    refusals,
    spread,
)
from rag_core.retrieval.abstention import Abstention, Signals
from rag_core.retrieval.calibration import Calibration, seen_hash

NAMES = {
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
class Worst:
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
class JudgedReport:
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
    worst: tuple[Worst, ...]
    judged: JudgedReport | None = None
    fitted: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The same as data; scores of single questions are left out."""
        shape = asdict(self)
        for found in shape["abstention"]:
            del found["answerable"], found["unanswerable"]
        return shape


def retrieval(
    outcomes: Sequence[Outcome], judgements: Judgements
) -> tuple[dict[str, dict[str, Estimate]], tuple[Worst, ...]]:
    """Every measure of every method, and the questions that docent does worst.

    Raises:
        EvaluationError: the library for the measures is not installed.
    """
    grades = {one.question.id: judgements.grades[one.question.id] for one in outcomes}
    table: dict[str, dict[str, Estimate]] = {}
    values: dict[str, dict[str, float]] = {}
    for method in METHODS:
        rankings = {one.question.id: judgements.ranking(one.found[method]) for one in outcomes}
        values = per_question(rankings, grades)
        table[method] = {
            ours: estimate(list(values[theirs].values())) for theirs, ours in NAMES.items()
        }
        if method == "reranked":
            worst = _worst(outcomes, judgements, values["nDCG@10"])
    return table, worst


def _worst(
    outcomes: Sequence[Outcome], judgements: Judgements, ndcg: Mapping[str, float]
) -> tuple[Worst, ...]:
    below = [one for one in outcomes if ndcg[one.question.id] < 1]
    below.sort(key=lambda one: ndcg[one.question.id])
    return tuple(
        Worst(
            question=one.question.text,
            ndcg=round(ndcg[one.question.id], 3),
            wanted=tuple(k for k, grade in judgements.grades[one.question.id].items() if grade),
            found=tuple(judgements.ranking(one.found["reranked"])[:_SHOWN]),
        )
        for one in below[:_WORST]
    )


def abstention(
    answerable: Sequence[Outcome],
    unanswerable: Mapping[str, Sequence[Outcome]],
    used: Calibration | None,
) -> tuple[AbstentionReport, ...]:
    """How well each set of unanswerable questions is told from the others; fitted on all of them.

    Empty where no signals could be had, as without a reranker.
    """
    yes = signals_of(answerable)
    sets = {name: found for name, asked in unanswerable.items() if (found := signals_of(asked))}
    if not yes or not sets:
        return ()
    decision = used.abstention if used else None
    every = [one for found in sets.values() for one in found]
    score, above, below = _scores(yes, every, decision)
    reports: list[AbstentionReport] = []
    for name, no in sets.items():
        mine, below = below[: len(no)], below[len(no) :]
        reports.append(
            AbstentionReport(
                name=name,
                score=score,
                auroc=auroc(above, mine),
                table=refusals(above, mine),
                false_refusals=sum(map(decision.refuses, yes)) if decision else None,
                refused=sum(map(decision.refuses, no)) if decision else None,
                seen=_seen((*answerable, *unanswerable[name]), used),
                answerable=tuple(above),
                unanswerable=tuple(mine),
            )
        )
    return tuple(reports)


def _seen(outcomes: Sequence[Outcome], used: Calibration | None) -> int | None:
    if used is None or used.seen is None:
        return None
    return len({seen_hash(one.question.text) for one in outcomes} & set(used.seen))


def _scores(
    yes: list[Signals], no: list[Signals], decision: Abstention | None
) -> tuple[str, list[float], list[float]]:
    if min(len(yes), len(no)) >= FEWEST:
        return "left out", *left_out(yes, no)
    if decision:
        return "as set", [*map(decision.probability, yes)], [*map(decision.probability, no)]
    return "cosine", [found.cosine for found in yes], [found.cosine for found in no]


def signals_of(outcomes: Sequence[Outcome]) -> list[Signals]:
    """The signals of those questions that have them."""
    return [one.signals for one in outcomes if one.signals]


def judged(grades: Sequence[Grade]) -> JudgedReport | None:
    """The judge's shares; None where nothing was answered."""
    if not grades:
        return None
    return JudgedReport(
        model=grades[0].model,
        prompt=PROMPT_VERSION,
        answers=len(grades),
        faithful=estimate([float(grade.faithful) for grade in grades]),
        answering=estimate([float(grade.answering) for grade in grades]),
    )


def latency(outcomes: Sequence[Outcome]) -> dict[str, tuple[float, float]]:
    """Median and 95th percentile of each stage, in milliseconds."""
    return {stage: spread(spent) for stage, spent in by_stage(outcomes).items()}
