"""Descriptions of APIs among the files of a source: each becomes several pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.documents import Page, PageError, translate_parser_errors
from ingest.formats import MAX_BYTES, PART_TYPE, is_possible_specification
from ingest.formats.openapi.parsing import is_specification, parse_specification
from ingest.formats.openapi.splitting import MAX_TAGS, Splitter
from ingest.sources.source import RawFile, SourceFiles


class SpecificationPages:
    """The pages of all descriptions of APIs in a source.

    The page of the API has the path of the file, and that of a tag the tag's name behind it, as if
    the file were a folder.

    Args:
        source_files: the files of the source.
        failures: gets a line for what is left out.
        unread: gets the paths of pages that exist and could not be read.
    """

    def __init__(self, source_files: SourceFiles, failures: list[str], unread: list[str]) -> None:
        self._source = source_files.source
        self._keep = source_files.keep
        self._files = {
            file.path: file
            for file in source_files.files
            if is_possible_specification(file.path, file.media_type)
        }
        self._failures = failures
        self._unread = unread
        self._values: dict[str, Any] = {}

    def build(self) -> Iterator[Page]:
        """Yield the pages, file by file."""
        for file in self._files.values():
            if not is_specification(_decode(file.data[:MAX_BYTES])):
                continue
            try:
                yield from self._split(file)
            except PageError as error:
                self._failures.append(f"{file.path}: {error}; left out")
                self._unread += [file.path, f"{file.path}/"]

    def _split(self, file: RawFile) -> list[Page]:
        if file.size > MAX_BYTES:
            raise PageError(f"is larger than {MAX_BYTES // 10**6} MB")
        with translate_parser_errors("a description of an API"):
            root = parse_specification(_decode(file.data))
            if not is_root(root):
                return []
            splitter = Splitter(file.path, root, self._read_file)
            parts = splitter.split()
        self._failures += (
            f"{file.path}: refers to {path[:200]}, which is not in the source or can't be read"
            for path in splitter.missing[:20]
        )
        if splitter.left_out:
            self._failures.append(
                f"{file.path}: has more than {MAX_TAGS:,} tags; {splitter.left_out:,} operations "
                "of the others are left out"
            )
        return [
            self._build_page(
                file, f"{file.path}/{part.name}" if part.name else file.path, part.data
            )
            for part in parts
        ]

    def _build_page(self, file: RawFile, path: str, data: bytes) -> Page:
        return Page(
            source=self._source.name,
            path=path,
            url=file.url,
            content=self._keep(data),
            media_type=PART_TYPE,
            version=self._source.version,
            language=self._source.language,
        )

    def _read_file(self, path: str) -> Any:
        """Return the value of another file; None without one."""
        if path not in self._values:
            file = self._files.get(path)
            try:
                is_small = file is not None and file.size <= MAX_BYTES
                text = _decode(file.data) if file is not None and is_small else ""
                self._values[path] = parse_specification(text) if text.strip() else None
            except PageError:
                self._values[path] = None
        return self._values[path]


def is_root(value: object) -> bool:
    """Return whether a value is the whole description of an API."""
    return isinstance(value, dict) and (
        str(value.get("openapi", "")).startswith("3")
        or str(value.get("swagger", "")).startswith("2")
    )


def _decode(data: bytes) -> str:
    is_utf16 = data[:2] in {b"\xff\xfe", b"\xfe\xff"}
    return data.decode("utf-16" if is_utf16 else "utf-8-sig", errors="replace")
