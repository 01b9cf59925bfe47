from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag_core.evaluation.methods import METHODS
from rag_core.evaluation.metrics import Estimate, compute_refusals
from rag_core.evaluation.page import render_html
from rag_core.evaluation.report import (
    MEASURE_NAMES,
    AbstentionReport,
    EvaluationReport,
    JudgeReport,
    WorstQuestion,
)

ONE = Estimate(0.5, 0.4, 0.6)
ELEMENTS = {
    *("html", "meta", "title", "style", "h1", "h2", "h3", "p", "table", "tr", "th", "td", "small"),
    *("br", "svg", "text", "rect", "line", "path", "div"),
}


def report(hostile: str, *, score: str = "as set") -> EvaluationReport:
    return EvaluationReport(
        model=hostile,
        reranker=hostile,
        revision=hostile,
        chunks=3,
        level="page",
        questions=1,
        absent=(hostile,),
        methods={method: dict.fromkeys(MEASURE_NAMES.values(), ONE) for method in METHODS},
        abstention=(
            AbstentionReport(
                hostile, score, ONE, compute_refusals([0.9], [0.1]), 0, 1, 7, (0.9,), (0.1,)
            ),
        ),
        milliseconds={hostile: (1.0, 2.0)},
        worst=(WorstQuestion(hostile, 0.1, (hostile,), (hostile,)),),
        judged=JudgeReport(hostile, "1", 1, ONE, ONE),
    )


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.text += data


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("<script>alert(1)</script>")
@example('"><img src=x onerror=alert(1)>')
@example("</style></title><a href='https://bad.example'>")
@example("{{ 7 * 7 }}{% raw %}")
def test_hostile_words_are_text_and_nothing_else(hostile):
    seen = Seen()
    seen.feed(render_html(report(hostile), threshold=0.3))
    assert seen.elements <= ELEMENTS
    assert not seen.attributes & {"src", "href", "onerror", "style", "onload"}


@pytest.mark.parametrize("words", ["recall@50", "AUROC 0.500", "Why?", "The worst questions"])
def test_the_page_says_what_was_found(words):
    seen = Seen()
    seen.feed(render_html(report("Why?")))
    assert words in seen.text


@pytest.mark.parametrize(
    ("score", "axis", "lines"),
    [
        ("as set", "by the decision in use", 1),
        ("left out", "fits that have not seen", 0),
        ("cosine", "cosine of the best", 0),
    ],
)
def test_the_threshold_in_use_is_drawn_over_its_own_scores_only(score, axis, lines):
    page = render_html(report("Why?", score=score), threshold=0.3)
    assert axis in page
    assert page.count('class="threshold"') == lines


def test_each_worst_question_names_its_cells_for_a_narrow_window():
    page = render_html(report("Why?"))
    for name in ("question", "nDCG@10", "wanted", "found"):
        assert f'data-name="{name}"' in page


def test_the_page_needs_no_network():
    page = render_html(report("Why?"))
    assert "http" not in page
    assert "url(" not in page
