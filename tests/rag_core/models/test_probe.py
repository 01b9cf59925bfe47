from __future__ import annotations

import numpy as np
import pytest

from rag_core.errors import RerankerError
from rag_core.models.minilm import MiniLM
from rag_core.models.probe import PASSAGES, QUESTIONS, probe_reranker


def probe(*rows):
    """Probe a model that gives these scores, a row for each question."""
    table = dict(zip(QUESTIONS, rows, strict=True))
    probe_reranker("m", lambda question, _: np.array(table[question], np.float32), "mend it")


def test_the_right_order_passes_whatever_the_scores_are():
    probe((0.9, 0.1), (0.1, 0.9))
    probe((1e-6, 1e-7), (0.998, 0.999))


@pytest.mark.parametrize(
    "rows",
    [
        ((0.1, 0.9), (0.9, 0.1)),
        ((0.9, 0.1), (0.9, 0.1)),  # one passage is always the best
        ((0.1, 0.9), (0.1, 0.9)),
        ((0.5, 0.5), (0.1, 0.9)),
        ((0.9, 0.1), (0.5, 0.5)),
    ],
)
def test_another_order_does_not(rows):
    with pytest.raises(
        RerankerError, match=r"^The reranker m scores .* no higher than .*: mend it\.$"
    ):
        probe(*rows)


def test_the_starters_late_interaction_would_pass():
    probe_reranker("MiniLM", MiniLM().rerank, "mend it")
    assert len(QUESTIONS) == len(PASSAGES) == 2
