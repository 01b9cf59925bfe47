"""The report as one HTML page that loads nothing from the network."""

from __future__ import annotations

from importlib.resources import files

from rag_core.evaluation import charts
from rag_core.evaluation.report import MEASURE_NAMES, AbstentionReport, EvaluationReport

_YES, _NO = "#2a78b8", "#c8553d"
_AXES = {
    "left out": "probability of an answer, by fits that have not seen the question",
    "as set": "probability of an answer, by the decision in use",
    "cosine": "cosine of the best passage",
}


def render_html(report: EvaluationReport, *, threshold: float | None = None) -> str:
    """Render a report as an HTML page.

    Args:
        report: the evaluation.
        threshold: probability below which docent refuses now; None if it refuses nothing.
    """
    from jinja2 import Environment
    from markupsafe import Markup

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((files(__package__) / "report.html").read_text())
    # The charts escape their own text.
    return template.render(
        report=report,
        names=list(MEASURE_NAMES.values()),
        bars={name: Markup(_draw_method_bars(report, name)) for name in ("ndcg@10", "hit@3")},  # noqa: S704
        latency=Markup(_draw_latency(report)),  # noqa: S704
        histograms=[
            (each, Markup(_draw_histogram(each, threshold)))  # noqa: S704
            for each in report.abstention
        ],
    )


def _draw_method_bars(report: EvaluationReport, name: str) -> str:
    return charts.draw_bars(
        {method: estimates[name] for method, estimates in report.methods.items()}
    )


def _draw_latency(report: EvaluationReport) -> str:
    return charts.draw_bars(
        {stage: p50 for stage, (p50, _) in report.milliseconds.items()}, unit="ms"
    )


def _draw_histogram(report: AbstentionReport, threshold: float | None) -> str:
    series = (
        charts.Series("with an answer", _YES, report.answerable),
        charts.Series("without", _NO, report.unanswerable),
    )
    # The threshold in use has no meaning for scores of other fits, or for cosines.
    threshold = threshold if report.score == "as set" else None
    return charts.draw_histogram(series, threshold=threshold, axis=_AXES[report.score])
