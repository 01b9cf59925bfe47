"""The conversation before a question, cut to the part that is read."""

from __future__ import annotations

from collections.abc import Sequence

from rag_core.types import Turn

HISTORY_TURNS = 10
"""Last turns that are read, in search and in answer alike; earlier ones rarely matter. The first
turn of a thread is always read: what all others are about."""

HISTORY_CHARACTERS = 1_500
"""Characters of each turn that the answer is written from; most answers of docent are shorter."""


def select_turns(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """Select the first turn and the last ones, oldest first."""
    return (*history[:1], *history[1:][-HISTORY_TURNS:])


def truncate_history(history: Sequence[Turn], *, characters: int) -> tuple[Turn, ...]:
    """Cut a conversation to its first and last turns, and each turn.

    A cut is marked by ` …`.
    """
    return tuple(
        Turn(turn.role, f"{turn.text[:characters]} …" if len(turn.text) > characters else turn.text)
        for turn in select_turns(history)
    )
