"""Sources: directories, archives, repositories and websites become files."""

from __future__ import annotations

import stat
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from ingest.errors import SourceFormatError
from ingest.formats import VARIABLES_FILE
from ingest.formats.settings_files import is_settings_file
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
    build_empty_error,
    ignore_download_progress,
    is_includable,
)
from ingest.sources.website.crawler import read_website
from ingest.spool import Keeper, Spool
from rag_core.english import format_count

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

MAX_FAILURES = 1_000
"""Most lines about the files of a source; an archive may have fifty thousand odd names."""

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def read_source(
    source: Source,
    downloads: Downloads,
    *,
    is_wanted: Callable[[str], bool],
    progress: DownloadCallback = ignore_download_progress,
) -> SourceFiles:
    """Read the wanted files of a source that its options let through.

    Their bytes lie in a temporary file, as long as anything refers to them.

    Args:
        source: the source, with its options.
        downloads: earlier downloads, with limits and network for new ones.
        is_wanted: returns whether a file is read, by its path in the source.
        progress: called while a source is downloaded; an exception from it ends the download.

    Returns:
        the files, ordered by path, and what could not be read.

    Raises:
        SourceError: the source can't be read.
    """

    def is_selected(path: str) -> bool:
        # Variables and settings belong to the pages beside them; `include` is about pages.
        if PurePosixPath(path).name == VARIABLES_FILE or is_settings_file(path):
            return is_wanted(path) and not source.is_path_excluded(path)
        return is_wanted(path) and source.is_path_selected(path)

    keep = Spool(downloads.folder).keep
    match source.resolved_kind:
        case "git":
            read = read_git(source, downloads, is_wanted=is_selected, progress=progress, keep=keep)
        case "website":
            # A website applies the options itself: to the address of a page and to its path.
            read = read_website(
                source, downloads, is_wanted=is_wanted, progress=progress, keep=keep
            )
        case "archive" if source.is_remote:
            read = _read_snapshot(source, downloads, is_selected, progress, keep)
        case _:
            read = _read_local(source, is_selected, keep)
    read = replace(read, read_others=partial(_read_allowed, read), keep=keep)
    return _shorten_failures(_drop_pointers(read))


def _read_allowed(read: SourceFiles, paths: Collection[str]) -> Mapping[str, bytes]:
    """Return files that pages include, which `exclude` and docent let through."""
    source = read.source
    allowed = {path for path in paths if is_includable(path) and not source.is_path_excluded(path)}
    found = read.read_others(allowed) if allowed else {}
    return {path: data for path, data in found.items() if not data.startswith(_LFS_POINTER)}


def _drop_pointers(read: SourceFiles) -> SourceFiles:
    """Drop pages that only point at a file in Git LFS.

    Raises:
        SourceEmptyError: there are no other pages.
    """
    pointers = [file for file in read.files if file.data.startswith(_LFS_POINTER)]
    if not pointers:
        return read
    lines = [f"{file.path}: is kept in Git LFS, which docent does not read" for file in pointers]
    files = tuple(file for file in read.files if not file.data.startswith(_LFS_POINTER))
    if not files:
        raise build_empty_error(read.source, lines)
    return replace(
        read,
        files=files,
        failures=(*read.failures, *lines),
        unread=(*read.unread, *(file.path for file in pointers)),
    )


def _shorten_failures(read: SourceFiles) -> SourceFiles:
    """Count the failures that are too many for a report."""
    more = len(read.failures) - MAX_FAILURES
    if more <= 0:
        return read
    line = f"{read.source.name}: {format_count(more, 'further file', 'further files')} left out"
    return replace(read, failures=(*read.failures[:MAX_FAILURES], line))


def _read_local(source: Source, is_selected: Callable[[str], bool], keep: Keeper) -> SourceFiles:
    mode = _read_mode(source)
    if stat.S_ISDIR(mode):
        return read_directory(source, is_wanted=is_selected, keep=keep)
    if stat.S_ISREG(mode) and is_selected(source.location.name):
        return read_single_file(source)
    if mode and not stat.S_ISREG(mode):
        # Not opened: a pipe would wait for a writer without end.
        raise SourceFormatError(
            f"{source.redacted_uri} is not a directory, an archive or a document that docent reads."
        )
    return read_archive(source, source.location, is_wanted=is_selected, keep=keep)


def _read_mode(source: Source) -> int:
    """Return the kind of a local source; 0 if there is nothing."""
    try:
        return source.location.stat().st_mode
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise SourceFormatError(
            f"{source.redacted_uri} can't be read: {error.strerror or error}."
        ) from error
    except ValueError as error:  # a zero byte in the path
        raise SourceFormatError(f"{source.redacted_uri} can't be read: {error}.") from error


def _read_snapshot(
    source: Source,
    downloads: Downloads,
    is_selected: Callable[[str], bool],
    progress: DownloadCallback,
    keep: Keeper,
) -> SourceFiles:
    snapshot = downloads.fetch(source, progress=progress)

    # The disk or the network may have damaged it; the next sync downloads it again.
    def forget() -> None:
        downloads.forget(source)

    try:
        return read_archive(source, snapshot, is_wanted=is_selected, on_damage=forget, keep=keep)
    except SourceFormatError:
        forget()
        raise
