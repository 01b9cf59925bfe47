"""Names of files that no page may have, and names as reports show them."""

from __future__ import annotations

import re
import unicodedata

_MAX_PART_BYTES = 255
_MAX_PATH_BYTES = 1024
_MAX_SHOWN = 120
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of characters, ends of lines
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_DRIVE = re.compile(r"[A-Za-z]:")
_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³]) *(\.|:|$)", re.IGNORECASE
)


def find_name_fault(path: str) -> str:
    """Return the fault of a page's path; empty if it has none.

    Citations show the path, where control characters could write what is not there.
    """
    if any(unicodedata.category(character) in _UNSEEN for character in path):
        return "has control characters in its name"
    if _TURNS.search(path):
        return "has characters in its name that turn the direction of text"
    is_long = any(len(part.encode()) > _MAX_PART_BYTES for part in path.split("/"))
    return "has a name that is too long" if is_long or len(path.encode()) > _MAX_PATH_BYTES else ""


def find_windows_fault(path: str) -> str:
    """Return why Windows takes a path for another; empty if not."""
    parts = path.split("/")
    if any(_DEVICE.match(part) for part in parts):
        return "has the name of a device of Windows"
    # Windows drops them, so that two entries would be one file.
    has_end = any(part.endswith((".", " ")) for part in parts if part not in {"", ".", ".."})
    return "has a name that ends in a dot or blank" if has_end else ""


def has_drive(path: str) -> bool:
    """Return whether a path begins with a drive's letter."""
    return _DRIVE.match(path) is not None


def format_name(path: str) -> str:
    """Return a path on one line, short and without control characters."""
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in path)
    return shorten_name(shown)


def shorten_name(path: str) -> str:
    """Return a path, cut off if it is too long."""
    return path if len(path) <= _MAX_SHOWN else f"{path[:_MAX_SHOWN]}…"
