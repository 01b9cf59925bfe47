"""A zip archive as a source; an entry that could do harm is refused by name."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from ingest.errors import SourceEmptyError, SourceFormatError, SourceNotFoundError
from ingest.sources.base import RawFile, Source, SourceFiles, is_hidden

MAX_ENTRIES = 50_000
MAX_ENTRY_BYTES = 64 * 2**20
MAX_TOTAL_BYTES = 1024 * 2**20
MAX_RATIO = 200
_RATIO_FROM_BYTES = 2**20  # small files of one repeated letter compress well and harm nobody


def read_archive(source: Source, archive: Path, *, wanted: Callable[[str], bool]) -> SourceFiles:
    """Read the wanted entries of a zip archive.

    Raises:
        SourceNotFoundError: there is no such file.
        SourceFormatError: not a zip, damaged, or an entry is refused; the entry is named.
        SourceEmptyError: there is nothing wanted in it.
    """
    origin = source.shown_uri if source.is_remote else archive.resolve().as_uri()
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = _checked(opened.infolist(), source.name)
            # Of several with one name the last: so does every tool that unpacks.
            picked = {path: named[-1] for path, named in entries.items() if wanted(path)}
            _check_sizes(list(picked.values()), source.name)
            files = tuple(
                RawFile(
                    path,
                    source.page_url(path, f"{origin}#{quote(path)}"),
                    _read(opened, picked[path]),
                )
                for path in sorted(picked)
            )
    except FileNotFoundError as error:
        raise _not_found(source) from error
    except (zipfile.BadZipFile, EOFError) as error:
        raise _not_readable(source) from error
    except OSError as error:
        raise SourceFormatError(
            f"{source.shown_uri} can't be read: {error.strerror or error}."
        ) from error
    if not files:
        raise SourceEmptyError(f"There are no documents in {source.shown_uri}.")
    failures = tuple(
        f"{path}: {len(entries[path])} entries have this name; the last one is read"
        for path in sorted(picked)
        if len(entries[path]) > 1
    )
    return SourceFiles(source, files, failures)


def _not_found(source: Source) -> SourceNotFoundError:
    if source.among_words:
        return SourceNotFoundError(
            f"There is no file or directory {source.shown_uri}; a path with spaces needs the JSON "
            "form of DOCENT_SOURCES."
        )
    return SourceNotFoundError(f"There is no file or directory {source.shown_uri}.")


def _not_readable(source: Source) -> SourceFormatError:
    if source.is_remote or source.uri.lower().endswith(".zip"):
        return SourceFormatError(f"{source.shown_uri} is not a readable zip file.")
    return SourceFormatError(
        f"{source.shown_uri} is not a directory, a zip file or a document that docent reads."
    )


def _checked(infos: list[zipfile.ZipInfo], name: str) -> dict[str, list[zipfile.ZipInfo]]:
    """Entries by path: one each, but an archive may hold one name twice."""
    if len(infos) > MAX_ENTRIES:
        raise SourceFormatError(
            f"{name} holds {len(infos):,} entries; docent reads at most {MAX_ENTRIES:,}."
        )
    entries: dict[str, list[zipfile.ZipInfo]] = {}
    for info in infos:
        if reason := _harm(info):
            raise SourceFormatError(f"{name} is refused: its entry {info.filename!r} {reason}.")
        if not info.is_dir() and not is_hidden(info.filename):
            entries.setdefault(PurePosixPath(info.filename).as_posix(), []).append(info)
    return entries


def _harm(info: zipfile.ZipInfo) -> str | None:
    """Why an entry is refused, or None."""
    parts = info.filename.replace("\\", "/").split("/")
    if ".." in parts:
        return "leads out of the archive"
    if not parts[0] or parts[0].endswith(":"):
        return "has an absolute path"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    if info.flag_bits & 1:
        return "is encrypted"
    return None


def _check_sizes(infos: list[zipfile.ZipInfo], name: str) -> None:
    """Refuse bombs by what the directory declares; `_read` refuses entries that lie."""
    total = 0
    for info in infos:
        total += info.file_size
        ratio = info.file_size / max(info.compress_size, 1)
        if info.file_size > MAX_ENTRY_BYTES or total > MAX_TOTAL_BYTES:
            raise SourceFormatError(f"{name} is refused: its entry {info.filename!r} is too large.")
        if info.file_size > _RATIO_FROM_BYTES and ratio > MAX_RATIO:
            raise SourceFormatError(
                f"{name} is refused: its entry {info.filename!r} expands {ratio:,.0f} times."
            )


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as entry:
            # zipfile stops at the declared size and checks the CRC, so a lie can't expand further.
            return entry.read(info.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SourceFormatError(f"The entry {info.filename!r} is damaged: {error}.") from error
