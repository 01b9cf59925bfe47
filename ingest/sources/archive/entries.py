"""The entries of an archive, one after the other: of a zip, or of a tar that may be compressed."""

from __future__ import annotations

import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Literal, Self, cast

from ingest.errors import SourceFormatError

MAX_EXPANDED_BYTES = 4 * 2**30
MAX_RATIO = 200
_RATIO_FROM_BYTES = 2**20  # small files of one repeated letter compress well and harm nobody
_HEADER_BYTES = 2**20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257

ArchiveKind = Literal["zip", "tar", "tar.gz", "tar.zst"]


class RefusedEntryError(Exception):
    """Says of an entry what is wrong with it; `read_archive` makes it a sentence."""

    def __init__(self, entry: str, reason: str) -> None:
        self.entry = entry
        self.reason = reason
        super().__init__(entry, reason)


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """An entry as the archive declares it.

    Attributes:
        name: as it is written there.
        size: in bytes.
        is_folder: whether it holds no data of its own.
        harm: why it must not be read; empty if it may.
        expands: size over compressed size; 0 where that is not known of one entry.
        read: its bytes; in a tar only until the next entry.
    """

    name: str
    size: int
    is_folder: bool
    harm: str
    expansion: float
    read: Callable[[], bytes]


def detect_archive_kind(archive: Path) -> ArchiveKind | None:
    """What the file is by its first bytes; None for no archive."""
    with archive.open("rb") as file:
        start = file.read(_TAR_MARK_AT + len(_TAR_MARK))
    if start.startswith(_GZIP):
        return "tar.gz"
    if start.startswith(_ZSTD):
        return "tar.zst"
    # A tar may end with a zip, so it is asked first.
    if start[_TAR_MARK_AT:] == _TAR_MARK:
        return "tar"
    return "zip" if zipfile.is_zipfile(archive) else None


def iterate_zip_entries(archive: Path) -> Generator[ArchiveEntry, None, None]:
    """Entries of a zip, in the order of its directory."""
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            yield ArchiveEntry(
                name=info.filename,
                size=info.file_size,
                is_folder=info.is_dir(),
                harm=_find_zip_harm(info),
                expansion=_compute_expansion(info.file_size, info.compress_size),
                read=lambda info=info: _read_zip_entry(opened, info),  # type: ignore[misc]
            )


def iterate_tar_entries(archive: Path, kind: ArchiveKind) -> Generator[ArchiveEntry, None, None]:
    """Entries of a tar, in its order; it is read from its beginning to its end.

    Raises:
        RefusedEntryError: it expands too far.
    """
    with archive.open("rb") as file, _decompress(file, kind) as stream:
        meter = _ExpansionMeter(stream, file)
        with tarfile.open(
            fileobj=cast("IO[bytes]", meter), mode="r|", tarinfo=_StrictTarInfo
        ) as opened:
            while (member := opened.next()) is not None:
                meter.start_entry(member.name, member.size)
                yield ArchiveEntry(
                    name=member.name,
                    size=member.size,
                    is_folder=member.isdir(),
                    harm=_find_tar_harm(member),
                    expansion=0.0,
                    read=lambda member=member: _read_tar_entry(opened, member),  # type: ignore[misc]
                )


class _StrictTarInfo(tarfile.TarInfo):
    """A header; where tarfile takes a bad or missing one for the end, this is an error."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        if buf and not buf.strip(b"\0"):
            return super().frombuf(buf, encoding, errors)  # the end, which it says by raising
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error


class _ExpansionMeter:
    """Counts what comes out of a compressed stream, and stops it before it fills the memory."""

    def __init__(self, stream: BinaryIO, compressed: BinaryIO) -> None:
        self._stream = stream
        self._compressed = compressed
        self._expanded = 0
        self._allowed = _HEADER_BYTES
        self._entry = ""

    def start_entry(self, entry: str, size: int) -> None:
        """The next bytes belong to this entry; behind it may come the header of another.

        Even one that is skipped must not be larger than anything is read: a size of eight exabytes
        would be skipped for years.
        """
        if size > MAX_EXPANDED_BYTES:
            raise RefusedEntryError(entry, "is too large")
        self._entry = entry
        self._allowed = size + _HEADER_BYTES

    def read(self, size: int) -> bytes:
        """As of a file."""
        data = self._stream.read(size)
        self._expanded += len(data)
        self._allowed -= len(data)
        if self._allowed < 0:
            raise RefusedEntryError(self._entry, "is followed by a header that is too large")
        if self._expanded > MAX_EXPANDED_BYTES:
            raise RefusedEntryError(self._entry, "is too large")
        ratio = _compute_expansion(self._expanded, self._compressed.tell())
        if ratio > MAX_RATIO:
            raise RefusedEntryError(self._entry, f"expands {ratio:,.0f} times")
        return data


def _compute_expansion(size: int, compressed: int) -> float:
    return size / max(compressed, 1) if size > _RATIO_FROM_BYTES else 0.0


def _decompress(file: BinaryIO, kind: ArchiveKind) -> BinaryIO:
    if kind == "tar.gz":
        return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    if kind == "tar.zst":
        import zstandard

        # An entry may need a window of 128 MiB at most, whatever its header asks for.
        unpacker = zstandard.ZstdDecompressor(max_window_size=2**27)
        return cast("BinaryIO", unpacker.stream_reader(file, read_across_frames=True))
    return file


def list_damage_errors() -> tuple[type[Exception], ...]:
    """What is raised over a damaged archive."""
    import zstandard

    return (
        zipfile.BadZipFile,
        tarfile.TarError,
        zstandard.ZstdError,
        zlib.error,
        EOFError,
        gzip.BadGzipFile,
        lzma.LZMAError,
        ValueError,  # a name that is no UTF-8, numbers that are none
        NotImplementedError,
    )


def _find_zip_harm(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "is a link"
    if stat.S_IFMT(mode) and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return "is a device"
    return "is encrypted" if info.flag_bits & 1 else ""


def _find_tar_harm(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return "is a link"
    if member.issparse():
        return "has holes"
    return "" if member.isreg() or member.isdir() else "is a device"


def _read_zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    # bz2 raises OSError and ValueError, a wrong password RuntimeError.
    broken: tuple[type[Exception], ...] = (*list_damage_errors(), OSError, RuntimeError)
    try:
        with archive.open(info) as entry:
            # zipfile stops at the declared size and checks the CRC, so a lie can't expand further.
            return entry.read(info.file_size + 1)
    except broken as error:
        raise SourceFormatError(f"The entry {info.filename!r} is damaged: {error}.") from error


def _read_tar_entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    data = archive.extractfile(member)
    return data.read() if data else b""
