"""Archives as sources; an entry that could do harm is refused, and the error names it."""

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
from ingest.formats.zip_directory import has_too_many_entries
from ingest.sources.address.file_names import (
    find_name_fault,
    find_windows_fault,
    format_name,
    has_drive,
    shorten_name,
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


def read_archive(source: Source, archive: Path, *, is_wanted: Callable[[str], bool]) -> SourceFiles:
    """Read the wanted entries of a zip, tar, tar.gz or tar.zst.

    Args:
        source: the source, with its options.
        archive: path of the file.
        is_wanted: returns whether an entry is read, by its path.

    Returns:
        the files, ordered by path.

    Raises:
        SourceNotFoundError: the file does not exist.
        SourceFormatError: the file is no archive, or it is damaged.
        SourceRefusedError: an entry could do harm; the message names it.
        SourceEmptyError: the archive has no wanted entry.
    """
    origin = source.redacted_uri if source.is_remote else archive.resolve().as_uri()
    failures: list[str] = []
    with _translate_refusals(source), _open_archive(source, archive) as entries:
        contents = dict(_read_wanted_entries(source, entries, is_wanted, failures))
    if not contents:
        raise SourceEmptyError(f"There are no documents in {source.redacted_uri}.")
    files = tuple(
        RawFile(path, source.build_page_url(path, f"{origin}#{quote(path)}"), contents[path])
        for path in sorted(contents)
    )
    return SourceFiles(source, files, tuple(failures))


def inspect_archive(source: Source, archive: Path) -> None:
    """Check every entry of an archive without keeping any.

    Raises:
        SourceFormatError: the file is no archive, or it is damaged.
        SourceRefusedError: an entry could do harm; the message names it.
    """
    with _translate_refusals(source), _open_archive(source, archive) as entries:
        for _ in _read_wanted_entries(source, entries, lambda _: False, []):
            pass


def _read_wanted_entries(
    source: Source,
    entries: Iterator[ArchiveEntry],
    is_wanted: Callable[[str], bool],
    failures: list[str],
) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    total = 0
    for count, entry in enumerate(entries, 1):
        if count > MAX_ENTRIES:
            raise _build_count_error(source)
        path = _resolve_entry_path(entry)
        # An entry that is never read can't do harm: a link in an excluded folder is no reason to
        # refuse the archive.
        if entry.is_folder or is_hidden(path) or source.is_path_excluded(path):
            continue
        if entry.harm:
            raise RefusedEntryError(entry.name, entry.harm)
        if not is_wanted(path):
            continue
        if fault := find_name_fault(path) or find_windows_fault(path):
            failures.append(f"{format_name(path)}: {fault}")
            continue
        total += entry.size  # as declared: checked before the entry takes memory
        _check_entry(entry, total, is_duplicate=path in seen)
        seen.add(path)
        yield path, entry.read()


def _resolve_entry_path(entry: ArchiveEntry) -> str:
    """Return the path of an entry inside the archive.

    Raises:
        RefusedEntryError: the path leads out of the archive.
    """
    slashed = entry.name.replace("\\", "/")
    parts = slashed.split("/")
    if ".." in parts:
        raise RefusedEntryError(entry.name, "leads out of the archive")
    if not parts[0] or parts[0].endswith(":") or has_drive(slashed):
        raise RefusedEntryError(entry.name, "has an absolute path")
    # A tar's names that are not UTF-8 come with surrogates, which no database stores.
    name = slashed.encode(errors="surrogateescape").decode(errors="replace")
    return PurePosixPath(name).as_posix()


def _check_entry(entry: ArchiveEntry, total: int, *, is_duplicate: bool) -> None:
    if is_duplicate:
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
            f"{source.name} is refused: its entry {shorten_name(error.entry)!r} {error.reason}."
        ) from error


@contextmanager
def _open_archive(source: Source, archive: Path) -> Iterator[Iterator[ArchiveEntry]]:
    try:
        kind = detect_archive_kind(archive)
        if kind is None:
            raise _build_format_error(source, archive)
        if kind == "zip":
            _check_directory(source, archive)
        with closing(
            iterate_zip_entries(archive) if kind == "zip" else iterate_tar_entries(archive, kind)
        ) as entries:
            yield entries
    except FileNotFoundError as error:
        raise _build_not_found_error(source) from error
    except list_damage_errors() as error:
        raise SourceFormatError(f"{source.redacted_uri} is damaged or cut off: {error}.") from error
    except OSError as error:
        raise SourceFormatError(
            f"{source.redacted_uri} can't be read: {error.strerror or error}."
        ) from error


def _check_directory(source: Source, archive: Path) -> None:
    with archive.open("rb") as file:
        if has_too_many_entries(file, MAX_ENTRIES):
            raise _build_count_error(source)


def _build_count_error(source: Source) -> SourceRefusedError:
    return SourceRefusedError(
        f"{source.name} is refused: it holds more than {MAX_ENTRIES:,} entries."
    )


def _build_not_found_error(source: Source) -> SourceNotFoundError:
    if source.among_words:
        return SourceNotFoundError(
            f"There is no file or directory {source.redacted_uri}; a path with spaces needs the "
            "JSON form of DOCENT_SOURCES."
        )
    return SourceNotFoundError(f"There is no file or directory {source.redacted_uri}.")


def _build_format_error(source: Source, archive: Path) -> SourceFormatError:
    with archive.open("rb") as file:
        beginning = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    has_archive_name = source.is_remote or source.uri.lower().endswith(ARCHIVE_SUFFIXES)
    if has_archive_name and beginning.startswith(_PAGE_MARKS):
        return SourceFormatError(
            f"{source.redacted_uri} is not an archive but a web page: check the address, and "
            "whether it needs a login."
        )
    if has_archive_name:
        return SourceFormatError(f"{source.redacted_uri} is not a readable zip or tar archive.")
    return SourceFormatError(
        f"{source.redacted_uri} is not a directory, an archive or a document that docent reads."
    )
