"""The consoles of the commands: every text loses its control characters, and markup is text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.segment import Segment

from bot.printable import strip_controls

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType


class CleanConsole(Console):
    """A console of Rich that prints texts of documents, people and LLMs as text.

    All output goes through `render`, so nothing is forgotten. Colours and the movements of the
    progress bar are docent's own, and stay.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render with Rich, and strip the texts."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(strip_controls(segment.text), segment.style)


out = CleanConsole()
err = CleanConsole(stderr=True)
