"""Where the control socket lies, and whether it is one of ours; quick to import."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from ingest.settings import IngestSettings
from rag_core.types import hash_content

_LONGEST_PATH = 100  # bytes; the kernel takes 107, some systems 103


def build_socket_path(settings: IngestSettings) -> Path | None:
    """Where the service of a Milvus Lite index listens; None where Milvus is a server.

    A folder whose path is too long for a socket has it in the temporary folder instead.
    """
    if "://" in settings.milvus_uri:
        return None
    name = f"{Path(settings.milvus_uri).stem}.sock"
    path = settings.data_folder.absolute() / name
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        return path
    return Path(tempfile.gettempdir()) / f"docent-{os.getuid()}" / f"{hash_content(str(path))}.sock"


def is_private_socket(path: Path) -> bool:
    """Whether the socket there is one, and ours alone."""
    try:
        found = path.lstat()
    except OSError:
        return False
    ours = found.st_uid == os.getuid() and not found.st_mode & 0o077
    return stat.S_ISSOCK(found.st_mode) and ours
