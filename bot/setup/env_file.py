"""The file `.env`: what it says, and new values in it, with everything else as it was."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from rag_core.errors import SettingsError

_PLAIN = re.compile(r"[\w./:@%+,=?&~-]*", re.ASCII)
_LONGEST = 1_000_000


def read_env_file(path: Path) -> str:
    """Return the text of the file; empty if there is none.

    Raises:
        SettingsError: the file can't be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return file.read(_LONGEST)
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} can't be read: repair it or move it away.") from error


def parse_env(text: str) -> dict[str, str]:
    """Parse the values of a file; leave out those that are empty."""
    values = dotenv_values(stream=StringIO(text))
    return {name: value for name, value in values.items() if value}


def update_env(text: str, values: Mapping[str, str]) -> str:
    """Set values in the text of the file; keep other lines.

    Args:
        text: the text of the file.
        values: the new values by name; a name that is there gets its value where it is.

    Returns:
        The new text.

    Raises:
        SettingsError: a value can't be written in one line.
    """
    lines, left = [], dict(values)
    for binding in reversed(list(parse_stream(StringIO(text)))):
        original = binding.original.string
        if binding.key is not None and binding.key in values:
            # The last line of a name counts, so those above it go.
            value = left.pop(binding.key, None)
            original = "" if value is None else _format_line(binding.key, value)
        lines.append(original)
    merged = "".join(reversed(lines))
    if merged and not merged.endswith("\n"):
        merged += "\n"
    return merged + "".join(_format_line(name, value) for name, value in left.items())


def write_env_file(path: Path, text: str) -> None:
    """Write the file in one step, for its user alone.

    Raises:
        SettingsError: the folder can't be written to.
    """
    path = path.resolve()  # a link stays one
    part = ""
    try:
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".env.")  # 0600
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(path)
        part = ""
    except OSError as error:
        raise SettingsError(
            f"{path} can't be written ({error.strerror}): run `docent init` in a folder of yours."
        ) from error
    finally:
        if part:
            with contextlib.suppress(OSError):
                Path(part).unlink()


def _format_line(name: str, value: str) -> str:
    if not value.isprintable() or "${" in value:
        raise SettingsError(
            f"{name} can't be written into .env: leave out line breaks, control characters and "
            "`${`."
        )
    if _PLAIN.fullmatch(value):
        return f"{name}={value}\n"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{escaped}'\n"
