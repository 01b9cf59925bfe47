"""Print what `docent eval` found, as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rag_core.english import format_count

if TYPE_CHECKING:
    from rag_core.evaluation.metrics import Estimate
    from rag_core.evaluation.report import AbstentionReport, EvaluationReport
    from rag_core.retrieval.calibration import Calibration

out = Console(highlight=False)


def print_evaluation(report: EvaluationReport) -> None:
    """Print everything that was found."""
    from rag_core.evaluation.report import MEASURE_NAMES

    out.print(
        f"{format_count(report.questions, 'question')} by {report.level}; "
        f"{format_count(report.chunks, 'chunk')}, "
        f"{report.model}, reranker {report.reranker}, revision {report.revision}."
    )
    if report.absent:
        absent = format_count(len(report.absent), "judged id")
        some = f"Not in the index: {absent}, for example {report.absent[0]}"
        out.print(Text(some), style="yellow", soft_wrap=True)
    table = Table("", *MEASURE_NAMES.values())
    for method, found in report.methods.items():
        table.add_row(method, *(_format_estimate(found[name]) for name in MEASURE_NAMES.values()))
    out.print(table)
    for one in report.abstention:
        _print_abstention(one)
    if report.judged:
        _print_judged(report)
    _print_latency(report)


def print_fit(used: Calibration, path: str) -> None:
    """Print the fitted threshold, and the file that holds it."""
    limit = used.abstention.threshold if used.abstention else 0.0
    out.print(f"Fitted: docent refuses below {limit:.2f}. Written to {path}.", soft_wrap=True)


def _print_abstention(found: AbstentionReport) -> None:
    out.print(
        Text(
            f"\n{found.name}: {format_count(len(found.answerable), 'question')} with an answer, "
            f"{len(found.unanswerable):,} without. AUROC {_format_estimate(found.auroc)}, "
            f"scores: {found.score}."
        ),
        soft_wrap=True,
    )
    if found.refused is not None:
        seen = f" The fit used {found.seen} of these questions." if found.seen else ""
        out.print(
            f"With the current threshold, docent refuses {found.refused} of "
            f"{len(found.unanswerable)} rightly and {found.false_refusals} of "
            f"{len(found.answerable)} wrongly.{seen}",
            soft_wrap=True,
        )
    table = Table("wrongly refused", "rightly refused")
    for row in found.table:
        share = row.refused
        right = f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"
        table.add_row(f"{row.false:.0%}", right)
    out.print(table)


def _print_judged(report: EvaluationReport) -> None:
    judged = report.judged
    if judged is not None:
        out.print(
            f"\nAnswers, judged by {judged.model} with prompt {judged.prompt}: "
            f"{format_count(judged.answers, 'answer')}, "
            f"faithful {_format_estimate(judged.faithful)}, "
            f"answering the question {_format_estimate(judged.answering)}."
        )


def _print_latency(report: EvaluationReport) -> None:
    table = Table("milliseconds", "p50", "p95")
    for stage, (p50, p95) in report.milliseconds.items():
        table.add_row(stage, f"{p50:.1f}", f"{p95:.1f}")
    out.print(table)


def _format_estimate(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
