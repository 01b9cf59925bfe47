"""A directory, or one document, as a source."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.errors import SourceEmptyError, SourceFormatError, SourceRefusedError
from ingest.formats import MAX_FILE_BYTES
from ingest.sources.source import RawFile, Source, SourceFiles, is_hidden

MAX_FILES = 100_000
MAX_TOTAL_BYTES = 1024 * 2**20
"""Most documents of a directory, and their size together."""


def read_directory(source: Source, *, is_wanted: Callable[[str], bool]) -> SourceFiles:
    """Read the wanted files below a directory.

    Hidden files and links that lead out of the directory are left out. A file that can't be read
    is a failure; the index keeps what it has of that page.

    Raises:
        SourceEmptyError: the directory has no wanted file.
        SourceFormatError: a folder in it can't be read, or none of the wanted files.
        SourceRefusedError: the files are more than docent reads.
    """
    root = source.location.resolve()
    files: list[RawFile] = []
    failures: list[str] = []
    unread: list[str] = []
    last_error: OSError | None = None
    total = 0
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
            total += len(data)
            _check_total(source, len(files) + 1, total)
            files.append(RawFile(path, source.build_page_url(path, file.as_uri()), data))
    if last_error and not files:
        _raise_unreadable(last_error)
    if not files:
        raise SourceEmptyError(f"There are no documents in {source.uri}.")
    return SourceFiles(source, tuple(files), tuple(failures), tuple(unread))


def _check_total(source: Source, count: int, total: int) -> None:
    if count > MAX_FILES or total > MAX_TOTAL_BYTES:
        raise SourceRefusedError(
            f"{source.name} is refused: it holds more than {MAX_FILES:,} documents or "
            f"{MAX_TOTAL_BYTES // 2**20:,} MiB."
        )


def read_single_file(source: Source) -> SourceFiles:
    """Read one document as a source of its own.

    Raises:
        SourceFormatError: the file can't be read.
    """
    file = source.location
    path = _replace_invalid_bytes(file.name)
    try:
        data = _read_bounded(file)
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
    return _read_bounded(file)


def _read_bounded(file: Path) -> bytes:
    """Read a file that is no larger than docent reads.

    A file with a hole may be large and take no room on the disk.

    Raises:
        OSError: the file can't be read, or is too large.
    """
    with file.open("rb") as opened:
        if os.fstat(opened.fileno()).st_size <= MAX_FILE_BYTES:
            data = opened.read(MAX_FILE_BYTES + 1)  # it may still grow
            if len(data) <= MAX_FILE_BYTES:
                return data
    raise OSError(errno.EFBIG, f"is larger than {MAX_FILE_BYTES // 2**20} MiB")


def _replace_invalid_bytes(path: str) -> str:
    """Replace the bytes of a path that are not UTF-8.

    A database would refuse them.
    """
    return os.fsencode(path).decode(errors="replace")
