"""Entries of an archive in their order: of a zip, or of a plain or compressed tar."""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Literal, Self, cast

DAMAGED = "is damaged"
MAX_EXPANDED_BYTES = 4 * 2**30
MAX_RATIO = 200
RATIO_FROM_BYTES = 256 * 2**20
"""Unpacked bytes that may expand to any ratio: a page of a table or a log repeats itself."""

_HEADER_BYTES = 2**17
_MAX_PAX_HEADERS = 1_000
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ZIP_ENTRY, _ZIP_ENTRY_BYTES = b"PK\x01\x02", 46
_ZIP_UTF8_MARK = 0x08  # in the second byte of the flags
_ZIP_VERSION, _ZIP_OLD_VERSION = 63, 20  # the newest that zipfile reads, and a usual one
_ZIP_ENCRYPTED, _ZIP_PATCHED = 0x1 | 0x40, 0x20  # flags
_ZIP64, _ZIP_UNICODE_PATH = 0x0001, 0x7075  # extra fields
_ZIP_IN_EXTRA = b"\xff" * 4  # a number that is in the extra field
_ZIP_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_OTHER_PACKING = "is packed as docent does not unpack"
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257

ArchiveKind = Literal["zip", "tar", "tar.gz", "tar.zst"]


class RefusedEntryError(Exception):
    """An entry that must not be read, and the reason; `read_archive` words the error."""

    def __init__(self, entry: str, reason: str) -> None:
        self.entry = entry
        self.reason = reason
        super().__init__(entry, reason)


class DamagedEntryError(Exception):
    """An entry can't be unpacked, and the others can."""


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """An entry as the archive declares it.

    Attributes:
        name: the path as the archive has it.
        size: bytes of the entry, unpacked.
        is_folder: true if the entry holds no data of its own.
        harm: the reason not to read it; empty if it may be read.
        read: returns the bytes, or raises a DamagedEntryError; in a tar only until the next entry
            is asked for.
    """

    name: str
    size: int
    is_folder: bool
    harm: str
    read: Callable[[], bytes]


def detect_archive_kind(archive: Path) -> ArchiveKind | None:
    """Return the kind of an archive by its first bytes.

    Return None if the file is not an archive.
    """
    with archive.open("rb") as file:
        header = file.read(_TAR_MARK_AT + len(_TAR_MARK))
    if header.startswith(_GZIP):
        return "tar.gz"
    if header.startswith(_ZSTD):
        return "tar.zst"
    # A tar may end with a zip, so the tar is tried first.
    if header[_TAR_MARK_AT:] == _TAR_MARK:
        return "tar"
    return "zip" if zipfile.is_zipfile(archive) else None


def iterate_zip_entries(archive: Path) -> Generator[ArchiveEntry, None, None]:
    """Yield the entries of a zip, in the order of its directory."""
    with _ZipReader(archive) as file, zipfile.ZipFile(file) as opened:
        for number, info in enumerate(opened.infolist()):
            yield ArchiveEntry(
                # zipfile cuts a name off at its first zero byte.
                name=info.orig_filename if "\0" in info.orig_filename else info.filename,
                size=info.file_size,
                is_folder=info.filename.endswith("/"),  # `is_dir` fails on an empty name
                harm=file.faults.get(number) or _find_zip_harm(info),
                read=lambda info=info: _read_zip_entry(opened, info),  # type: ignore[misc]
            )


class _ZipReader(io.BufferedReader):
    """A zip whose directory has no faults: for one odd entry, zipfile refuses all.

    Attributes:
        faults: the reason not to read an odd entry, by its number.
    """

    def __init__(self, archive: Path) -> None:
        super().__init__(io.FileIO(archive))
        self.faults: dict[int, str] = {}
        self._is_directory_read = False

    def read(self, size: int | None = -1) -> bytes:
        """Read bytes; in the directory, odd entries look like others."""
        data = super().read(size)
        if self._is_directory_read or not data.startswith(_ZIP_ENTRY):
            return data
        self._is_directory_read = True  # the next such bytes are of an entry
        return self._replace_faults(data)

    def _replace_faults(self, directory: bytes) -> bytes:
        sound, start, number = bytearray(directory), 0, 0
        while directory.startswith(_ZIP_ENTRY, start) and len(directory) > start + 34:
            lengths = directory[start + 28 : start + 34]  # of name, extra field and comment
            name, extra, comment = struct.unpack("<3H", lengths)
            name_start = start + _ZIP_ENTRY_BYTES
            extra_start = name_start + name
            end = extra_start + extra
            if directory[start + 6] > _ZIP_VERSION:
                sound[start + 6] = _ZIP_OLD_VERSION
                self.faults[number] = _OTHER_PACKING
            if _is_extra_damaged(directory[start:name_start], directory[extra_start:end]):
                sound[extra_start:end] = bytes(len(sound[extra_start:end]))
                self.faults[number] = DAMAGED
            is_marked = directory[start + 9] & _ZIP_UTF8_MARK
            if is_marked and not _is_utf8(directory[name_start:extra_start]):
                sound[start + 9] &= ~_ZIP_UTF8_MARK
                self.faults[number] = "has a name that is not UTF-8"
            start = end + comment
            number += 1
        return bytes(sound)


