"""Values of a description of any type: a field of the wrong type counts as missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Fields = Mapping[str, Any]


def get_fields(value: object, name: str) -> Fields:
    """Return an object in a field; empty if there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def get_items(value: object, name: str) -> list[Any]:
    """Return the list in a field; empty if there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def get_text(value: object, name: str) -> str:
    """Return the text or number in a field; empty without one."""
    found = value.get(name) if isinstance(value, dict) else None
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    text = str(found) if is_number else found if isinstance(found, str) else ""
    return text.replace("\0", "").encode(errors="replace").decode().strip()


def get_line(value: object, name: str) -> str:
    """Return the text in a field as one line."""
    return " ".join(get_text(value, name).split())


def format_value(value: object) -> str:
    """Return a value as JSON, a text as it is."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("\0", "").encode(errors="replace").decode()


def format_code(value: object, *, most: int = 200) -> str:
    """Return a value as code in one line; cut a long one.

    Return an empty text for a value without characters.
    """
    text = " ".join(format_value(value).split())
    text = text if len(text) <= most else f"{text[:most]}…"
    if "`" in text:
        return f"`` {text} ``"
    return f"`{text}`" if text else ""
