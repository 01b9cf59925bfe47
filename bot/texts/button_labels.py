"""Words of the buttons and modals of an answer; the texts are in `sentences`."""

from __future__ import annotations

from collections.abc import Mapping

from bot.texts.catalog import Spoken, constant, say

GOOD = "👍"
BAD = "👎"

REASONS: Mapping[str, str] = Spoken(
    {reason: f"reason.{reason}" for reason in ("wrong", "outdated", "incomplete", "not_asked")}
)
"""By the word that is stored."""


__getattr__ = constant
"""A sentence without placeholders: `button_labels.CLOSE`, in the current task's language."""


def somebody_asks(user: str) -> str:
    """Begins a question that is passed on."""
    return say("somebody_asks", user=user)


def where_asked(link: str) -> str:
    """Ends a question that is passed on; `link` is empty for a direct message."""
    return say("asked_in_thread", link=link) if link else say("asked_in_direct")


def passed_on(channel: str) -> str:
    """Told to who passes a question on."""
    return say("passed_on", channel=channel)


def passed_on_before(channel: str) -> str:
    """Told to who passes on what was passed on before."""
    return say("passed_on_before", channel=channel)
