"""Variables of a source: the values of `Variables.json`, filled in on pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from ingest.formats import VARIABLES_FILE
from ingest.includes.allowance import Allowance
from ingest.sources.source import RawFile

_VARIABLE = re.compile(rb"\{\{\s*(?:var\.)?([\w.-]+)\s*\}\}")
_RAW_MARKER = re.compile(rb"\{%-?\s*(?:end)?raw\s*-?%\}")


class Variables:
    """The variables of a source.

    Args:
        files: all files of the source.
        failures: gets a line for each broken file of variables.
    """

    def __init__(self, files: Iterable[RawFile], failures: list[str]) -> None:
        self._values: dict[str, dict[bytes, bytes]] = {}
        self._allowance = Allowance()
        for file in files:
            path = PurePosixPath(file.path)
            if path.name == VARIABLES_FILE:
                try:
                    self._values[str(path.parent)] = _encode_variables(json.loads(file.data))
                except (ValueError, RecursionError) as error:
                    failures.append(f"{file.path}: not valid JSON ({error}); left out")

    def fill(self, path: str, data: bytes) -> bytes:
        """Fill in a page; keep each name without a value."""
        if b"{" not in data:
            return data
        data = _RAW_MARKER.sub(b"", data)
        values = self._find_values(path)
        if not values:
            return data
        self._allowance.start_page()
        return _VARIABLE.sub(lambda match: self._take_value(values, match), data)

    def _find_values(self, path: str) -> Mapping[bytes, bytes]:
        # The file of variables in the nearest folder counts.
        folders = map(str, PurePosixPath(path).parents)
        return next((self._values[name] for name in folders if name in self._values), {})

    def _take_value(self, values: Mapping[bytes, bytes], match: re.Match[bytes]) -> bytes:
        """Return the value of a name; one that is too long stays."""
        value = values.get(match[1])
        if value is None or not self._allowance.take_bytes(len(value)):
            return match[0]
        return value


def _encode_variables(loaded: object) -> dict[bytes, bytes]:
    if not isinstance(loaded, dict):
        raise ValueError("not an object")  # noqa: TRY004  (as json says of the rest)
    return {
        key.encode(errors="replace"): str(value).encode(errors="replace")
        for key, value in loaded.items()
        if isinstance(value, str | int | float)
    }
