"""An archive as a source; an entry that could do harm is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from ingest.errors import (
    SourceEmptyError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
)
from ingest.sources.address.uri import ARCHIVE_SUFFIXES
from ingest.sources.archive.entries import (
    MAX_RATIO,
    ArchiveEntry,
    RefusedEntryError,
    detect_archive_kind,
    iterate_tar_entries,
    iterate_zip_entries,
    list_damage_errors,
)
from ingest.sources.source import RawFile, Source, SourceFiles, is_hidden

MAX_ENTRIES = 50_000
MAX_ENTRY_BYTES = 64 * 2**20
MAX_TOTAL_BYTES = 1024 * 2**20
_PAGE_MARKS = (b"<!doctype html", b"<html")


def read_archive(source: Source, archive: Path, *, wanted: Callable[[str], bool]) -> SourceFiles:
    """Read the wanted entries of a zip, tar, tar.gz or tar.zst.

    Raises:
        SourceNotFoundError: there is no such file.
        SourceFormatError: not an archive, or damaged.
        SourceRefusedError: an entry is refused; it is named.
        SourceEmptyError: there is nothing wanted in it.
    """
    origin = source.redacted_uri if source.is_remote else archive.resolve().as_uri()
    with _translate_refusals(source), _open_archive(source, archive) as entries:
        found = dict(_read_wanted_entries(source, entries, wanted))
    if not found:
        raise SourceEmptyError(f"There are no documents in {source.redacted_uri}.")
    files = tuple(
        RawFile(path, source.build_page_url(path, f"{origin}#{quote(path)}"), found[path])
        for path in sorted(found)
    )
    return SourceFiles(source, files)


def inspect_archive(source: Source, archive: Path) -> None:
    """Go through an archive without keeping anything.

    Raises:
        SourceFormatError: not an archive, or damaged.
        SourceRefusedError: an entry is refused; it is named.
    """
    with _translate_refusals(source), _open_archive(source, archive) as entries:
        for _ in _read_wanted_entries(source, entries, lambda _: False):
            pass


def _read_wanted_entries(
    source: Source, entries: Iterator[ArchiveEntry], wanted: Callable[[str], bool]
) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    total = 0
    for count, entry in enumerate(entries, 1):
        if count > MAX_ENTRIES:
            raise SourceRefusedError(
                f"{source.name} is refused: it holds more than {MAX_ENTRIES:,} entries."
            )
        path = _resolve_entry_path(entry)
        if entry.is_folder or is_hidden(path) or source.is_path_excluded(path):
            continue
        if entry.harm:
            raise RefusedEntryError(entry.name, entry.harm)
        if not wanted(path):
            continue
        total += entry.size
        _check_entry(entry, total, twice=path in seen)
        seen.add(path)
        yield path, entry.read()


def _resolve_entry_path(entry: ArchiveEntry) -> str:
    """The path of an entry inside the archive; one that leads out of it is refused."""
    parts = entry.name.replace("\\", "/").split("/")
    if ".." in parts:
        raise RefusedEntryError(entry.name, "leads out of the archive")
    if not parts[0] or parts[0].endswith(":"):
        raise RefusedEntryError(entry.name, "has an absolute path")
    # What is no UTF-8 in a tar comes as surrogates, which fit in no database.
    name = entry.name.encode(errors="surrogateescape").decode(errors="replace")
    return PurePosixPath(name).as_posix()


def _check_entry(entry: ArchiveEntry, total: int, *, twice: bool) -> None:
    if twice:
        raise RefusedEntryError(entry.name, "is there twice")
    if entry.size > MAX_ENTRY_BYTES or total > MAX_TOTAL_BYTES:
        raise RefusedEntryError(entry.name, "is too large")
    if entry.expansion > MAX_RATIO:
        raise RefusedEntryError(entry.name, f"expands {entry.expansion:,.0f} times")


@contextmanager
def _translate_refusals(source: Source) -> Iterator[None]:
    try:
        yield
    except RefusedEntryError as error:
        raise SourceRefusedError(
            f"{source.name} is refused: its entry {error.entry!r} {error.reason}."
        ) from error


@contextmanager
def _open_archive(source: Source, archive: Path) -> Iterator[Iterator[ArchiveEntry]]:
    try:
        kind = detect_archive_kind(archive)
        if kind is None:
            raise _build_format_error(source, archive)
        with closing(
            iterate_zip_entries(archive) if kind == "zip" else iterate_tar_entries(archive, kind)
        ) as all_:
            yield all_
    except FileNotFoundError as error:
        raise _build_not_found_error(source) from error
    except list_damage_errors() as error:
        raise SourceFormatError(f"{source.redacted_uri} is damaged or cut off: {error}.") from error
    except OSError as error:
        raise SourceFormatError(
            f"{source.redacted_uri} can't be read: {error.strerror or error}."
        ) from error


def _build_not_found_error(source: Source) -> SourceNotFoundError:
    if source.among_words:
        return SourceNotFoundError(
            f"There is no file or directory {source.redacted_uri}; a path with spaces needs the "
            "JSON form of DOCENT_SOURCES."
        )
    return SourceNotFoundError(f"There is no file or directory {source.redacted_uri}.")


def _build_format_error(source: Source, archive: Path) -> SourceFormatError:
    with archive.open("rb") as file:
        start = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    named_so = source.is_remote or source.uri.lower().endswith(ARCHIVE_SUFFIXES)
    if named_so and start.startswith(_PAGE_MARKS):
        return SourceFormatError(
            f"{source.redacted_uri} is not an archive but a web page: check the address, and "
            "whether it needs a login."
        )
    if named_so:
        return SourceFormatError(f"{source.redacted_uri} is not a readable zip or tar archive.")
    return SourceFormatError(
        f"{source.redacted_uri} is not a directory, an archive or a document that docent reads."
    )
