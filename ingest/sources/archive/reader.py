"""Archives as sources: an entry that could do harm is left out, a bomb is refused."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from ingest.errors import SourceFormatError, SourceNotFoundError, SourceRefusedError
from ingest.formats.settings_files import is_settings_file
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
    DAMAGED,
    MAX_RATIO,
    ArchiveEntry,
    DamagedEntryError,
    RefusedEntryError,
    compute_expansion,
    detect_archive_kind,
    iterate_tar_entries,
    iterate_zip_entries,
    list_damage_errors,
)
from ingest.sources.source import (
    MAX_INCLUDED_FILE,
    MAX_INCLUDED_FILES,
    RawFile,
    Source,
    SourceFiles,
    build_empty_error,
    is_hidden,
)
from ingest.spool import Keeper, keep_in_memory

MAX_ENTRIES = 50_000
MAX_ENTRY_BYTES = 64 * 2**20
MAX_TOTAL_BYTES = 1024 * 2**20
_PAGE_MARKS = (b"<!doctype html", b"<html")


def _ignore_damage() -> None:
    pass


def read_archive(
    source: Source,
    archive: Path,
    *,
    is_wanted: Callable[[str], bool],
    on_damage: Callable[[], None] = _ignore_damage,
    keep: Keeper = keep_in_memory,
) -> SourceFiles:
    """Read the wanted entries of a zip, tar, tar.gz or tar.zst.

    Args:
        source: the source, with its options.
        archive: path of the file.
        is_wanted: returns whether an entry is read, by its path.
        on_damage: called for each entry that is damaged and left out.
        keep: keeps what was read.

    Returns:
        the files, ordered by path, and lines about wanted entries that are left out.

    Raises:
        SourceNotFoundError: the file does not exist.
        SourceFormatError: the file is not an archive, or it is damaged.
        SourceRefusedError: the archive as a whole could do harm; the message names an entry.
        SourceEmptyError: the archive has no wanted entry that can be read.
    """
    origin = source.redacted_uri if source.is_remote else archive.resolve().as_uri()
    reading = _ArchiveReading(source, archive, is_wanted, on_damage)
    with _translate_refusals(source), _open_archive(source, archive) as entries:
        contents = {path: keep(data) for path, data in reading.read(entries)}
    if all(map(is_settings_file, contents)):
        raise build_empty_error(source, reading.failures)
    files = tuple(
        RawFile(path, source.build_page_url(path, f"{origin}#{quote(path)}"), contents[path])
        for path in sorted(contents)
    )
    return SourceFiles(
        source,
        files,
        tuple(reading.failures),
        tuple(reading.unread),
        read_others=partial(_read_others, source, archive),
    )


def _read_others(source: Source, archive: Path, paths: Collection[str]) -> Mapping[str, bytes]:
    """Return the sound entries that pages include.

    Raises:
        SourceError: the archive has changed, and can no longer be read.
    """
    found: dict[str, bytes] = {}
    total = 0
    with _translate_refusals(source), _open_archive(source, archive) as entries:
        for entry in entries:
            path = _normalise_path(entry.name)
            if path not in paths or path in found or entry.is_folder or entry.harm:
                continue
            if entry.size > MAX_INCLUDED_FILE or total + entry.size > MAX_INCLUDED_FILES:
                continue
            try:
                found[path] = entry.read()
            except DamagedEntryError:
                continue
            total += entry.size
    return found


def inspect_archive(source: Source, archive: Path) -> None:
    """Go through the entries of an archive without reading any.

    Raises:
        SourceFormatError: the file is not an archive, or it is damaged.
        SourceRefusedError: the archive as a whole could do harm.
    """
    reading = _ArchiveReading(source, archive, lambda _: False, _ignore_damage)
    with _translate_refusals(source), _open_archive(source, archive) as entries:
        for _ in reading.read(entries):
            pass


class _ArchiveReading:
    """One pass over an archive: its pages, and lines about those that are left out."""

    def __init__(
        self,
        source: Source,
        archive: Path,
        is_wanted: Callable[[str], bool],
        on_damage: Callable[[], None],
    ) -> None:
        self._source = source
        self._on_damage = on_damage
        self._archive = archive
        self._is_wanted = is_wanted
        self._seen: set[str] = set()
        self._total = 0
        self.failures: list[str] = []
        self.unread: list[str] = []

    def read(self, entries: Iterator[ArchiveEntry]) -> Iterator[tuple[str, bytes]]:
        """Yield the path and the bytes of each wanted entry."""
        for count, entry in enumerate(entries, 1):
            if count > MAX_ENTRIES:
                raise _build_count_error(self._source)
            path = _normalise_path(entry.name)
            if entry.is_folder or not self._is_selected(path):
                continue
            if fault := self._find_fault(entry, path):
                self.failures.append(f"{format_name(path)}: {fault}")
                continue
            self._total += entry.size  # as declared: checked before the entry takes memory
            self._check_bomb(entry)
            self._seen.add(path)
            try:
                data = entry.read()
            except DamagedEntryError:
                self.failures.append(f"{format_name(path)}: {DAMAGED}")
                self.unread.append(path)
                self._on_damage()
                continue
            yield path, data

    def _is_selected(self, path: str) -> bool:
        if not self._is_wanted(path) or self._source.is_path_excluded(path):
            return False
        return not is_hidden(path) or ".." in path.split("/")

    def _find_fault(self, entry: ArchiveEntry, path: str) -> str:
        """Return why a page is left out; empty if it is read."""
        if fault := _find_path_fault(path) or find_name_fault(path) or find_windows_fault(path):
            return fault
        if path in self._seen:
            return "is left out, since another file's name reads the same"
        if not entry.harm and entry.size <= MAX_ENTRY_BYTES:
            return ""
        self.unread.append(path)
        return entry.harm or f"is larger than {MAX_ENTRY_BYTES // 2**20} MiB"

    def _check_bomb(self, entry: ArchiveEntry) -> None:
        if self._total > MAX_TOTAL_BYTES:
            raise RefusedEntryError(entry.name, "is too large")
        # In all: a single page is within its own limit, however well it is packed.
        ratio = compute_expansion(self._total, self._archive.stat().st_size)
        if ratio > MAX_RATIO:
            raise RefusedEntryError(entry.name, f"expands {ratio:,.0f} times")


def _normalise_path(name: str) -> str:
    """Return an entry's path with slashes; it may still lead out."""
    # A tar's names that are not UTF-8 come with surrogates, which no database stores.
    text = name.encode(errors="surrogateescape").decode(errors="replace")
    return PurePosixPath(text.replace("\\", "/")).as_posix()


def _find_path_fault(path: str) -> str:
    """Return why a path is none inside the archive; else empty."""
    parts = path.split("/")
    if ".." in parts:
        return "leads out of the archive"
    # An address such as `http://host/x.md` begins with a name and a colon.
    is_absolute = not parts[0] or (len(parts) > 1 and parts[0].endswith(":")) or has_drive(path)
    return "has an absolute path" if is_absolute else ""


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
