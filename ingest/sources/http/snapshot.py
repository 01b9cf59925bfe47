"""A downloaded archive, with the server's validators in a note beside it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Validators:
    """ETag and date of a snapshot, to ask the server for a newer one."""

    etag: str = ""
    last_modified: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Headers that make the next request conditional."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}

    @property
    def range_validator(self) -> str:
        """Validator for `If-Range`: with a weak ETag, parts must not be joined."""
        return self.last_modified if self.etag.startswith("W/") else self.etag or self.last_modified


class Snapshot:
    """An archive and its note.

    They lie in the same folder, so a host never trusts a note about another host's download.

    Args:
        path: where the archive lies, or will.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_suffix(".json")

    def read_validators(self) -> Validators:
        """Return the validators of the archive.

        They are empty if the note is missing or belongs to another file.
        """
        try:
            note = json.loads(self._note.read_bytes())
            if note.pop("size") != self.path.stat().st_size:
                return Validators()
            return Validators(**note)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return Validators()

    def replace(self, file: Path, validators: Validators) -> None:
        """Make a finished download the snapshot."""
        # Delete the note first: after a crash in between, it would belong to another file.
        self.forget()
        os.replace(file, self.path)  # noqa: PTH105  (atomic)
        note = {**asdict(validators), "size": self.path.stat().st_size}
        part = self._note.with_suffix(".part-json")
        part.write_text(json.dumps(note))
        os.replace(part, self._note)  # noqa: PTH105

    def forget(self) -> None:
        """Delete the note, so that the next download is a full one."""
        self._note.unlink(missing_ok=True)
