"""The files of a source become pages: decoded, with their variables filled in."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from ingest.documents import Page, Pages
from ingest.formats import VARIABLES_FILE, is_document
from ingest.sources.base import RawFile, SourceFiles

_VARIABLE = re.compile(rb"\{\{\s*(?:var\.)?([\w.-]+)\s*\}\}")
_RAW_MARKER = re.compile(rb"\{%-?\s*(?:end)?raw\s*-?%\}")
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BINARY_SHARE = 0.1


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
    text = _decode(file.data)
    broken = text.count("\ufffd") - file.data.count("\ufffd".encode())
    if "\0" in text or broken > max(len(text), 1) * _BINARY_SHARE:
        failures.append(f"{file.path}: this looks like a binary file; left out")
        return None
    if broken > 0:
        failures.append(
            f"{file.path}: not valid UTF-8 in {broken} places; read, with \ufffd in their stead"
        )
    if not text.strip():
        failures.append(f"{file.path}: the page is empty")
    return text


def _decode(data: bytes) -> str:
    if data.startswith(_UTF16_MARKS):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


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
