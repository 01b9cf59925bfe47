"""Charts as SVG without a library: bars with intervals, and histograms. Text is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from rag_core.evaluation.metrics import Estimate

_WIDTH, _ROW, _LABEL, _NUMBER = 480, 26, 140, 64  # narrow, so that letters are legible on a phone
_HEIGHT, _BINS, _LINE = 140, 20, 18
_SCALE = ((0, "start"), (0.5, "middle"), (1, "end"))


@dataclass(frozen=True, slots=True)
class Series:
    """Scores in [0, 1] that a histogram shows in one colour."""

    name: str
    colour: str
    scores: Sequence[float]


def draw_bars(values: Mapping[str, Estimate | float], *, unit: str = "") -> str:
    """Draw a bar for each value, with its interval as a line."""
    estimates = {name: _to_estimate(value) for name, value in values.items()}
    maximum = max((estimate.high for estimate in estimates.values()), default=0.0) or 1.0
    scale = (_WIDTH - _LABEL - _NUMBER) / maximum
    rows = [
        _draw_bar(number, name, estimate, scale, unit)
        for number, (name, estimate) in enumerate(estimates.items())
    ]
    return _wrap_svg(_ROW * len(rows) + 4, "".join(rows))


def _draw_bar(number: int, name: str, estimate: Estimate, scale: float, unit: str) -> str:
    top, middle = number * _ROW + 4, number * _ROW + 13
    end = _LABEL + estimate.value * scale
    low, high = _LABEL + estimate.low * scale, _LABEL + estimate.high * scale
    text = f"{estimate.value:.0f} {unit}" if unit else f"{estimate.value:.3f}"
    return (
        f'<text x="{_LABEL - 8}" y="{middle + 5}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{_LABEL}" y="{top}" width="{max(end - _LABEL, 0):.1f}" height="18" class="bar"/>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" class="interval"/>'
        f'<text x="{high + 6:.1f}" y="{middle + 5}">{escape(text)}</text>'
    )


def draw_histogram(
    series: Sequence[Series], *, threshold: float | None = None, axis: str = "score"
) -> str:
    """Draw how many questions have which score.

    Args:
        series: drawn side by side in each bin.
        threshold: drawn as a dashed line, with its meaning in the legend.
        axis: name of the scores.

    Returns:
        The SVG. The legend stands above the columns, so that nothing is drawn over it.
    """
    counts = [_count_bins(each.scores) for each in series]
    highest = max((max(bins) for bins in counts), default=0)
    legend = [
        _draw_legend_line(index, each.colour, f"{each.name}: {len(each.scores)} questions")
        for index, each in enumerate(series)
    ]
    if threshold is not None:
        legend.append(_draw_legend_line(len(series), "#222", f"- - below {threshold:.2f}: refused"))
    top = _LINE * len(legend) + 6
    parts = [*legend, *_draw_columns(series, counts, top), *_draw_axes(top, highest, axis)]
    if threshold is not None:
        x = min(max(threshold, 0.0), 1.0) * _WIDTH
        line = f'x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + _HEIGHT}"'
        parts.append(f'<line {line} class="threshold"/>')
    return _wrap_svg(top + _HEIGHT + 2 * _LINE + 4, "".join(parts))


def _draw_legend_line(index: int, colour: str, text: str) -> str:
    return f'<text x="0" y="{_LINE * index + 13}" fill="{colour}">{escape(text)}</text>'


def _draw_columns(
    series: Sequence[Series], counts: Sequence[Sequence[int]], top: int
) -> Iterator[str]:
    highest = max((max(bins) for bins in counts), default=0) or 1
    step = _WIDTH / _BINS
    width = (step - 4) / max(len(series), 1)
    for index, (each, bins) in enumerate(zip(series, counts, strict=True)):
        for number, count in enumerate(bins):
            height = count / highest * (_HEIGHT - _LINE)
            x, y = number * step + 2 + width * index, top + _HEIGHT - height
            yield (
                f'<rect x="{x:.1f}" y="{y:.1f}" '
                f'width="{width:.1f}" height="{height:.1f}" fill="{each.colour}">'
                f"<title>{number / _BINS:.2f} to {(number + 1) / _BINS:.2f}: {count}</title></rect>"
            )


def _draw_axes(top: int, highest: int, axis: str) -> Iterator[str]:
    """Draw the axis with its numbers and name, and the highest count."""
    base = top + _HEIGHT
    yield f'<path d="M0 {base}H{_WIDTH}" class="axis"/>'
    for score, anchor in _SCALE:
        x = score * _WIDTH
        yield f'<text x="{x:g}" y="{base + 16}" text-anchor="{anchor}">{score:g}</text>'
    middle = _WIDTH / 2
    yield f'<text x="{middle:g}" y="{base + 34}" text-anchor="middle">{escape(axis)}</text>'
    if highest:
        text = f"highest column: {highest}"
        yield f'<text x="{_WIDTH}" y="13" text-anchor="end">{text}</text>'


def _count_bins(scores: Sequence[float]) -> list[int]:
    counts = [0] * _BINS
    for score in scores:
        counts[min(max(int(score * _BINS), 0), _BINS - 1)] += 1
    return counts


def _to_estimate(value: Estimate | float) -> Estimate:
    return value if isinstance(value, Estimate) else Estimate(value, value, value)


def _wrap_svg(height: int, inside: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{inside}</svg>'
