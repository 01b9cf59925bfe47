"""Settings files, read by their suffix."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from ingest.sites.settings.javascript import read_javascript
from ingest.sites.settings.python_module import read_python
from ingest.sites.settings.yaml_file import read_yaml

_MAX_TABLES = 5_000
"""Brackets of a TOML file; its parser gets slow with more."""


def read_settings(path: str, text: str) -> Mapping[str, Any]:
    """Return the values that a settings file writes out.

    Return an empty mapping if the file is broken.
    """
    read = _READERS.get(PurePosixPath(path).suffix.lower())
    return read(text) if read else {}


def _read_toml(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text) if text.count("[") + text.count("{") <= _MAX_TABLES else {}
    except (ValueError, RecursionError):
        return {}


def _read_json(text: str) -> Mapping[str, Any]:
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


_SCRIPTS = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx")
_READERS: Mapping[str, Callable[[str], Mapping[str, Any]]] = {
    ".toml": _read_toml,
    ".json": _read_json,
    ".yml": read_yaml,
    ".yaml": read_yaml,
    ".py": read_python,
    **dict.fromkeys(_SCRIPTS, read_javascript),
}
