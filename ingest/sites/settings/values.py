"""Values of settings, by the names that lead to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_TEXT = 2_000
"""Characters of a value; no address and no version is longer."""


def find_value(settings: object, *names: str) -> Any:
    """Return the value that names lead to; None if there is none."""
    for name in names:
        settings = settings.get(name) if isinstance(settings, Mapping) else None
    return settings


def find_text(settings: object, *names: str) -> str:
    """Return the text or number that names lead to.

    Return an empty text if there is none.
    """
    value = find_value(settings, *names)
    is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value).strip() if is_plain and len(str(value)) <= MAX_TEXT else ""


def find_flag(settings: object, *names: str, default: bool) -> bool:
    """Return the flag that names lead to.

    Args:
        settings: the settings.
        names: keys of mappings within each other.
        default: the flag if there is none.

    Returns:
        the flag.
    """
    value = find_value(settings, *names)
    return value if isinstance(value, bool) else default


def find_table(settings: object, *names: str) -> Mapping[str, Any]:
    """Return the mapping that names lead to; empty if there is none."""
    value = find_value(settings, *names)
    return value if isinstance(value, Mapping) else {}


def list_items(settings: object, *names: str) -> list[Any]:
    """Return the list that names lead to.

    A single value is a list of one.
    """
    value = find_value(settings, *names)
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def find_options(settings: object, name: str, *names: str) -> Mapping[str, Any] | None:
    """Find an entry of a list such as `plugins`.

    Each entry is a name, or a mapping of one name to options.

    Args:
        settings: the settings.
        name: the name of the entry.
        names: keys that lead to the list; a mapping in its place serves, too.

    Returns:
        the options of the entry, maybe empty; None if the list does not name it.
    """
    value = find_value(settings, *names)
    if isinstance(value, Mapping):
        return find_table(value, name) if name in value else None
    for item in value if isinstance(value, list) else []:
        if item == name:
            return {}
        if isinstance(item, Mapping) and name in item:
            return find_table(item, name)
    return None


def flatten_texts(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return the texts of a mapping by names with dots.

    Args:
        table: the mapping.
        prefix: what stands before each name.

    Returns:
        the texts, of three levels at most.
    """
    texts = dict[str, str]()
    pending = [(prefix, table, 0)]
    while pending and len(texts) < MAX_TEXT:
        above, level, depth = pending.pop()
        for key, value in list(level.items())[:MAX_TEXT]:
            if isinstance(value, Mapping) and depth < 2:
                pending.append((f"{above}{key}.", value, depth + 1))
            elif text := find_text(level, key):
                texts[f"{above}{key}"] = text
    return texts
