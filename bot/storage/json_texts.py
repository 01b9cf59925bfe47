"""Data as JSON in a column, with any characters in its texts."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from ingest.state.column_types import clean_text


def encode_json(adapter: TypeAdapter[Any], value: object) -> str:
    """Return a value as JSON without spaces or lone surrogates."""
    plain = adapter.dump_python(value)
    return clean_text(json.dumps(plain, ensure_ascii=False, separators=(",", ":")))
