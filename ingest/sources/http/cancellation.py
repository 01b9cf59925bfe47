"""Cancellation of downloads, checked while docent waits for the network."""

from __future__ import annotations

from collections.abc import Callable

from ingest.sources.source import DownloadCallback, DownloadProgress

CHECK_SECONDS = 0.5
"""Seconds between two checks."""

CancelCheck = Callable[[], None]
"""Called while docent waits; an exception from it ends the wait."""


def skip_cancel_check() -> None:
    """Do nothing: the wait can't be cancelled."""


class DownloadReporter:
    """Reports how far a download is, and repeats the report while the download waits."""

    def __init__(self, source: str, callback: DownloadCallback) -> None:
        self._latest = DownloadProgress(source, 0)
        self._callback = callback

    def __call__(self, progress: DownloadProgress) -> None:
        """Report progress."""
        self._latest = progress
        self._callback(progress)

    def repeat_last(self) -> None:
        """Report the last progress again.

        The callback may raise an exception, which ends the download.
        """
        self._callback(self._latest)
