"""A directory, or one document, as a source."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.errors import SourceEmptyError, SourceFormatError
from ingest.sources.source import RawFile, Source, SourceFiles, is_hidden


def read_directory(source: Source, *, is_wanted: Callable[[str], bool]) -> SourceFiles:
    """Read the wanted files below a directory.

    Hidden files and links that lead out of the directory are left out. A file that can't be read
    is a failure; the index keeps what it has of that page.

    Raises:
        SourceEmptyError: the directory has no wanted file.
        SourceFormatError: a folder in it can't be read, or none of the wanted files.
    """
    root = source.location.resolve()
    files, failures, unread, last_error = [], [], [], None
    for file in sorted(_walk_files(root)):
        path = _replace_invalid_bytes(file.relative_to(root).as_posix())
        if is_hidden(path) or not is_wanted(path):
            continue
        try:
            data = _read_if_inside(file, root)
        except OSError as error:
            last_error = error
            failures.append(f"{path}: could not be read ({error.strerror or error})")
            unread.append(path)
            continue
        if data is not None:
            files.append(RawFile(path, source.build_page_url(path, file.as_uri()), data))
    if last_error and not files:
        _raise_unreadable(last_error)
    if not files:
        raise SourceEmptyError(f"There are no documents in {source.uri}.")
    return SourceFiles(source, tuple(files), tuple(failures), tuple(unread))


def read_single_file(source: Source) -> SourceFiles:
    """Read one document as a source of its own.

    Raises:
        SourceFormatError: the file can't be read.
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
    """Stop at a folder that can't be read.

    Otherwise its pages would count as removed.
    """
    raise SourceFormatError(
        f"{error.filename} can't be read: {error.strerror or error}."
    ) from error


def _read_if_inside(file: Path, root: Path) -> bytes | None:
    if not file.resolve().is_relative_to(root) or not file.is_file():
        return None
    return file.read_bytes()


def _replace_invalid_bytes(path: str) -> str:
    """Replace the bytes of a path that are not UTF-8.

    A database would refuse them.
    """
    return os.fsencode(path).decode(errors="replace")
