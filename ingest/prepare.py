"""The files of a source become pages: decoded, with their variables filled in."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from charset_normalizer import from_bytes

from ingest.documents import Page, Pages
from ingest.formats import VARIABLES_FILE, is_document
from ingest.sources.base import RawFile, SourceFiles

_VARIABLE = re.compile(rb"\{\{\s*(?:var\.)?([\w.-]+)\s*\}\}")
_RAW_MARKER = re.compile(rb"\{%-?\s*(?:end)?raw\s*-?%\}")
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BINARY = "this looks like a binary file; left out"
_ENCODINGS = ["cp1252", "cp1251", "koi8_r", "cp932", "gb18030", "euc_kr"]
"""What a page that is not UTF-8 may be; with more to choose from, short pages are misread."""


def prepare(found: SourceFiles) -> Pages:
    """Decode the files of a source and fill in its variables."""
    failures = list(found.failures)
    variables = _variables(found.files, failures)
    pages = []
    for file in filter(lambda file: is_document(file.path), found.files):
        text = _decoded(file, failures)
        if text is not None:
            data = _filled(text.encode(errors="replace"), _nearest(variables, file.path))
            pages.append(Page(found.source.name, file.path, file.url, data))
    return Pages(found.source.name, tuple(pages), tuple(failures))


def _decoded(file: RawFile, failures: list[str]) -> str | None:
    """The text of a file; None, with a line in the report, where there is none."""
    text, note = _decode(file.data)
    if note:
        failures.append(f"{file.path}: {note}")
    if text is not None and not text.strip():
        failures.append(f"{file.path}: the page is empty")
    return text


def _decode(data: bytes) -> tuple[str | None, str]:
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
    found = from_bytes(data, cp_isolation=_ENCODINGS).best()
    return (str(found), f"not UTF-8; read as {found.encoding}") if found else (None, _BINARY)


def _is_mostly_utf8(text: str, broken: int) -> bool:
    """Whether more letters beyond ASCII are whole than broken: read wrongly, next to none are."""
    return sum(letter > "\x7f" and letter != "\ufffd" for letter in text) > broken


def _variables(files: Iterable[RawFile], failures: list[str]) -> dict[str, dict[bytes, bytes]]:
    """Variables by the folder whose pages they are for."""
    found = {}
    for file in files:
        path = PurePosixPath(file.path)
        if path.name == VARIABLES_FILE:
            try:
                found[str(path.parent)] = _texts(json.loads(file.data))
            except ValueError as error:
                failures.append(f"{file.path}: not valid JSON ({error}); left out")
    return found


def _texts(loaded: object) -> dict[bytes, bytes]:
    if not isinstance(loaded, dict):
        raise ValueError("not an object")  # noqa: TRY004  (as json says of the rest)
    return {
        key.encode(errors="replace"): str(value).encode(errors="replace")
        for key, value in loaded.items()
        if isinstance(value, str | int | float)
    }


def _nearest(variables: Mapping[str, dict[bytes, bytes]], path: str) -> dict[bytes, bytes]:
    for folder in PurePosixPath(path).parents:
        if str(folder) in variables:
            return variables[str(folder)]
    return {}


def _filled(data: bytes, variables: Mapping[bytes, bytes]) -> bytes:
    data = _RAW_MARKER.sub(b"", data)
    if not variables:
        return data
    return _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), data)
