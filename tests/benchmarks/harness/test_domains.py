from __future__ import annotations

import pytest

from benchmarks.harness.domains import QUESTIONS, Example, dev_questions, fit_logistic, shorten


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("en/reference/index.md", "reference/index.md"),
        ("docs/en/docs/tutorial/cors.md", "tutorial/cors.md"),
        ("ray-core/actors.rst", "ray-core/actors.rst"),
    ],
)
def test_a_page_is_named_as_the_judgements_name_it(path, page):
    assert shorten(path) == page


def test_the_questions_have_grades(shared):
    assert shared
    for name in QUESTIONS:
        assert all(grades for _, grades in dev_questions(name))


def test_a_fit_finds_the_signal_that_decides_in_every_domain():
    examples = [
        Example((float(label) + noise / 10, noise / 10), label, domain)
        for domain in "abc"
        for label in (0, 1)
        for noise in range(6)
    ]
    fitted = fit_logistic(examples)
    assert fitted["auroc_domain_left_out"] == 1.0
    assert fitted["examples"] == 36
    first, second = fitted["weights"]
    assert first > abs(second)
    assert fitted["bias"] < 0
