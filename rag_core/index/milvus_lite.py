"""The directory of Milvus Lite: who holds it, what lies there, how to let it go."""

from __future__ import annotations

import fcntl
import json
import logging
from pathlib import Path

from rag_core.errors import SettingsError, StoreFormatError, StoreLockedError, StoreUnavailableError
from rag_core.types import hash_content


def check_directory(path: Path) -> None:
    """Check that this process can open the directory; its parent is made.

    Milvus Lite itself says no more than `Open local milvus failed`.

    Raises:
        SettingsError: the name does not end in `.db`.
        StoreFormatError: a file of Milvus Lite 2, a folder that holds other things, or one whose
            live version is not there.
        StoreLockedError: another process holds it.
        StoreUnavailableError: the file system does not let us.
    """
    try:
        _check_path(path)
    except OSError as error:
        raise StoreUnavailableError(
            f"The index {path} can't be opened ({error.strerror}): check DOCENT_MILVUS_URI and who "
            "may write there."
        ) from error


def _check_path(path: Path) -> None:
    if path.suffix != ".db":
        raise SettingsError(
            f"DOCENT_MILVUS_URI is {path}: a local index must end in .db, for instance "
            "data/milvus.db; a server's address starts with http://."
        )
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
    """Milvus Lite leaves a collection without a schema out, and its alias stands in the way."""
    try:
        aliases = json.loads((path / "aliases.json").read_text())
    except (FileNotFoundError, ValueError):
        return  # there is none, or what Milvus Lite says about it is translated
    for collection in aliases.values():
        if not (path / "collections" / collection / "schema.json").is_file():
            raise build_damaged_error(path)


def build_damaged_error(path: Path | str) -> StoreFormatError:
    """The error of a directory that Milvus Lite can't read any more."""
    return StoreFormatError(
        f"The index {path} is damaged: move it away, and run `docent index` to rebuild it."
    )


def release_lock(path: str) -> None:
    """Stop the engine behind a path: closing a client does not free the lock."""
    from milvus_lite.server_manager import server_manager_instance

    server_manager_instance.release_server(path)


def silence_loggers() -> None:
    """Each failed call is logged with a traceback; the error that is raised says it all."""
    for name in ("pymilvus", "milvus_lite", "grpc._server"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _is_locked(lock: Path) -> bool:
    if not lock.exists():
        return False
    with lock.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(file, fcntl.LOCK_UN)
    return False


def hash_files(path: Path) -> str:
    """Hash over the names and sizes of what lies in a directory of Milvus Lite; '' for nothing.

    Equal digests mean that no file was lost or cut since, without opening the engine.
    """
    try:
        found = sorted(
            f"{file.relative_to(path)} {file.stat().st_size}"
            for file in path.rglob("*")
            if file.is_file()
        )
        aliases = (path / "aliases.json").read_text()
    except (OSError, ValueError):
        return ""
    return hash_content(aliases, *found)
