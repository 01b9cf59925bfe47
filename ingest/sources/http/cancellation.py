"""Waiting for the network, in short stretches: whoever watches a sync can end it meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from ingest.sources.source import Received, ReceivedCallback

LOOK_SECONDS = 0.5
"""Between two looks at whether to go on."""

Look = Callable[[], None]
"""Called while docent waits; what it raises ends the waiting."""


def unseen() -> None:
    """Nobody looks."""


class Told:
    """Tells how far a download is, and tells it again while the download waits."""

    def __init__(self, source: str, progress: ReceivedCallback) -> None:
        self._latest = Received(source, 0)
        self._progress = progress

    def __call__(self, received: Received) -> None:
        """Tell it."""
        self._latest = received
        self._progress(received)

    def again(self) -> None:
        """The same as before; whoever hears it may raise, which ends the download."""
        self._progress(self._latest)
