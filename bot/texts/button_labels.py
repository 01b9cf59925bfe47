"""Render the labels of an answer's buttons and modals, and what they post."""

from __future__ import annotations

from collections.abc import Mapping

from bot.texts.catalog import LocalizedMapping, find_constant, say

GOOD = "👍"
BAD = "👎"

REASONS: Mapping[str, str] = LocalizedMapping(
    {reason: f"reason.{reason}" for reason in ("wrong", "outdated", "incomplete", "not_asked")}
)
"""The label of each reason, by the word that is stored."""


__getattr__ = find_constant
"""A sentence without placeholders: `button_labels.CLOSE`, in the current task's language."""


def render_escalation(user: str) -> str:
    """Return the line above a question that is passed on to people."""
    return say("asks_people", user=user)


def render_answer_place(link: str) -> str:
    """Return the place to answer it; `link` is empty for direct messages."""
    return say("asked_in_thread", link=link) if link else say("asked_in_direct")


def render_passed_on(channel: str) -> str:
    """Return the confirmation that a question was passed on."""
    return say("passed_on", channel=channel)


def render_already_passed_on(channel: str) -> str:
    """Return the reply to a question that was passed on before."""
    return say("passed_on_before", channel=channel)
