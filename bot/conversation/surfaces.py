"""Surfaces: the places where people ask, each with its own way to answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.conversation.inbox_writer import Outcome
from bot.conversation.open_question import OpenQuestion
from bot.conversation.waiting_line import RemovePlace, ShowPlace

Handle = Callable[[OpenQuestion], Awaitable[Outcome]]
"""Answers one question."""


@dataclass(frozen=True, slots=True)
class SurfaceHandler:
    """The ways in which one surface treats its questions.

    Attributes:
        handle: answers one, and returns how that ended.
        show_place: shows a person that their question waits.
        remove_place: takes that back.
    """

    handle: Handle
    show_place: ShowPlace
    remove_place: RemovePlace
