"""Data as JSON in a column, whatever characters its texts have."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from ingest.state.column_types import clean_text


def dump_json(adapter: TypeAdapter[Any], value: object) -> str:
    """Return a value as JSON without spaces; lone surrogates in its texts are replaced."""
    plain = to_jsonable_python(adapter.dump_python(value))
    return clean_text(json.dumps(plain, ensure_ascii=False, separators=(",", ":")))