def _is_extra_damaged(entry: bytes, extra: bytes) -> bool:
    """Return whether zipfile fails on the extra field of an entry."""
    sizes = (entry[20:24], entry[24:28], entry[42:46])
    missing = 8 * sizes.count(_ZIP_IN_EXTRA)
    while len(extra) >= 4:
        kind, length = struct.unpack("<2H", extra[:4])
        data, extra = extra[4 : 4 + length], extra[4 + length :]
        if len(data) < length:
            return True
        if kind == _ZIP64:
            if length < missing:
                return True
            missing = 0 if length else missing
        if kind == _ZIP_UNICODE_PATH and (length < 5 or not _is_utf8(data[5:])):
            return True
    return False


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def iterate_tar_entries(archive: Path, kind: ArchiveKind) -> Generator[ArchiveEntry, None, None]:
    """Yield the entries of a tar, read once from start to end.

    Raises:
        RefusedEntryError: an entry is too large or expands too far.
    """
    with archive.open("rb") as file, _decompress(file, kind) as stream:
        meter = _ExpansionMeter(stream, file)
        with tarfile.open(
            fileobj=cast("IO[bytes]", meter), mode="r|", tarinfo=_StrictTarInfo
        ) as opened:
            while (member := opened.next()) is not None:
                # Every entry has a copy of the global headers, and tarfile keeps every entry.
                opened.members.clear()  # type: ignore[attr-defined]
                if len(member.pax_headers) > _MAX_PAX_HEADERS:
                    raise RefusedEntryError(member.name, "has too many headers")
                meter.start_entry(member.name, member.size)
                yield ArchiveEntry(
                    name=member.name,
                    size=member.size,
                    is_folder=member.isdir(),
                    harm=_find_tar_harm(member),
                    read=lambda member=member: _read_tar_entry(opened, member),  # type: ignore[misc]
                )


class _StrictTarInfo(tarfile.TarInfo):
    """A tar header that is an error if it is damaged or missing.

    tarfile itself takes such a header for the end of the archive.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        if buf and not buf.strip(b"\0"):
            # The end of the archive, which tarfile signals by an exception.
            return super().frombuf(buf, encoding, errors)
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error


class _ExpansionMeter:
    """Counts the bytes of a decompressed stream, and stops it before they fill the memory."""

    def __init__(self, stream: BinaryIO, compressed: BinaryIO) -> None:
        self._stream = stream
        self._compressed = compressed
        self._expanded = 0
        self._allowed = _HEADER_BYTES
        self._entry = ""

    def start_entry(self, entry: str, size: int) -> None:
        """Count the next bytes for an entry and the header after it.

        An entry that is skipped is refused for its size, too: its header may declare eight
        exabytes, and reading past them would take years.
        """
        if size > MAX_EXPANDED_BYTES:
            raise RefusedEntryError(entry, "is too large")
        self._entry = entry
        self._allowed = size + _HEADER_BYTES

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes, as from a file.

        Raises:
            RefusedEntryError: the stream expands too far.
        """
        data = self._stream.read(size)
        self._expanded += len(data)
        self._allowed -= len(data)
        if self._allowed < 0:
            raise RefusedEntryError(self._entry, "is followed by a header that is too large")
        if self._expanded > MAX_EXPANDED_BYTES:
            raise RefusedEntryError(self._entry, "is too large")
        ratio = compute_expansion(self._expanded, self._compressed.tell())
        if ratio > MAX_RATIO:
            raise RefusedEntryError(self._entry, f"expands {ratio:,.0f} times")
        return data


def compute_expansion(size: int, compressed: int) -> float:
    """Return size over compressed size; 0.0 of a small size."""
    return size / max(compressed, 1) if size > RATIO_FROM_BYTES else 0.0


def _decompress(file: BinaryIO, kind: ArchiveKind) -> BinaryIO:
    if kind == "tar.gz":
        return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    if kind == "tar.zst":
        import zstandard

        # A window of 128 MiB at most: a header could ask for all of the memory.
        decompressor = zstandard.ZstdDecompressor(max_window_size=2**27)
        return cast("BinaryIO", decompressor.stream_reader(file, read_across_frames=True))
    return file


def list_damage_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that reading a damaged archive can raise."""
    import zstandard

    return (
        zipfile.BadZipFile,
        tarfile.TarError,
        zstandard.ZstdError,
        zlib.error,
        EOFError,
        gzip.BadGzipFile,
        lzma.LZMAError,
        ValueError,  # a name that is not UTF-8, a malformed number
        NotImplementedError,
    )


def _find_zip_harm(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "is a link"
    if stat.S_IFMT(mode) and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return "is a device"
    if info.flag_bits & _ZIP_ENCRYPTED:
        return "is encrypted"
    is_usual = info.compress_type in _ZIP_METHODS and not info.flag_bits & _ZIP_PATCHED
    return "" if is_usual else _OTHER_PACKING


def _find_tar_harm(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return "is a link"
    if member.issparse():
        return "has holes"
    return "" if member.isreg() or member.isdir() else "is a device"


def _read_zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    # bz2 raises OSError and ValueError, an entry at no place in the file OverflowError.
    broken: tuple[type[Exception], ...] = (
        *list_damage_errors(),
        OSError,
        OverflowError,
        RuntimeError,
    )
    try:
        with archive.open(info) as entry:
            # zipfile stops at the declared size and checks the CRC: a false size does no harm.
            return entry.read(info.file_size + 1)
    except broken as error:
        raise DamagedEntryError(info.filename) from error


def _read_tar_entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    data = archive.extractfile(member)
    return data.read() if data else b""
