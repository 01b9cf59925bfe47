"""The trial of a source: can docent read it, and how much is there, before anything is indexed."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.errors import SourceEmptyError
from ingest.formats import is_document
from ingest.loading.loader import read_wanted_files
from ingest.sources import DownloadProgress, Downloads, Source
from ingest.sources.source import DownloadCallback, ignore_download_progress
from rag_core.english import format_count

TRIAL_PAGES = 3
"""Pages of a website that a trial reads: each takes a second by default."""


class _EnoughError(Exception):
    """A trial has seen enough of a source."""

    def __init__(self, progress: DownloadProgress) -> None:
        super().__init__()
        self.progress = progress


@dataclass(frozen=True, slots=True)
class SourceTrial:
    """The result of a trial.

    Attributes:
        source: name of the source.
        files: documents that were read.
        is_whole: False if there is more than was read.
        failures: a line for each file that can't be read.
    """

    source: str
    files: int
    is_whole: bool = True
    failures: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the result as a sentence for a person."""
        if not self.files:
            return f"{self.source}: the server sends it"
        count = format_count(self.files, "file")
        if not self.is_whole:
            return f"{self.source}: read the first {count}, and there may be more"
        failures = format_count(len(self.failures), "line")
        more = f", with {failures} about files that docent can't read" if self.failures else ""
        return f"{self.source}: {count}{more}"


def try_source(
    source: Source,
    downloads: Downloads,
    *,
    is_quick: bool,
    progress: DownloadCallback = ignore_download_progress,
) -> SourceTrial:
    """Read a source until it is clear that docent can.

    Of a website, only some pages are read. What was downloaded stays for the first sync.

    Args:
        source: the source.
        downloads: earlier downloads; they are used as they are if they prefer what is stored.
        is_quick: whether the first bytes of an archive or a repository are enough.
        progress: gets the progress of a download; an exception from it ends the trial.

    Returns:
        The number of files.

    Raises:
        SourceError: the source can't be read.
    """

    def stop_early(state: DownloadProgress) -> None:
        progress(state)
        if state.pages >= TRIAL_PAGES or (is_quick and state.bytes and not state.pages):
            raise _EnoughError(state)

    try:
        read, _ = read_wanted_files(source, downloads, progress=stop_early)
    except _EnoughError as enough:
        return SourceTrial(source.name, enough.progress.pages, is_whole=False)
    files = sum(is_document(file.path) or source.resolved_kind == "website" for file in read.files)
    if not files:
        raise SourceEmptyError(f"There are no documents in {source.redacted_uri}.")
    return SourceTrial(source.name, files, failures=read.failures)
