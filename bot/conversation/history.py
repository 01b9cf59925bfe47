"""The end of a conversation, as the pipeline reads it."""

from __future__ import annotations

from bot.types import ThreadMessage
from rag_core.types import Turn

MAX_TURNS = 10
MAX_CHARACTERS = 6_000
"""Limits of the history that the pipeline reads: the end of a thread."""

_MAX_TURN_CHARACTERS = 1_500


def build_turns(messages: tuple[ThreadMessage, ...], *, asker: str) -> tuple[Turn, ...]:
    """Return the end of a thread as turns for the pipeline.

    A question is often about other people's words ("we see this error", "docent, why?"). So their
    messages stay, marked as quotations.
    """
    turns: list[Turn] = []
    room = MAX_CHARACTERS
    for message in reversed(messages[-MAX_TURNS:]):
        text = message.text[:_MAX_TURN_CHARACTERS]
        if room < len(text):
            break
        room -= len(text)
        is_quotation = not message.is_own and message.user != asker
        turns.append(
            Turn("assistant" if message.is_own else "user", f"> {text}" if is_quotation else text)
        )
    return tuple(reversed(turns))
