"""An archive that was downloaded, and in a note beside it what the server said about it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server said about the snapshot, to ask whether there is a newer one."""

    etag: str = ""
    last_modified: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The conditional part of the next request."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}

    @property
    def range_validator(self) -> str:
        """What `If-Range` may name: a weak ETag must not be used to put pieces together."""
        return self.last_modified if self.etag.startswith("W/") else self.etag or self.last_modified


class Snapshot:
    """The file and its note. They lie side by side: a host never trusts what another downloaded.

    Args:
        path: where the archive lies, or will.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_suffix(".json")

    def read_validators(self) -> Validators:
        """What was noted of the file that is here; empty where the two don't fit."""
        try:
            noted = json.loads(self._note.read_bytes())
            if noted.pop("size") != self.path.stat().st_size:
                return Validators()
            return Validators(**noted)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return Validators()

    def replace(self, file: Path, validators: Validators) -> None:
        """A finished download becomes the snapshot."""
        # Forgotten first: a crash in between must never pair a note with another file.
        self.forget()
        os.replace(file, self.path)  # noqa: PTH105  (atomic, and says so)
        noted = {**asdict(validators), "size": self.path.stat().st_size}
        part = self._note.with_suffix(".part-json")
        part.write_text(json.dumps(noted))
        os.replace(part, self._note)  # noqa: PTH105

    def forget(self) -> None:
        """Make the next download a whole one."""
        self._note.unlink(missing_ok=True)
