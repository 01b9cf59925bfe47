"""Surfaces: the places where people ask, each with its own way to answer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from bot.conversation.inbox_writer import Outcome
from bot.conversation.open_question import OpenQuestion
from bot.types import IncomingMessage, Surface


class SurfaceHandler(Protocol):
    """Answers the questions of one surface."""

    async def handle(self, question: OpenQuestion) -> Outcome:
        """Answer one question; return how that ended."""

    async def show_place(
        self, message: IncomingMessage, place: int, posted: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Show a person the place of their question in the line.

        Args:
            message: the question.
            place: its place, from 1.
            posted: docent's messages that showed it before.

        Returns:
            The messages that show it now; none if a status was enough.
        """

    async def withdraw(self, message: IncomingMessage, posted: tuple[str, ...]) -> None:
        """Remove the messages that showed the place of a question."""


class Surfaces:
    """Gives each question to the surface on which it was asked."""

    def __init__(self) -> None:
        self._handlers: dict[Surface, SurfaceHandler] = {}

    @property
    def names(self) -> Collection[Surface]:
        """The surfaces of this process, also those that are added later."""
        return self._handlers.keys()

    def add(self, surface: Surface, handler: SurfaceHandler) -> None:
        """Let a surface answer its questions."""
        self._handlers[surface] = handler

    async def handle(self, question: OpenQuestion) -> Outcome:
        """Answer one question where it was asked."""
        return await self._handlers[question.entry.message.surface].handle(question)

    async def show_place(
        self, message: IncomingMessage, place: int, posted: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Show a person the place of their question, where they asked.

        Args:
            message: the question.
            place: its place, from 1.
            posted: docent's messages that showed it before.

        Returns:
            The messages that show it now.
        """
        return await self._handlers[message.surface].show_place(message, place, posted)

    async def withdraw(self, message: IncomingMessage, posted: tuple[str, ...]) -> None:
        """Remove the messages that showed a question's place."""
        await self._handlers[message.surface].withdraw(message, posted)
