"""What `docent eval` prints: the tables of an evaluation, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rag_core.evaluation.metrics import Estimate
    from rag_core.evaluation.report import AbstentionReport, EvaluationReport
    from rag_core.retrieval.calibration import Calibration

out = Console(highlight=False)


def evaluation(report: EvaluationReport) -> None:
    """Print everything that was found."""
    from rag_core.evaluation.report import NAMES

    out.print(
        f"{report.questions} questions by {report.level}; {report.chunks:,} chunks, "
        f"{report.model}, reranker {report.reranker}, revision {report.revision}."
    )
    if report.absent:
        some = f"{len(report.absent)} judged ids are not in the index, for instance "
        out.print(Text(some + report.absent[0]), style="yellow", soft_wrap=True)
    table = Table("", *NAMES.values())
    for method, found in report.methods.items():
        table.add_row(method, *(_estimate(found[name]) for name in NAMES.values()))
    out.print(table)
    for one in report.abstention:
        _abstention(one)
    if report.judged:
        _judged(report)
    _latency(report)


def fitted(used: Calibration, path: str) -> None:
    """Say what was fitted, and where it lies."""
    limit = used.abstention.threshold if used.abstention else 0.0
    out.print(f"Fitted: refuses below {limit:.2f}; written to {path}.", soft_wrap=True)


def _abstention(found: AbstentionReport) -> None:
    out.print(
        Text(
            f"\n{found.name}: {len(found.answerable)} questions with an answer, "
            f"{len(found.unanswerable)} without. AUROC {_estimate(found.auroc)}, "
            f"scores: {found.score}."
        ),
        soft_wrap=True,
    )
    if found.refused is not None:
        seen = f" The fit had seen {found.seen} of these questions." if found.seen else ""
        out.print(
            f"As docent decides now: {found.refused} of {len(found.unanswerable)} refused, "
            f"wrongly {found.false_refusals} of {len(found.answerable)}.{seen}",
            soft_wrap=True,
        )
    table = Table("wrongly refused", "rightly refused")
    for row in found.table:
        share = row.refused
        right = f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"
        table.add_row(f"{row.false:.0%}", right)
    out.print(table)


def _judged(report: EvaluationReport) -> None:
    judged = report.judged
    if judged is not None:
        out.print(
            f"\nAnswers, judged by {judged.model} with prompt {judged.prompt}: "
            f"{judged.answers} answers, faithful {_estimate(judged.faithful)}, "
            f"answering the question {_estimate(judged.answering)}."
        )


def _latency(report: EvaluationReport) -> None:
    table = Table("milliseconds", "p50", "p95")
    for stage, (p50, p95) in report.milliseconds.items():
        table.add_row(stage, f"{p50:.1f}", f"{p95:.1f}")
    out.print(table)


def _estimate(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
