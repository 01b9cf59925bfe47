"""Charts as SVG, drawn by hand: bars with intervals, and histograms. Text in them is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from rag_core.evaluation.metrics import Estimate

_WIDTH, _ROW, _LABEL, _NUMBER = 480, 26, 140, 64  # narrow, or a telephone shows tiny letters
_HEIGHT, _BINS, _LINE = 140, 20, 18
_SCALE = ((0, "start"), (0.5, "middle"), (1, "end"))


@dataclass(frozen=True, slots=True)
class Series:
    """Scores in [0, 1] that a histogram shows in one colour."""

    name: str
    colour: str
    scores: Sequence[float]


def draw_bars(values: Mapping[str, Estimate | float], *, unit: str = "") -> str:
    """A bar for each value, its interval as a line where it has one."""
    found = {name: _to_estimate(value) for name, value in values.items()}
    most = max((value.high for value in found.values()), default=0.0) or 1.0
    scale = (_WIDTH - _LABEL - _NUMBER) / most
    rows = [
        _draw_bar(number, name, value, scale, unit)
        for number, (name, value) in enumerate(found.items())
    ]
    return _wrap_svg(_ROW * len(rows) + 4, "".join(rows))


def _draw_bar(number: int, name: str, value: Estimate, scale: float, unit: str) -> str:
    top, middle = number * _ROW + 4, number * _ROW + 13
    end = _LABEL + value.value * scale
    low, high = _LABEL + value.low * scale, _LABEL + value.high * scale
    shown = f"{value.value:.0f} {unit}" if unit else f"{value.value:.3f}"
    return (
        f'<text x="{_LABEL - 8}" y="{middle + 5}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{_LABEL}" y="{top}" width="{max(end - _LABEL, 0):.1f}" height="18" class="bar"/>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" class="interval"/>'
        f'<text x="{high + 6:.1f}" y="{middle + 5}">{escape(shown)}</text>'
    )


def draw_histogram(
    series: Sequence[Series], *, threshold: float | None = None, axis: str = "score"
) -> str:
    """How many questions have which score; the threshold as a dashed line.

    What the colours and the line mean stands above the columns, where nothing is drawn over it.
    """
    counts = [_count_bins(one.scores) for one in series]
    most = max((max(found) for found in counts), default=0)
    legend = [
        _draw_legend_line(index, one.colour, f"{one.name}: {len(one.scores)} questions")
        for index, one in enumerate(series)
    ]
    if threshold is not None:
        legend.append(_draw_legend_line(len(series), "#222", f"- - below {threshold:.2f}: refused"))
    top = _LINE * len(legend) + 6
    parts = [*legend, *_draw_columns(series, counts, top), *_draw_axes(top, most, axis)]
    if threshold is not None:
        x = min(max(threshold, 0.0), 1.0) * _WIDTH
        line = f'x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + _HEIGHT}"'
        parts.append(f'<line {line} class="threshold"/>')
    return _wrap_svg(top + _HEIGHT + 2 * _LINE + 4, "".join(parts))


def _draw_legend_line(index: int, colour: str, words: str) -> str:
    return f'<text x="0" y="{_LINE * index + 13}" fill="{colour}">{escape(words)}</text>'


def _draw_columns(
    series: Sequence[Series], counts: Sequence[Sequence[int]], top: int
) -> Iterator[str]:
    most = max((max(found) for found in counts), default=0) or 1
    step = _WIDTH / _BINS
    width = (step - 4) / max(len(series), 1)
    for index, (one, found) in enumerate(zip(series, counts, strict=True)):
        for place, count in enumerate(found):
            high = count / most * (_HEIGHT - _LINE)
            yield (
                f'<rect x="{place * step + 2 + width * index:.1f}" y="{top + _HEIGHT - high:.1f}" '
                f'width="{width:.1f}" height="{high:.1f}" fill="{one.colour}">'
                f"<title>{place / _BINS:.2f} to {(place + 1) / _BINS:.2f}: {count}</title></rect>"
            )


def _draw_axes(top: int, most: int, axis: str) -> Iterator[str]:
    """The line that the columns stand on, its numbers and name, and the count of the highest."""
    base = top + _HEIGHT
    yield f'<path d="M0 {base}H{_WIDTH}" class="axis"/>'
    for place, anchor in _SCALE:
        x = place * _WIDTH
        yield f'<text x="{x:g}" y="{base + 16}" text-anchor="{anchor}">{place:g}</text>'
    middle = _WIDTH / 2
    yield f'<text x="{middle:g}" y="{base + 34}" text-anchor="middle">{escape(axis)}</text>'
    if most:
        words = f"highest column: {most}"
        yield f'<text x="{_WIDTH}" y="13" text-anchor="end">{words}</text>'


def _count_bins(scores: Sequence[float]) -> list[int]:
    counts = [0] * _BINS
    for score in scores:
        counts[min(max(int(score * _BINS), 0), _BINS - 1)] += 1
    return counts


def _to_estimate(value: Estimate | float) -> Estimate:
    return value if isinstance(value, Estimate) else Estimate(value, value, value)


def _wrap_svg(height: int, inside: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{inside}</svg>'
