from __future__ import annotations

import numpy as np
import pytest

from rag_core.retrieval.forms import UNSURE, SearchedForm, choose_form
from rag_core.retrieval.hybrid_search import FusedCandidates
from rag_core.types import Candidate
from tests.rag_core.fakes import make_chunk


def search(text: str, **scores: float) -> SearchedForm:
    candidates = tuple(
        Candidate(make_chunk(path=path), score, None, 1) for path, score in scores.items()
    )
    return SearchedForm(text, np.ones(1, np.float32), FusedCandidates(candidates, True))


ASKED, OTHER = search("asked", a=1.0, b=0.5), search("other", c=2.0, a=0.2)


def list_paths(part):
    return [each.chunk.path for each in part.lead.found.candidates]


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5 - UNSURE - 0.01])
def test_a_question_that_stands_alone_leads_alone(probability):
    part = choose_form(ASKED, OTHER, probability)
    assert (part.lead, part.queries, part.asked) == (ASKED, ("asked",), "asked")


def test_a_question_that_leans_is_led_by_the_other_form():
    part = choose_form(ASKED, OTHER, 0.9)
    assert (part.lead, part.queries, part.asked) == (OTHER, ("other",), "asked")


@pytest.mark.parametrize(
    ("probability", "queries", "first"),
    [(0.4, ("asked", "other"), "a"), (0.6, ("other", "asked"), "c")],
)
def test_in_doubt_both_are_fused_and_keep_their_first_pages(probability, queries, first):
    part = choose_form(ASKED, OTHER, probability)
    assert part.queries == queries
    assert part.lead.text == queries[0]
    assert list_paths(part)[0] == first
    assert set(list_paths(part)[:2]) == {"a", "c"}
    assert all(0 <= each.retrieval_score <= 1 for each in part.lead.found.candidates)


def test_a_form_that_found_nothing_adds_nothing():
    part = choose_form(ASKED, search("other"), 0.45)
    assert list_paths(part) == ["a", "b"]
    negative = choose_form(ASKED, search("other", a=-1.0), 0.45)
    assert list_paths(negative) == ["a", "b"]
