"""Resumption: what a question that was interrupted or missed is told, and when it is hopeless."""

from __future__ import annotations

from bot.storage.inbox_entry import InboxEntry
from bot.texts import answers

CONTINUING_SECONDS = 30.0
"""A question that was interrupted is told so if it came longer ago than this."""

MAX_ATTEMPTS = 5
"""A question that was taken so many times without an end is given up."""


def is_hopeless(entry: InboxEntry) -> bool:
    """Return True if docent failed at a question too often."""
    return entry.attempts > MAX_ATTEMPTS


def render_first_progress(entry: InboxEntry) -> str:
    """Return the first sentence of an interrupted or missed question.

    Return an empty one for any other question.
    """
    if entry.is_resumed and entry.age > CONTINUING_SECONDS:
        return answers.CONTINUING
    return answers.AWAY_SEARCHING if entry.message.was_missed else ""
