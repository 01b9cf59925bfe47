"""The conversation before a question, cut to the part that the LLM reads."""

from __future__ import annotations

from collections.abc import Sequence

from rag_core.types import Turn

HISTORY_TURNS = 8
"""Last turns that the LLM reads: earlier ones rarely matter, and cost tokens each time."""

HISTORY_CHARACTERS = 1_500
"""Characters of each turn; most answers of docent are shorter."""


def truncate_history(history: Sequence[Turn], *, turns: int, characters: int) -> tuple[Turn, ...]:
    """Cut a conversation to its last turns, and each turn.

    Args:
        history: the turns, oldest first.
        turns: most turns.
        characters: most characters of a turn; ` …` marks a cut.

    Returns:
        The last turns, oldest first.
    """
    return tuple(
        Turn(turn.role, f"{turn.text[:characters]} …" if len(turn.text) > characters else turn.text)
        for turn in history[-turns:]
    )
