"""The conversation before a question: how much of it the LLM reads."""

from __future__ import annotations

from collections.abc import Sequence

from rag_core.types import Turn

HISTORY_TURNS = 8
"""The last turns that the LLM reads: what was said long ago rarely matters, and costs each time."""


HISTORY_CHARACTERS = 1_500
"""Of each turn; an answer of docent is mostly shorter."""


def truncate_history(history: Sequence[Turn], *, turns: int, characters: int) -> tuple[Turn, ...]:
    """The last turns, each cut to so many characters."""
    return tuple(
        Turn(turn.role, f"{turn.text[:characters]} …" if len(turn.text) > characters else turn.text)
        for turn in history[-turns:]
    )
