"""Charts as SVG, drawn by hand: bars with intervals, and histograms. Text in them is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from rag_core.evaluation.metrics import Estimate

_WIDTH, _ROW, _LABEL, _NUMBER = 640, 26, 150, 70
_HEIGHT, _BINS = 160, 20


@dataclass(frozen=True, slots=True)
class Series:
    """Scores in [0, 1] that a histogram shows in one colour."""

    name: str
    colour: str
    scores: Sequence[float]


def bars(values: Mapping[str, Estimate | float], *, unit: str = "") -> str:
    """A bar for each value, its interval as a line where it has one."""
    found = {name: _whole(value) for name, value in values.items()}
    most = max((value.high for value in found.values()), default=0.0) or 1.0
    scale = (_WIDTH - _LABEL - _NUMBER) / most
    rows = [
        _bar(number, name, value, scale, unit) for number, (name, value) in enumerate(found.items())
    ]
    return _svg(_ROW * len(rows) + 4, "".join(rows))


def _bar(number: int, name: str, value: Estimate, scale: float, unit: str) -> str:
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


def histogram(series: Sequence[Series], *, threshold: float | None = None) -> str:
    """How many questions have which score; the threshold as a dashed line."""
    counts = [_binned(one.scores) for one in series]
    most = max((max(found) for found in counts), default=0) or 1
    step = _WIDTH / _BINS
    width = (step - 4) / max(len(series), 1)
    parts = [
        f'<rect x="{place * step + 2 + width * index:.1f}" y="{_HEIGHT - _up(count, most):.1f}" '
        f'width="{width:.1f}" height="{_up(count, most):.1f}" fill="{one.colour}"/>'
        for index, (one, found) in enumerate(zip(series, counts, strict=True))
        for place, count in enumerate(found)
    ]
    if threshold is not None:
        x = min(max(threshold, 0.0), 1.0) * _WIDTH
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{_HEIGHT}" class="threshold"/>')
    parts += [
        f'<text x="{place * _WIDTH}" y="{_HEIGHT + 16}" text-anchor="{anchor}">{place:g}</text>'
        for place, anchor in ((0, "start"), (0.5, "middle"), (1, "end"))
    ]
    parts += [
        f'<text x="8" y="{14 + 16 * index}" fill="{one.colour}">{escape(one.name)}</text>'
        for index, one in enumerate(series)
    ]
    return _svg(_HEIGHT + 22, "".join(parts))


def _binned(scores: Sequence[float]) -> list[int]:
    counts = [0] * _BINS
    for score in scores:
        counts[min(max(int(score * _BINS), 0), _BINS - 1)] += 1
    return counts


def _up(count: int, most: int) -> float:
    return count / most * (_HEIGHT - 24)


def _whole(value: Estimate | float) -> Estimate:
    return value if isinstance(value, Estimate) else Estimate(value, value, value)


def _svg(height: int, inside: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{inside}</svg>'
