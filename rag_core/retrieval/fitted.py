"""Numbers that docent fitted to questions, and the commands that fit them again.

`python -m benchmarks.fit --json` prints the weights of the fusion and of the refusals. It asks the
questions of three documentations; each figure of docs/quality.md is of a fit that has not seen the
documentation it is about.
"""

from __future__ import annotations

FUSION_WEIGHTS = (1.985, 2.766, 4.138)
"""Weights of a page's mean cosine, its nearest chunk and its best BM25 score, all in [0, 1]."""

FUSION_BIAS = -8.5
"""Log-odds that a candidate without any evidence answers the question."""

STARTER_WEIGHTS = (5.6351, 10.8662, 3.1731, -18.2936)
"""Of the starter's refusals: cosine, rerank score, agreement and unknown words."""

STARTER_BIAS = -9.7507
"""Log-odds of an answer if all signals are 0."""

STARTER_THRESHOLD = 0.0673
"""Probability of an answer below which the starter refuses."""

STARTER_SUPPORT = 0.27
"""Cosine from which a passage supports a sentence; `python -m benchmarks.support --json`."""
