"""The directory of Milvus Lite: its checks, its lock and its hash."""

from __future__ import annotations

import errno
import json
import logging
from pathlib import Path

from rag_core.errors import SettingsError, StoreFormatError, StoreLockedError, StoreUnavailableError
from rag_core.extras import check_extra
from rag_core.types import hash_content

_IN_USE = {errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
"""Errors of systems for a lock that another process holds."""


def check_directory(path: Path) -> None:
    """Check that this process can open the directory; create its parent.

    Milvus Lite itself only reports `Open local milvus failed`.

    Raises:
        ExtraMissingError: Milvus Lite is not installed.
        SettingsError: the name does not end in `.db`.
        StoreFormatError: the path is a file of Milvus Lite 2, a folder of other files, or an index
            without its live version.
        StoreLockedError: another process holds the directory.
        StoreUnavailableError: the file system denies access.
    """
    check_extra("lite", f"The index {path}")
    try:
        _check_path(path)
    except OSError as error:
        raise StoreUnavailableError(
            f"The index {path} can't be opened ({error.strerror}): check DOCENT_MILVUS_URI and who "
            "may write there."
        ) from error


def check_name(path: Path) -> None:
    """Check that the directory has a name that Milvus Lite takes.

    Raises:
        SettingsError: the name does not end in `.db`.
    """
    if path.suffix != ".db":
        raise SettingsError(
            f"DOCENT_MILVUS_URI is {path}: a local index must end in .db, for instance "
            "data/milvus.db; a server's address starts with http://."
        )


def _check_path(path: Path) -> None:
    check_name(path)
    if path.is_file():
        raise StoreFormatError(
            f"{path} is a file, as older versions of Milvus Lite wrote it, and was left alone: "
            "move it away, or set DOCENT_MILVUS_URI to another path, and run `docent index`."
        )
    if path.is_dir() and any(path.iterdir()) and not (path / "LOCK").exists():
        raise StoreFormatError(
            f"{path} holds files that are not Milvus Lite's and was left alone: set "
            "DOCENT_MILVUS_URI to another path."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    if _is_locked(path / "LOCK"):
        raise StoreLockedError(
            f"Another process holds the index {path}, perhaps a running `docent serve`: stop it, "
            "or use a Milvus server, which many processes can share."
        )
    _check_live(path)


def _check_live(path: Path) -> None:
    """Check that the live version has its schema.

    Milvus Lite ignores a collection without a schema, but its alias blocks a new one.
    """
    try:
        aliases = json.loads((path / "aliases.json").read_text())
    except (FileNotFoundError, ValueError):
        return  # no alias yet; or a broken file, about which the error of Milvus Lite is translated
    for collection in aliases.values():
        if not (path / "collections" / collection / "schema.json").is_file():
            raise build_damaged_error(path)


def build_damaged_error(path: Path | str) -> StoreFormatError:
    """Build the error of a directory that Milvus Lite can't read."""
    return StoreFormatError(
        f"The index {path} is damaged: move it away, and run `docent index` to rebuild it."
    )


def release_lock(path: str) -> None:
    """Stop the engine behind a path, which holds the lock."""
    from milvus_lite.server_manager import server_manager_instance

    server_manager_instance.release_server(path)


def silence_loggers() -> None:
    """Silence logs of failed calls; the raised errors say the same."""
    for name in ("pymilvus", "milvus_lite", "grpc._server"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _is_locked(lock: Path) -> bool:
    if not lock.exists():
        return False
    with lock.open("r+") as file:
        try:
            _acquire_lock(file.fileno())
        except OSError as error:
            if error.errno in _IN_USE:
                return True
            raise
    return False  # the lock goes with the open file


def _acquire_lock(descriptor: int) -> None:
    """Lock a file in the way in which Milvus Lite does.

    Raises:
        OSError: another process holds the lock.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        # mypy knows the functions of Windows on Windows only.
        vars(msvcrt)["locking"](descriptor, vars(msvcrt)["LK_NBLCK"], 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def hash_files(path: Path) -> str:
    """Hash the names and sizes of a directory's files.

    Equal hashes show, without the engine, that no file was lost or cut since. Return '' if the
    directory can't be read.
    """
    try:
        entries = sorted(
            f"{file.relative_to(path)} {file.stat().st_size}"
            for file in path.rglob("*")
            if file.is_file()
        )
        aliases = (path / "aliases.json").read_text()
    except (OSError, ValueError):
        return ""
    return hash_content(aliases, *entries)
