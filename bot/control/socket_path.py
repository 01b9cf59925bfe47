"""The path of the control socket, and the check that it is private; quick to import."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from bot.control import endpoint
from ingest.settings import IngestSettings
from rag_core.types import hash_content

_LONGEST_PATH = 100  # bytes; the kernel takes 107, some systems 103


def build_socket_path(settings: IngestSettings) -> Path | None:
    """Return the path of the socket; None if Milvus is a server.

    It lies in the data folder, or in the temporary folder if that path is too long for a socket.
    """
    if "://" in settings.milvus_uri:
        return None
    name = f"{Path(settings.milvus_uri).stem}.sock"
    path = settings.data_folder.absolute() / name
    if not endpoint.HAS_UNIX_SOCKETS or len(os.fsencode(path)) <= _LONGEST_PATH:
        return path
    return _get_temporary_folder() / f"{hash_content(str(path))}.sock"


def is_safe_folder(folder: Path) -> bool:
    """Return whether no other user can change a folder.

    The name of the temporary one is known beforehand, so another user may have been quicker.
    """
    if not endpoint.HAS_UNIX_SOCKETS or folder != _get_temporary_folder():
        return True
    status = folder.lstat()
    is_ours = status.st_uid == os.getuid() and not status.st_mode & 0o077
    return stat.S_ISDIR(status.st_mode) and is_ours


def _get_temporary_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"docent-{os.getuid()}"


def is_private_socket(path: Path) -> bool:
    """Return True for a socket, or its file, of this user alone.

    A system without user numbers, as Windows, keeps others out by the rights of the folder.
    """
    try:
        status = path.lstat()
    except OSError:
        return False
    is_kind = stat.S_ISSOCK if endpoint.HAS_UNIX_SOCKETS else stat.S_ISREG
    if not hasattr(os, "getuid"):
        return is_kind(status.st_mode)
    is_ours = status.st_uid == os.getuid() and not status.st_mode & 0o077
    return is_kind(status.st_mode) and is_ours
