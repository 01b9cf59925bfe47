"""Waiting for the network, in short stretches: whoever watches a sync can end it meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from ingest.sources.source import DownloadCallback, DownloadProgress

CHECK_SECONDS = 0.5
"""Between two looks at whether to go on."""

CancelCheck = Callable[[], None]
"""Called while docent waits; what it raises ends the waiting."""


def skip_cancel_check() -> None:
    """Nobody looks."""


class DownloadReporter:
    """Tells how far a download is, and tells it again while the download waits."""

    def __init__(self, source: str, progress: DownloadCallback) -> None:
        self._latest = DownloadProgress(source, 0)
        self._progress = progress

    def __call__(self, received: DownloadProgress) -> None:
        """Tell it."""
        self._latest = received
        self._progress(received)

    def repeat_last(self) -> None:
        """The same as before; whoever hears it may raise, which ends the download."""
        self._progress(self._latest)
