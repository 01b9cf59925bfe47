"""Numbers that docent fitted to questions, and the commands that fit them again.

`python -m benchmarks.fit --json` prints the weights of the fusion and of the refusals. Each figure
of docs/quality.md is of a fit that has not seen the documentation it is about.
"""

from __future__ import annotations

FUSION_WEIGHTS = (1.899, 2.693, 3.994)
"""Weights of a page's mean cosine, its nearest chunk and its best BM25 score, all in [0, 1]."""

FUSION_BIAS = -7.996
"""Log-odds that a candidate without any evidence answers the question."""

STARTER_WEIGHTS = (13.7244, 13.5763, 0.0, 0.0)
"""Of the starter's refusals: cosine, rerank score, agreement and unknown words. The last two say
less about a documentation that the fit has not seen."""

STARTER_BIAS = -13.9131
"""Log-odds of an answer if all signals are 0."""

STARTER_THRESHOLD = 0.2552
"""Probability of an answer below which the starter refuses."""

STARTER_SURE = 0.4972
"""Probability of an answer from which the starter answers without doubt."""

STARTER_SUPPORT = 0.27
"""Cosine from which a passage supports a sentence; `python -m benchmarks.support --json`."""

LEANING_WEIGHTS = (2.987, -3.454, 3.91, 3.598, -2.482, -2.506)
"""Of the signals that a question leans on its thread; `python -m benchmarks.follow_ups --fit`."""

LEANING_BIAS = 2.812
"""Log-odds that a question leans on its thread if all signals are 0."""

DIVIDED_WEIGHTS = (2.546, 0.956, -2.041, -4.557, 2.222, 0.36, 2.648, 1.71, -0.697)
"""Of the signals that a message asks two things; `python -m benchmarks.multi_part --fit`."""

DIVIDED_BIAS = 4.247
"""Log-odds that a message asks two things if all signals are 0."""
