"""The end of a conversation, as the pipeline reads it."""

from __future__ import annotations

from bot.types import ThreadMessage
from rag_core.types import Turn

MAX_TURNS = 10


MAX_CHARACTERS = 6_000
"""Most that is kept of a thread, its end."""


_MAX_TURN_CHARACTERS = 1_500


def build_turns(said: tuple[ThreadMessage, ...], *, asker: str) -> tuple[Turn, ...]:
    """The end of a conversation as the pipeline reads it.

    A question is often about other people's words ("we see this error", "docent, why?"), so they
    are kept, marked as quotations.
    """
    kept: list[Turn] = []
    room = MAX_CHARACTERS
    for one in reversed(said[-MAX_TURNS:]):
        text = one.text[:_MAX_TURN_CHARACTERS]
        if room < len(text):
            break
        room -= len(text)
        quoted = text if one.is_own or one.user == asker else f"> {text}"
        kept.append(Turn("assistant" if one.is_own else "user", quoted))
    return tuple(reversed(kept))
