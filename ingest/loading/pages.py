"""The files of a source become pages: decoded, with their variables filled in."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from charset_normalizer import from_bytes

from ingest.documents import Page, SourcePages
from ingest.formats import BINARY, TEMPLATES, VARIABLES_FILE, detect_format
from ingest.sources.source import RawFile, SourceFiles

_VARIABLE = re.compile(rb"\{\{\s*(?:var\.)?([\w.-]+)\s*\}\}")
_INCLUDE = re.compile(rb"\{\{\s*([\w./-]+\.mdx?)\s*\}\}")
_RAW_MARKER = re.compile(rb"\{%-?\s*(?:end)?raw\s*-?%\}")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_HEAD = 2_048  # bytes of a page in which it names its encoding
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BINARY = "this looks like a binary file; left out"
_ENCODINGS = ["cp1252", "cp1251", "koi8_r", "cp932", "gb18030", "euc_kr"]
"""What a page that is not UTF-8 may be; with more to choose from, short pages are misread."""


def prepare_pages(found: SourceFiles) -> SourcePages:
    """Decode the files of a source and fill in its variables and includes."""
    failures = list(found.failures)
    blanks = _TemplateFiller(found.files, failures)
    pages = []
    for file in found.files:
        kind = detect_format(file.path, file.media_type)
        data = _decode_file(file, kind, failures) if kind else None
        if data is not None:
            page = Page(
                source=found.source.name,
                path=file.path,
                url=file.url,
                data=blanks.fill(file.path, data) if kind in TEMPLATES else data,
                media_type=file.media_type,
                version=found.source.version,
                language=found.source.language,
                anchors=found.source.anchors,
            )
            pages.append(page)
    return SourcePages(found.source.name, tuple(pages), tuple(failures), found.unread)


def _decode_file(file: RawFile, kind: str, failures: list[str]) -> bytes | None:
    """The file as UTF-8, unless its format is binary; None, and a line in the report, if broken."""
    if kind in BINARY:
        return file.data
    text, note = _decode(file.data, _find_encoding(file, kind))
    if note:
        failures.append(f"{file.path}: {note}")
    if text is None:
        return None
    if not text.strip():
        failures.append(f"{file.path}: the page is empty")
    return text.encode(errors="replace")


def _find_encoding(file: RawFile, kind: str) -> str:
    """The encoding that a page or its server names; empty if there is none that Python knows."""
    head = file.data[:_HEAD].decode("ascii", errors="replace") if kind == ".html" else ""
    match = _CHARSET.search(file.media_type) or _CHARSET.search(head)
    try:
        name = codecs.lookup(match[1]).name if match else ""
    except LookupError:
        return ""
    # As browsers do: https://encoding.spec.whatwg.org/#names-and-labels
    return "cp1252" if name in {"iso8859-1", "ascii"} else name


def _decode(data: bytes, declared: str) -> tuple[str | None, str]:
    """The text, None for a binary file, and what is to be said about it, mostly nothing."""
    marked = data.startswith(_UTF16_MARKS)
    text = data.decode("utf-16" if marked else "utf-8-sig", errors="replace")
    broken = text.count("\ufffd") - data.count("\ufffd".encode())
    if "\0" in text:
        return None, _BINARY
    if broken <= 0:
        return text, ""
    if marked or _is_mostly_utf8(text, broken):
        kind = "UTF-16" if marked else "UTF-8"
        return text, f"not valid {kind} in {broken} places; read, with \ufffd in their stead"
    if declared and not declared.startswith("utf"):
        return data.decode(declared, errors="replace"), ""
    found = from_bytes(data, cp_isolation=_ENCODINGS).best()
    return (str(found), f"not UTF-8; read as {found.encoding}") if found else (None, _BINARY)


def _is_mostly_utf8(text: str, broken: int) -> bool:
    """Whether more letters beyond ASCII are whole than broken: read wrongly, next to none are."""
    return sum(letter > "\x7f" and letter != "\ufffd" for letter in text) > broken


MAX_INCLUDED = 5 * 10**6
"""Bytes that one page includes of others; a small page could ask for a large one many times."""


class _TemplateFiller:
    """What is filled in on the pages of a source: variables, and pages that others include."""

    def __init__(self, files: Iterable[RawFile], failures: list[str]) -> None:
        self._variables: dict[str, dict[bytes, bytes]] = {}
        self._includes: dict[str, bytes] = {}
        for file in files:
            path = PurePosixPath(file.path)
            if path.name == VARIABLES_FILE:
                try:
                    self._variables[str(path.parent)] = _encode_variables(json.loads(file.data))
                except ValueError as error:
                    failures.append(f"{file.path}: not valid JSON ({error}); left out")
            elif path.suffix in TEMPLATES:
                text, _ = _decode(file.data, "")
                if text is not None:
                    self._includes[file.path] = text.encode(errors="replace")

    def fill(self, path: str, data: bytes) -> bytes:
        """A page with all of it filled in; what has no value stays as it is."""
        if b"{" not in data:
            return data
        data = _RAW_MARKER.sub(b"", data)
        room = [MAX_INCLUDED]
        data = _INCLUDE.sub(lambda match: self._resolve_include(path, match, room), data)
        variables = self._find_variables(path)
        if not variables:
            return data
        return _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), data)

    def _find_variables(self, path: str) -> Mapping[bytes, bytes]:
        folders = map(str, PurePosixPath(path).parents)
        return next((self._variables[one] for one in folders if one in self._variables), {})

    def _resolve_include(self, path: str, match: re.Match[bytes], room: list[int]) -> bytes:
        """The page at a path below one of the folders that the page is in, not itself.

        `room` is how many bytes may still be included; what has none stays as it is.
        """
        for folder in PurePosixPath(path).parents:
            wanted = str(folder / match[1].decode())
            found = self._includes.get(wanted)
            if found is not None and wanted != path and len(found) <= room[0]:
                room[0] -= len(found)
                return found
        return match[0]


def _encode_variables(loaded: object) -> dict[bytes, bytes]:
    if not isinstance(loaded, dict):
        raise ValueError("not an object")  # noqa: TRY004  (as json says of the rest)
    return {
        key.encode(errors="replace"): str(value).encode(errors="replace")
        for key, value in loaded.items()
        if isinstance(value, str | int | float)
    }
