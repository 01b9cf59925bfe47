"""Batches of a request: few enough texts for each server, halved where they are still too many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TOO_LARGE = (413, 422)
"""HTTP statuses by which servers refuse a batch that is too large."""

BATCH_TEXTS = 32
"""Texts of a request: TEI's default limit."""

_BATCH_CHARACTERS = 60_000  # about TEI's tokens in a batch; far below its 2 MB a request


def ask_in_batches(ask: Callable[[Sequence[str]], Floats | None], texts: Sequence[str]) -> Floats:
    """Join the answers of all batches; halve one that is too large."""
    answers: list[Floats] = []
    waiting = [*_split_batches(texts)][::-1]  # a stack, so the halves keep the order of the texts
    while waiting:
        batch = waiting.pop()
        answer = ask(batch)
        if answer is not None:
            answers.append(answer)
            continue
        middle = len(batch) // 2
        waiting += [batch[middle:], batch[:middle]]
    return np.concatenate(answers)


def _split_batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield neighbours as batches; a text above the limit goes alone."""
    start = characters = 0
    for end, text in enumerate(texts):
        characters += len(text)
        if end > start and (end - start == BATCH_TEXTS or characters > _BATCH_CHARACTERS):
            yield texts[start:end]
            start, characters = end, len(text)
    if start < len(texts):
        yield texts[start:]
