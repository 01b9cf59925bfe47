"""A conversation, as the pipeline reads it: its first message and its end."""

from __future__ import annotations

from collections.abc import Sequence

from bot.types import ThreadMessage
from rag_core.types import Turn

MAX_TURNS = 10
"""Last messages that the pipeline reads, beside the one that the conversation begins with."""

MAX_CHARACTERS = 6_000
"""Most characters of all turns."""

_FIRST_CHARACTERS = 1_500
_TURN_CHARACTERS = 1_500
_SHORTEST_TURN = 100
"""A turn that would be cut to less says nothing."""

_GAP = "\n…\n"


def build_turns(messages: Sequence[ThreadMessage], *, asker: str) -> tuple[Turn, ...]:
    """Return the first message and the last ones as turns.

    The first message is often what the question is about, so it is never left out. A question is
    also about other people's words ("we see this error", "docent, why?"). So their messages stay,
    marked as quotations. Those of people who may not ask are left out.
    """
    read = [
        message for message in (*messages[:1], *messages[1:][-MAX_TURNS:]) if message.is_readable
    ]
    if not read:
        return ()
    first = _build_turn(read[0], _FIRST_CHARACTERS, asker)
    room = MAX_CHARACTERS - len(first.text)
    last: list[Turn] = []
    for message in reversed(read[1:]):
        if room < min(_SHORTEST_TURN, len(message.text) + len(_QUOTATION)):
            break
        last.append(_build_turn(message, min(room, _TURN_CHARACTERS), asker))
        room -= len(last[-1].text)
    return (first, *reversed(last))


def shorten_middle(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters, without its middle."""
    if len(text) <= limit:
        return text
    head = (limit - len(_GAP)) // 2
    tail = limit - len(_GAP) - head
    return f"{text[:head]}{_GAP}{text[len(text) - tail :]}"


_QUOTATION = "> "


def _build_turn(message: ThreadMessage, limit: int, asker: str) -> Turn:
    is_quotation = not message.is_own and message.user != asker
    mark = _QUOTATION if is_quotation else ""
    text = mark + shorten_middle(message.text, limit - len(mark))
    return Turn("assistant" if message.is_own else "user", text)
