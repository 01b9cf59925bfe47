"""The zip that an office file is, measured before anything unpacks it."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile, ZipInfo

from ingest.documents import PageError
from ingest.formats.zip_directory import has_too_many_entries

MAX_XML_BYTES = 64 * 2**20
"""Most XML of a file, unpacked: a bomb packs gigabytes into a few kilobytes."""

MAX_TAGS = 1_000_000
"""Most XML tags: parsers keep an object for each, and a book has some hundred thousand."""

_MAX_ENTRIES = 10_000


def check_package(data: bytes, *, max_bytes: int = MAX_XML_BYTES, max_tags: int = MAX_TAGS) -> None:
    """Check that an office file is small enough to be read.

    Args:
        data: the file.
        max_bytes: most bytes of text, unpacked.
        max_tags: most XML tags.

    Raises:
        BadZipFile: the file is not a zip.
        PageError: it has too many entries, too much text or too many tags.
    """
    if has_too_many_entries(BytesIO(data), _MAX_ENTRIES):
        raise PageError(f"holds more than {_MAX_ENTRIES:,} files")
    with ZipFile(BytesIO(data)) as archive:
        entries = archive.infolist()
        tags = sum(_count_tags(archive, each, max_bytes) for each in entries if _is_xml(each))
    # Pictures hardly shrink: an entry that does is text under any name.
    text_bytes = sum(
        entry.file_size for entry in entries if entry.file_size > 2 * entry.compress_size
    )
    if text_bytes > max_bytes:
        raise _build_size_error(max_bytes)
    if tags > max_tags:
        raise PageError(f"has more than {max_tags:,} XML tags")


def _build_size_error(max_bytes: int) -> PageError:
    return PageError(f"unpacks to more than {max_bytes // 2**20} MiB of text")


def _is_xml(entry: ZipInfo) -> bool:
    return entry.filename.lower().endswith((".xml", ".rels"))


def _count_tags(archive: ZipFile, entry: ZipInfo, max_bytes: int) -> int:
    """Count the tags of a file, in every encoding of XML."""
    if entry.file_size > max_bytes:
        raise _build_size_error(max_bytes)
    with archive.open(entry) as file:
        return sum(block.count(b"<") for block in iter(lambda: file.read(2**16), b""))
