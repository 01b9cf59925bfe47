"""A spool: bytes that wait on the disk, and not in memory, until a sync needs them."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ingest.errors import IngestError


class Spool:
    """A file without a name, which bytes are added to.

    It goes when nothing refers to it any more, or when the process ends, also by a kill. No other
    process can change it, so the bytes that are read are those that were kept.

    Args:
        folder: where it lies, or in the one above if it does not exist yet; if that can't be, in
            the system's folder of temporary files, which is often small, or in memory.

    Raises:
        IngestError: no folder can be written to.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = _open_unnamed(folder)
        self._end = 0
        self._seeking = threading.Lock()
        weakref.finalize(self, os.close, self._file)

    def keep(self, data: bytes) -> StoredBytes:
        """Keep bytes, with their hash.

        Raises:
            IngestError: there is no room for them.
        """
        start = self.append(data)
        return StoredBytes(start, len(data), hashlib.sha256(data).hexdigest(), self)

    def append(self, data: bytes) -> int:
        """Write bytes to the end of the file; return their place.

        Raises:
            IngestError: there is no room for them.
        """
        start = self._end
        rest = memoryview(data)
        try:
            while rest:
                written = self._write_at(self._end, rest)
                self._end += written
                rest = rest[written:]
        except OSError as error:
            raise IngestError(
                f"Pages can't be stored in a temporary file: {error.strerror or error}."
            ) from error
        return start

    def read(self, start: int, size: int) -> bytes:
        """Read bytes that were kept.

        Raises:
            IngestError: they can't be read.
        """
        try:
            data = self._read_at(start, size)
        except OSError as error:
            raise IngestError(
                f"A temporary file of pages can't be read: {error.strerror or error}."
            ) from error
        if len(data) != size:
            raise IngestError("A temporary file of pages can't be read: it is cut off.")
        return data

    def _write_at(self, place: int, data: memoryview) -> int:
        if hasattr(os, "pwrite"):
            return os.pwrite(self._file, data, place)
        with self._seeking:  # Windows writes and reads where it was last
            os.lseek(self._file, place, os.SEEK_SET)
            return os.write(self._file, data)

    def _read_at(self, place: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file, size, place)
        with self._seeking:
            os.lseek(self._file, place, os.SEEK_SET)
            return os.read(self._file, size)


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """Bytes in a spool.

    Attributes:
        start: their place.
        size: their number.
        digest: their SHA-256, in hexadecimal digits.
        spool: the file that they are in.
    """

    start: int = field(compare=False)
    size: int
    digest: str
    spool: Spool = field(compare=False, repr=False)

    def read(self) -> bytes:
        """Read them."""
        return self.spool.read(self.start, self.size)


Content = bytes | StoredBytes
"""The bytes of a file, in memory or in a spool."""

Keeper = Callable[[bytes], Content]
"""Keeps bytes, in memory or in a spool."""


def keep_in_memory(data: bytes) -> bytes:
    """Return the bytes themselves: they stay in memory."""
    return data


def read_content(content: Content) -> bytes:
    """Return the bytes, read from the spool if they are in one."""
    return content.read() if isinstance(content, StoredBytes) else content


def measure_content(content: Content) -> int:
    """Return the number of bytes."""
    return content.size if isinstance(content, StoredBytes) else len(content)


def hash_data(content: Content) -> str:
    """Return the SHA-256 of the bytes, in hexadecimal digits."""
    if isinstance(content, StoredBytes):
        return content.digest
    return hashlib.sha256(content).hexdigest()


class StoredFiles(Mapping[str, bytes]):
    """The bytes of files by path, read when they are asked for.

    Args:
        contents: the bytes, in memory or in a spool.
    """

    def __init__(self, contents: Mapping[str, Content]) -> None:
        self.contents = contents

    def __getitem__(self, path: str) -> bytes:
        return read_content(self.contents[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self.contents)

    def __len__(self) -> int:
        return len(self.contents)

    def __contains__(self, path: object) -> bool:
        return path in self.contents


class StoredTexts(Mapping[str, str]):
    """Short texts by name, read when they are asked for.

    Args:
        texts: the texts.
        keep: keeps them.
    """

    def __init__(self, texts: Mapping[str, str], keep: Keeper) -> None:
        self._content = keep(json.dumps(dict(texts)).encode())
        self._count = len(texts)

    def __getitem__(self, name: str) -> str:
        return self.read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.read())

    def __len__(self) -> int:
        return self._count

    def read(self) -> dict[str, str]:
        """Read all of them."""
        texts: dict[str, str] = json.loads(read_content(self._content))
        return texts


def read_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts by name; read those that are in a spool."""
    return texts.read() if isinstance(texts, StoredTexts) else dict(texts)


def _open_unnamed(folder: Path | None) -> int:
    places = (folder, folder.parent, None) if folder else (None,)
    for place in places:
        try:
            with tempfile.TemporaryFile(dir=place) as file:
                return os.dup(file.fileno())
        except OSError as error:
            reason = error.strerror or str(error)
    raise IngestError(f"A temporary file for pages can't be created: {reason}.")
