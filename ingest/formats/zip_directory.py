"""The directory of a zip, measured before anything reads it: it may name a million entries."""

from __future__ import annotations

import zipfile
from typing import BinaryIO

_ENTRY = b"PK\x01\x02"
_MAX_DIRECTORY_BYTES = 64 * 2**20
_SIZE, _LOCATION = 5, 9  # of the end record, as zipfile gives it
_ZIP64_BYTES = 128  # room for the records of a zip64 behind the directory


def has_too_many_entries(file: BinaryIO, limit: int) -> bool:
    """Return whether a zip has more entries than the limit.

    A file that is not a zip has none; its reader says what is wrong with it.
    """
    # zipfile's own view of the end record, zip64 included: another could differ from it.
    end = vars(zipfile)["_EndRecData"](file)
    if not end:
        return False
    size = end[_SIZE]
    if size > _MAX_DIRECTORY_BYTES:
        return True
    file.seek(max(0, end[_LOCATION] - size - _ZIP64_BYTES))
    directory = file.read(size + _ZIP64_BYTES)
    file.seek(0)
    return directory.count(_ENTRY) > limit
