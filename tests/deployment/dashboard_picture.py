"""Draws Grafana's dashboard from the answers of a Prometheus, as SVG, without Grafana.

    python -m tests.deployment.dashboard_picture http://127.0.0.1:9090 --minutes 4

Every query of `deploy/grafana/docent.json` is sent to the server; one that it refuses is an error.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from html import escape
from typing import Any

from tests.conftest import ROOT

FILE = ROOT / "docs" / "images" / "dashboard.svg"
DASHBOARD = ROOT / "deploy" / "grafana" / "docent.json"
CELL, ROW, GAP = 50, 24, 6
COLOURS = ("#3274d9", "#e0752d", "#37872d", "#c4162a", "#8f3bb8", "#b8860b", "#0a7c86", "#666666")
MOST_NAMES = 5

Points = list[tuple[float, float]]


def ask(server: str, query: str, end: float, seconds: int) -> dict[str, Points]:
    """The series of a query over the last seconds, by the texts of their labels."""
    step = max(1, seconds // 120)
    filled = query.replace("$__rate_interval", f"{5 * step}s").replace("$job", "docent")
    values = {"query": filled, "start": end - seconds, "end": end, "step": step}
    address = f"{server}/api/v1/query_range?{urllib.parse.urlencode(values)}"
    with urllib.request.urlopen(address, timeout=30) as response:
        found = json.load(response)["data"]["result"]
    return {
        json.dumps(each["metric"]): [(t, float(v)) for t, v in each["values"] if v != "NaN"]
        for each in found
    }


def name(legend: str, metric: str) -> str:
    labels = json.loads(metric)
    return re.sub(r"{{(\w+)}}", lambda match: labels.get(match[1], ""), legend)


def show(value: float, unit: str) -> str:
    """A number as its unit is written."""
    if unit == "bool_yes_no":
        return "Yes" if value else "No"
    if unit == "percentunit":
        return f"{value:.0%}"
    if unit == "s":
        return f"{value / 60:.0f} min" if value >= 120 else f"{value:.3g} s"
    return f"{value:.3g}" if value < 1000 else f"{value / 1000:.3g} K"


def text(
    x: float, y: float, words: str, *, size: int = 12, colour: str = "#333", **more: str
) -> str:
    rest = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in more.items())
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}"{rest}>{escape(words)}</text>'
    )


def draw_lines(series: dict[str, Points], place: Sequence[float], unit: str) -> list[str]:
    """Lines over a common time, the largest value, and the names below."""
    x, y, width, height, start, end = place
    top = max((v for points in series.values() for _, v in points), default=0) or 1
    parts = [
        f'<path d="M{x:g} {y + height:g}h{width:g}M{x:g} {y:g}h{width:g}" stroke="#ddd"/>',
        text(x, y - 3, show(top, unit), size=10, colour="#777"),
    ]
    for number, (label, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        dots = " ".join(
            f"{x + width * (t - start) / (end - start):.1f},{y + height * (1 - v / top):.1f}"
            for t, v in points
        )
        parts.append(
            f'<polyline points="{dots}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
        if number < MOST_NAMES:
            at = x + number * width / min(len(series), MOST_NAMES)
            parts.append(text(at, y + height + 16, label, size=10, colour=colour))
    return parts


def draw_panel(panel: dict[str, Any], server: str, end: float, seconds: int) -> str:
    grid = panel["gridPos"]
    x, y = grid["x"] * CELL + GAP, grid["y"] * ROW + GAP
    width, height = grid["w"] * CELL - GAP, grid["h"] * ROW - GAP
    unit = panel["fieldConfig"]["defaults"]["unit"]
    series: dict[str, Points] = {}
    for target in panel["targets"]:
        for metric, points in ask(server, target["expr"], end, seconds).items():
            if points and not all(math.isnan(v) for _, v in points):
                series[name(target["legendFormat"], metric)] = points
    parts = [
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="#fff" stroke="#ddd"/>',
        text(x + 8, y + 18, panel["title"], font_weight="bold"),
    ]
    if not series:
        parts.append(text(x + 8, y + 44, "No data", colour="#777"))
    elif panel["type"] == "stat":
        (points,) = series.values()
        parts.append(text(x + 8, y + 66, show(points[-1][1], unit), size=34, colour="#37872d"))
    else:
        place = (x + 8, y + 40, width - 16, height - 64, end - seconds, end)
        parts += draw_lines(series, place, unit)
    return "\n".join(parts)


def draw(server: str, end: float, seconds: int) -> str:
    """The whole dashboard."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    height = max(each["gridPos"]["y"] + each["gridPos"]["h"] for each in panels) * ROW + GAP
    width = 24 * CELL + GAP
    drawn = "\n".join(draw_panel(each, server, end, seconds) for each in panels)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif"><rect width="100%" height="100%" fill="#f4f5f5"/>\n'
        f"{drawn}\n</svg>\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", help="address of a Prometheus that scrapes docent")
    parser.add_argument("--minutes", type=int, default=5, help="how far back")
    parser.add_argument("--end", type=float, default=time.time(), help="seconds since 1970")
    chosen = parser.parse_args()
    FILE.write_text(draw(chosen.server.rstrip("/"), chosen.end, 60 * chosen.minutes))


if __name__ == "__main__":
    main()
