"""Grafana's dashboard asks for metrics, labels and values that docent has."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any, get_args

import pytest
from prometheus_client import Counter, Gauge, Histogram

from bot.health.metrics import STAGES, Metrics, Outcome
from tests.conftest import ROOT
from tests.deployment import dashboard_picture
from tests.handbook import DOCS

FILE = ROOT / "deploy" / "grafana" / "docent.json"
DASHBOARD: dict[str, Any] = json.loads(FILE.read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
}
OF_PROMETHEUS = {"le", "job"}
COLUMNS = 24


def published() -> dict[str, frozenset[str]]:
    """Labels of each series, by its name."""
    return {
        each._name + suffix: frozenset(each._labelnames)
        for each in vars(Metrics()).values()
        if isinstance(each, Counter | Gauge | Histogram)
        for suffix in SUFFIXES[each._type]
    }


SERIES = published()


QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]


def selectors(query: str) -> list[tuple[str, str]]:
    """Each series of a query and what is between its braces."""
    return re.findall(r"\b(docent_\w+)(?:\{([^}]*)\})?", query)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_what_docent_publishes(query: str):
    found = selectors(query)
    assert found
    for name, matchers in found:
        labels = set(re.findall(r'(\w+)(?==~?"|!=?~?")', matchers))
        assert labels - OF_PROMETHEUS <= SERIES[name]
        assert "job" in labels, "else two services are added up"
    grouped = re.findall(r"\bby \(([\w, ]+)\)", query)
    allowed = OF_PROMETHEUS.union(*(SERIES[name] for name, _ in found))
    assert {label for group in grouped for label in group.split(", ")} <= allowed
    assert query.count("(") == query.count(")")


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_names_stages_and_ends_that_there_are(query: str):
    for name, matchers in selectors(query):
        values = dict(re.findall(r'(\w+)!?=~?"([^"]*)"', matchers))
        if "stage" in values:
            assert set(values["stage"].split("|")) <= set(STAGES)
        if name == "docent_questions_total" and "status" in values:
            assert values["status"] in {"answered", "not_found", *get_args(Outcome)}


def test_what_each_docent_says_of_all_of_them_is_not_added_up():
    for query in QUERIES:
        for name in ("docent_open_questions", "docent_index_age_seconds", "docent_ready"):
            if name in query:
                assert not re.search(rf"\bsum\b[^{{]*{name}", query)


def test_counters_are_asked_how_much_they_grew():
    for query in QUERIES:
        for name, _ in selectors(query):
            if name.endswith(("_total", "_bucket", "_sum", "_count")):
                assert re.search(rf"\b(rate|increase)\({name}\{{[^}}]*\}}\[[^\]]+\]\)", query)


def test_every_metric_is_shown():
    shown = {name for query in QUERIES for name, _ in selectors(query)}
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in SERIES}
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in shown} == families


def test_legends_name_labels_that_the_query_keeps():
    for panel in PANELS:
        for target in panel["targets"]:
            kept = {
                label
                for group in re.findall(r"\bby \(([\w, ]+)\)", target["expr"])
                for label in group.split(", ")
            }
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) == kept - {"le"}


def test_panels_fill_rows_and_lie_on_no_other():
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        taken |= cells
    height = max(y for _, y in taken) + 1
    assert len(taken) == COLUMNS * height
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_the_dashboard_fits_any_grafana():
    """No data source or job of one installation stands in it."""
    names = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert names == {"source", "job"}
    uids = {panel["datasource"]["uid"] for panel in PANELS}
    uids |= {target["datasource"]["uid"] for panel in PANELS for target in panel["targets"]}
    assert uids == {"${source}"}
    assert DASHBOARD.get("id") is None
    assert all(panel["title"] and panel["description"].endswith(".") for panel in PANELS)


def test_the_drawing_has_each_panel_and_is_in_the_handbook():
    drawing = ET.parse(dashboard_picture.FILE).getroot()
    words = {element.text for element in drawing.iter() if element.tag.endswith("text")}
    assert {panel["title"] for panel in PANELS} <= words
    assert f"(images/{dashboard_picture.FILE.name})" in (DOCS / "monitoring.md").read_text()


def test_a_panel_draws_what_prometheus_answers(monkeypatch):
    def ask(server: str, query: str, end: float, seconds: int) -> dict[str, list]:
        assert server == "http://prometheus"
        assert selectors(query)
        metric = json.dumps({"status": "<answered>", "origin": "direct", "stage": "total"})
        return {metric: [(end - seconds, 0.0), (end, 4.0)]}

    monkeypatch.setattr(dashboard_picture, "ask", ask)
    drawing = ET.fromstring(dashboard_picture.draw("http://prometheus", 1_000.0, 100))
    tags = [element.tag.rpartition("}")[2] for element in drawing.iter()]
    words = {element.text for element in drawing.iter()}
    charts = [panel for panel in PANELS if panel["type"] == "timeseries"]
    assert tags.count("polyline") >= len(charts)
    assert {"<answered>", "direct", "total, median", "Yes", "400%", "4 s"} <= words
