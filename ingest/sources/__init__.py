"""Sources: what DOCENT_SOURCES and the command line name becomes files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from ingest.errors import SourceFormatError
from ingest.formats import VARIABLES_FILE
from ingest.sources.archive.reader import read_archive
from ingest.sources.config import READABLE, parse_sources, select_sources
from ingest.sources.directory import read_directory, read_single_file
from ingest.sources.git.repository import read_git
from ingest.sources.http.client import Limits, Network
from ingest.sources.http.download import Downloads
from ingest.sources.source import (
    DownloadCallback,
    DownloadProgress,
    RawFile,
    Source,
    SourceFiles,
    ignore_download_progress,
)
from ingest.sources.website.crawler import read_website

__all__ = [
    "READABLE",
    "DownloadProgress",
    "Downloads",
    "Limits",
    "Network",
    "RawFile",
    "Source",
    "SourceFiles",
    "parse_sources",
    "read_source",
    "select_sources",
]


def read_source(
    source: Source,
    downloads: Downloads,
    *,
    wanted: Callable[[str], bool],
    progress: DownloadCallback = ignore_download_progress,
) -> SourceFiles:
    """Read the files of a source whose paths are `wanted` and that its options let through.

    `progress` is told how far a download is.

    Raises:
        SourceError: the source can't be read.
    """

    def picked(path: str) -> bool:
        # Variables belong to the pages beside them, whatever `include` says of pages.
        helper = PurePosixPath(path).name == VARIABLES_FILE and not source.is_path_excluded(path)
        return wanted(path) and (helper or source.is_path_selected(path))

    match source.resolved_kind:
        case "git":
            return read_git(source, downloads, wanted=picked, progress=progress)
        case "website":
            # It applies the options itself: an address and its path are written differently.
            return read_website(source, downloads, wanted=wanted, progress=progress)
        case "archive" if source.is_remote:
            return _read_snapshot(source, downloads, picked, progress)
    return _read_local(source, picked)


def _read_local(source: Source, picked: Callable[[str], bool]) -> SourceFiles:
    if source.location.is_dir():
        return read_directory(source, wanted=picked)
    if source.location.is_file() and picked(source.location.name):
        return read_single_file(source)
    return read_archive(source, source.location, wanted=picked)


def _read_snapshot(
    source: Source,
    downloads: Downloads,
    picked: Callable[[str], bool],
    progress: DownloadCallback,
) -> SourceFiles:
    snapshot = downloads.fetch(source, progress=progress)
    try:
        return read_archive(source, snapshot, wanted=picked)
    except SourceFormatError:
        downloads.forget(source)  # it was readable when it came: the disk has lost some of it
        raise
