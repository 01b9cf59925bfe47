"""A directory, or one document, as a source."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ingest.errors import SourceFormatError, SourceRefusedError
from ingest.formats import MAX_FILE_BYTES
from ingest.formats.settings_files import SETTINGS_FOLDERS, is_settings_file, is_settings_folder
from ingest.sources.address.file_names import find_name_fault, format_name
from ingest.sources.source import (
    MAX_INCLUDED_FILE,
    MAX_INCLUDED_FILES,
    RawFile,
    Source,
    SourceFiles,
    build_empty_error,
    is_hidden,
    is_includable,
)
from ingest.spool import Keeper, keep_in_memory

_MAX_ABOVE = 10
MAX_FILES = 100_000
MAX_TOTAL_BYTES = 1024 * 2**20
"""Most documents of a directory, and their size together."""

# A fifo would wait for a writer, and a link in place of a file is one that has just been put there.
# Windows has none of these flags.
_FLAGS = ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_NOCTTY")
_OPEN_FLAGS = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in _FLAGS)


class _NoPageError(Exception):
    """A file that is not a page, and the reason."""


def read_directory(
    source: Source, *, is_wanted: Callable[[str], bool], keep: Keeper = keep_in_memory
) -> SourceFiles:
    """Read the wanted files below a directory.

    Hidden files are left out. A file that is not a page, such as a link that leads out of the
    directory, is a failure. So is one that can't be read, and a folder; the index keeps what it
    has of those pages.

    Args:
        source: the source, with its options.
        is_wanted: returns whether a file is read, by its path in the source.
        keep: keeps what was read.

    Returns:
        the files, ordered by path, and lines about those that are left out.

    Raises:
        SourceEmptyError: the directory has no wanted file.
        SourceFormatError: the directory can't be read, or none of the wanted files.
        SourceRefusedError: the files are more than docent reads.
    """
    root = source.location.resolve()
    reading = _DirectoryReading(source, root, keep)
    reading.read(is_wanted)
    if not reading.files and reading.error:
        _raise_unreadable(reading.error)
    if all(is_settings_file(file.path) for file in reading.files):
        raise build_empty_error(source, reading.failures)
    folder, above = _read_settings_above(source.location.resolve())
    return SourceFiles(
        source,
        tuple(reading.files),
        tuple(reading.failures),
        tuple(reading.unread),
        folder=folder,
        above=above,
        read_others=partial(_read_others, root),
    )


def _read_settings_above(root: Path) -> tuple[str, tuple[RawFile, ...]]:
    """Return a folder's path in its repository, and settings above.

    Return nothing if the folder is in no git repository, or is all of one.
    """
    parents = list(root.parents)[:_MAX_ABOVE]
    top = next((parent for parent in [root, *parents] if (parent / ".git").exists()), root)
    if top == root:
        return "", ()
    found = list[RawFile]()
    for folder in parents[: parents.index(top) + 1]:
        for place in (folder, *(folder / name for name in SETTINGS_FOLDERS)):
            with suppress(OSError):
                for file in sorted(place.iterdir()):
                    path = _replace_invalid_bytes(file.relative_to(top).as_posix())
                    if is_settings_file(path) and file.is_file() and not file.is_symlink():
                        found.append(RawFile(path, "", _read_inside(file, top)))
    return f"{root.relative_to(top).as_posix()}/", tuple(found)


def _read_others(root: Path, paths: Collection[str]) -> Mapping[str, bytes]:
    """Return the files that pages include and that can be read."""
    found: dict[str, bytes] = {}
    total = 0
    for path in sorted(paths):
        try:
            file = _resolve_inside(root / path, root)
            if not is_includable(file.relative_to(root).as_posix()):
                continue  # the target of a link
            data = _read_inside(file, root, most=MAX_INCLUDED_FILE)
        except (OSError, ValueError, _NoPageError):
            continue
        total += len(data)
        if total > MAX_INCLUDED_FILES:
            break
        found[path] = data
    return found


def _check_total(source: Source, count: int, total: int) -> None:
    if count > MAX_FILES or total > MAX_TOTAL_BYTES:
        raise SourceRefusedError(
            f"{source.name} is refused: it holds more than {MAX_FILES:,} documents or "
            f"{MAX_TOTAL_BYTES // 2**20:,} MiB."
        )


def _read_bounded(opened: BinaryIO, most: int = MAX_FILE_BYTES) -> bytes:
    """Read a file that is no larger than docent reads.

    A file with a hole may be large and take no room on the disk.

    Raises:
        OSError: the file can't be read, or is too large.
    """
    size = os.fstat(opened.fileno()).st_size
    if size <= most:
        data = opened.read(size + 1)  # a buffer of this size is taken at once
        if len(data) > size:
            data += opened.read(most + 1 - len(data))  # it grew meanwhile
        if len(data) <= most:
            return data
    raise OSError(errno.EFBIG, f"is larger than {most // 2**20} MiB")


def read_single_file(source: Source) -> SourceFiles:
    """Read one document as a source of its own.

    Raises:
        SourceFormatError: the file can't be read.
    """
    file = source.location
    path = _replace_invalid_bytes(file.name)
    try:
        with _open_regular(file.resolve(strict=True)) as opened:
            data = _read_bounded(opened)
    except OSError as error:
        raise SourceFormatError(
            f"{source.redacted_uri} can't be read: {error.strerror or error}."
        ) from error
    except _NoPageError as error:
        raise SourceFormatError(f"{source.redacted_uri} can't be read: {error}.") from error
    url = source.build_page_url(path, file.resolve().as_uri())
    return SourceFiles(source, (RawFile(path, url, data),))


def _raise_unreadable(error: OSError) -> None:
    raise SourceFormatError(
        f"{format_name(str(error.filename))} can't be read: {error.strerror or error}."
    ) from error


class _DirectoryReading:
    """One pass over a directory: its files, and lines about those that are left out."""

    def __init__(self, source: Source, root: Path, keep: Keeper) -> None:
        self._source = source
        self._root = root
        self._keep = keep
        self._seen: set[str] = set()
        self._total = 0
        self.files: list[RawFile] = []
        self.failures: list[str] = []
        self.unread: list[str] = []
        self.error: OSError | None = None

    def read(self, is_wanted: Callable[[str], bool]) -> None:
        """Read the wanted files, ordered by path."""
        for file in sorted(self._walk_files()):
            path = self._name_path(file)
            if is_hidden(path) or not is_wanted(path):
                continue
            try:
                self._add_file(file, path)
            except _NoPageError as error:
                self.failures.append(f"{format_name(path)}: {error}")
            except OSError as error:
                self._record_unread(path, error)

    def _walk_files(self) -> Iterator[Path]:
        # Not `os.walk`, which calls itself for each folder: a deep tree would end the sync.
        folders = [self._root]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(folder) as entries:
                    listed = [(each.name, each.is_dir(follow_symlinks=False)) for each in entries]
            except OSError as error:
                self._record_folder(folder, error)
                continue
            for name, is_folder in listed:
                if not is_folder:
                    yield folder / name
                elif not is_hidden(name) or is_settings_folder(name):
                    folders.append(folder / name)

    def _add_file(self, file: Path, path: str) -> None:
        if fault := find_name_fault(path):
            raise _NoPageError(fault)
        if path in self._seen:
            raise _NoPageError("is left out, since another file's name reads the same")
        data = _read_inside(file, self._root)
        self._total += len(data)
        _check_total(self._source, len(self.files) + 1, self._total)
        self._seen.add(path)
        url = self._source.build_page_url(path, file.as_uri())
        self.files.append(RawFile(path, url, self._keep(data)))
        if os.fsencode(file.name) != file.name.encode(errors="replace"):
            self.failures.append(f"{path}: has a name that is not UTF-8")

    def _record_folder(self, folder: Path, error: OSError) -> None:
        """Record a folder that can't be read.

        Otherwise its pages would count as removed.
        """
        self._record_unread("" if folder == self._root else f"{self._name_path(folder)}/", error)

    def _record_unread(self, path: str, error: OSError) -> None:
        self.error = error
        self.unread.append(path)
        self.failures.append(f"{format_name(path)}: could not be read ({error.strerror or error})")

    def _name_path(self, file: Path) -> str:
        return _replace_invalid_bytes(file.relative_to(self._root).as_posix())


def _read_inside(file: Path, root: Path, most: int = MAX_FILE_BYTES) -> bytes:
    """Return the bytes of a file that lies inside a directory.

    Raises:
        _NoPageError: it leads out of the directory or to no file.
        OSError: it can't be read.
    """
    with _open_regular(_resolve_inside(file, root)) as opened:
        # A folder on the way may have become a link meanwhile: what is open must still be it.
        now = _resolve_inside(file, root).stat()
        if not os.path.samestat(now, os.fstat(opened.fileno())):
            raise OSError(errno.ESTALE, "it changed while it was opened")
        return _read_bounded(opened, most)


def _resolve_inside(file: Path, root: Path) -> Path:
    try:
        target = file.resolve(strict=True)
    except RuntimeError as error:
        raise _NoPageError("is a link that leads back to itself") from error
    except OSError as error:
        if file.is_symlink():
            raise _NoPageError("is a link that leads to no file") from error
        raise
    if not target.is_relative_to(root):
        raise _NoPageError("is a link that leads out of the directory")
    return target


@contextmanager
def _open_regular(file: Path) -> Iterator[BinaryIO]:
    """Open a regular file, and nothing else."""
    _check_regular(os.lstat(file))
    with open(os.open(file, _OPEN_FLAGS), "rb") as opened:  # noqa: PTH123
        _check_regular(os.fstat(opened.fileno()))
        yield opened


def _check_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise _NoPageError("is a directory")
    if not stat.S_ISREG(status.st_mode):
        raise _NoPageError("is a pipe, a socket or a device")


def _replace_invalid_bytes(path: str) -> str:
    """Replace the bytes of a path that are not UTF-8.

    A database would refuse them.
    """
    return os.fsencode(path).decode(errors="replace")
