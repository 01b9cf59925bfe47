"""A directory, or one document, as a source."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.errors import SourceEmptyError, SourceFormatError
from ingest.sources.source import RawFile, Source, SourceFiles, is_hidden


def read_directory(source: Source, *, wanted: Callable[[str], bool]) -> SourceFiles:
    """Read the wanted files below a directory; hidden ones and links that lead out are left.

    A file that can't be read is a failure, and what is known of its page stays.

    Raises:
        SourceEmptyError: there is nothing wanted.
        SourceFormatError: a folder in it can't be read, or none of its files.
    """
    root = source.location.resolve()
    files, failures, unread, trouble = [], [], [], None
    for file in sorted(_walk_files(root)):
        path = _replace_invalid_bytes(file.relative_to(root).as_posix())
        if is_hidden(path) or not wanted(path):
            continue
        try:
            data = _read_if_inside(file, root)
        except OSError as error:
            trouble = error
            failures.append(f"{path}: could not be read ({error.strerror or error})")
            unread.append(path)
            continue
        if data is not None:
            files.append(RawFile(path, source.build_page_url(path, file.as_uri()), data))
    if trouble and not files:
        _raise_unreadable(trouble)
    if not files:
        raise SourceEmptyError(f"There are no documents in {source.uri}.")
    return SourceFiles(source, tuple(files), tuple(failures), tuple(unread))


def read_single_file(source: Source) -> SourceFiles:
    """Read one document as a source of its own.

    Raises:
        SourceFormatError: it can't be read.
    """
    file = source.location
    path = _replace_invalid_bytes(file.name)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SourceFormatError(
            f"{source.redacted_uri} can't be read: {error.strerror or error}."
        ) from error
    url = source.build_page_url(path, file.resolve().as_uri())
    return SourceFiles(source, (RawFile(path, url, data),))


def _walk_files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root, onerror=_raise_unreadable):
        folders[:] = [name for name in folders if not is_hidden(name)]
        yield from (Path(folder, name) for name in names)


def _raise_unreadable(error: OSError) -> None:
    """Without this, the pages of a folder that can't be read would count as removed."""
    raise SourceFormatError(
        f"{error.filename} can't be read: {error.strerror or error}."
    ) from error


def _read_if_inside(file: Path, root: Path) -> bytes | None:
    if not file.resolve().is_relative_to(root) or not file.is_file():
        return None
    return file.read_bytes()


def _replace_invalid_bytes(path: str) -> str:
    """A path whose bytes are not UTF-8 gets replacement characters: it must fit in a database."""
    return os.fsencode(path).decode(errors="replace")
