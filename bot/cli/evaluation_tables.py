"""Print the report of `docent eval` as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bot.cli.console import out
from bot.printable import join_lines
from rag_core.english import format_count

if TYPE_CHECKING:
    from rag_core.evaluation.metrics import Estimate
    from rag_core.evaluation.report import AbstentionReport, EvaluationReport
    from rag_core.retrieval.calibration import Calibration


def print_evaluation(report: EvaluationReport) -> None:
    """Print the whole report."""
    from rag_core.evaluation.report import MEASURE_NAMES

    out.print(
        f"{format_count(report.questions, 'question')} by {report.level}; "
        f"{format_count(report.chunks, 'chunk')}, "
        f"{report.model}, reranker {report.reranker}, revision {report.revision}."
    )
    if report.absent:
        absent = format_count(len(report.absent), "judged id")
        line = f"Not in the index: {absent}, for example {report.absent[0]}"
        out.print(Text(join_lines(line)), style="yellow", soft_wrap=True)
    table = Table("", *MEASURE_NAMES.values())
    for method, estimates in report.methods.items():
        cells = (_format_estimate(estimates[name]) for name in MEASURE_NAMES.values())
        table.add_row(method, *cells)
    out.print(table)
    for abstention in report.abstention:
        _print_abstention(abstention)
    if report.judged:
        _print_judged(report)
    _print_latency(report)


def print_fit(calibration: Calibration, report: EvaluationReport) -> None:
    """Print the fitted threshold and fusion, and the file that holds them."""
    threshold = calibration.abstention.threshold if calibration.abstention else 0.0
    out.print(
        f"Fitted: docent refuses below {threshold:.2f}. Written to {report.fitted}.", soft_wrap=True
    )
    if fit := report.fusion_fit:
        decision = "uses them" if fit.is_better else "keeps the weights before"
        out.print(
            f"Fitted weights of the searches: nDCG@10 of questions left out {fit.after:.3f}, with "
            f"the weights before {fit.before:.3f}; docent {decision}.",
            soft_wrap=True,
        )


def _print_abstention(report: AbstentionReport) -> None:
    out.print(
        Text(
            f"\n{report.name}: {format_count(len(report.answerable), 'question')} with an answer, "
            f"{len(report.unanswerable):,} without. AUROC {_format_estimate(report.auroc)}, "
            f"scores: {report.score}."
        ),
        soft_wrap=True,
    )
    if report.refused is not None:
        seen = f" The fit used {report.seen} of these questions." if report.seen else ""
        out.print(
            f"With the current threshold, docent refuses {report.refused} of "
            f"{len(report.unanswerable)} rightly and {report.false_refusals} of "
            f"{len(report.answerable)} wrongly.{seen}",
            soft_wrap=True,
        )
    table = Table("wrongly refused", "rightly refused")
    for row in report.table:
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


def _format_estimate(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
