from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from rag_core.evaluation.charts import Series, draw_bars, draw_histogram
from rag_core.evaluation.metrics import Estimate

words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=20)
shares = st.floats(0, 1)


@given(st.dictionaries(words, shares, max_size=5))
def test_bars_are_svg_whatever_they_are_called(values):
    found = ET.fromstring(draw_bars(values))
    assert len(found.findall("rect")) == len(values)
    assert [label.text or "" for label in found.findall("text")[::2]] == list(values)


def test_an_interval_is_drawn_around_the_end_of_its_bar():
    (line,) = ET.fromstring(draw_bars({"a": Estimate(0.5, 0.4, 0.6)})).findall("line")
    (bar,) = ET.fromstring(draw_bars({"a": Estimate(0.5, 0.4, 0.6)})).findall("rect")
    end = float(bar.attrib["x"]) + float(bar.attrib["width"])
    assert float(line.attrib["x1"]) < end < float(line.attrib["x2"])


@given(words, st.lists(shares), shares)
def test_a_histogram_counts_every_score(name, scores, threshold):
    series = Series(name, "#123456", scores)
    found = ET.fromstring(draw_histogram([series], threshold=threshold))
    assert len(found.findall("rect")) == 20
    assert len(found.findall("line")) == 1


def test_a_legend_stands_above_the_columns_and_the_line():
    found = ET.fromstring(draw_histogram([Series("with", "#123456", [0.9] * 7)], threshold=0.1))
    said = {text.text: float(text.attrib["y"]) for text in found.findall("text")}
    top = min(float(bar.attrib["y"]) for bar in found.findall("rect"))
    (line,) = found.findall("line")
    for words in ("with: 7 questions", "- - below 0.10: refused", "highest column: 7"):
        assert said[words] < min(top, float(line.attrib["y1"]))


def test_nothing_at_all_is_a_chart_too():
    ET.fromstring(draw_bars({}))
    ET.fromstring(draw_histogram([]))
