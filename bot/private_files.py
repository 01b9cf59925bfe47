"""docent's files are for its own user: the mode of new ones, and of those that are there.

The data folder holds whole documents, questions and answers. docent changes the mode of what it
made itself. A folder with anything else in it is shared, so it keeps its mode, and only docent's
files in it are made private.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from ingest.settings import IngestSettings
from rag_core.english import format_count
from rag_core.errors import SettingsError

PRIVATE_UMASK = 0o077
"""New folders are 0700, new files 0600."""

_HAS_MODES = hasattr(os, "geteuid")
_OTHERS = 0o077
_OTHERS_READ = 0o044
_OTHERS_WRITE = 0o022

_DATA_NAME = re.compile(
    r".+\.(db|sock|parts|calibration\.(json|new)|state\.sqlite(-(wal|shm|journal))?)|snapshots|lost\+found"
)
_SNAPSHOT_NAME = re.compile(r"[0-9a-f]{16}\.[\w.-]+")
_SQLITE_ENDINGS = ("", "-wal", "-shm", "-journal")
_SQLITE_FILE = re.compile(r"sqlite(?:\+pysqlite)?:///(?!:memory:|file:)([^?]+)")


def check_env_file(path: Path = Path(".env")) -> str:
    """Return a warning about `.env`; empty if all is well.

    It may be a folder, or others may read it. Where a system has no user numbers, as Windows, its
    modes say nothing.

    Raises:
        SettingsError: others may write the file, and so choose where docent sends its texts.
    """
    try:
        status = path.stat()
    except OSError:
        return ""
    if stat.S_ISDIR(status.st_mode):  # Docker makes one in place of a missing file
        return (
            f"{path} is a folder, so docent reads no settings from it: give the folder another "
            "name."
        )
    if not _HAS_MODES:
        return ""
    if status.st_mode & _OTHERS_WRITE:
        raise SettingsError(
            f"{path} can be changed by other users of this machine: run `chmod 600 {path}`."
        )
    user = os.geteuid()
    if user and status.st_uid not in {user, 0}:
        raise SettingsError(
            f"{path} belongs to another user of this machine: run `chown {user} {path}`, or start "
            "docent in another folder."
        )
    if status.st_mode & _OTHERS_READ and status.st_uid == user:
        return f"{path} can be read by other users of this machine: run `chmod 600 {path}`."
    return ""


def make_private(settings: IngestSettings) -> list[str]:
    """Make docent's own files private; return a line on each change.

    Links are not followed. A file that belongs to another user is left as it is.
    """
    if not _HAS_MODES:
        return []
    lines = list(_describe_shared_folder(settings.data_folder))
    for root in _list_roots(settings):
        changed, foreign = _restrict_tree(root)
        if changed:
            lines.append(
                f"{root} was open to other users of this machine: docent made "
                f"{format_count(changed, 'file or folder', 'files and folders')} private."
            )
        if foreign:
            lines.append(
                f"{root} has {format_count(len(foreign), 'file or folder', 'files and folders')} "
                f"of another user, which docent left as they are, for example {foreign[0]}."
            )
    return lines


def _describe_shared_folder(folder: Path) -> Iterator[str]:
    """Yield a line if others can put files in place of docent's."""
    try:
        status = folder.stat()
        foreign = sorted(each.name for each in os.scandir(folder) if not _is_own_entry(each))
    except OSError:
        return
    is_open = status.st_mode & _OTHERS_WRITE and not status.st_mode & stat.S_ISVTX
    if is_open and not _is_own_folder(folder):
        reason = f" because of files that are not docent's, such as {foreign[0]}" if foreign else ""
        yield (
            f"{folder} can be changed by other users of this machine, and docent left it so"
            f"{reason}: run `chmod 700 {folder}`, or give docent a folder of its own."
        )


def _list_roots(settings: IngestSettings) -> list[Path]:
    """Return docent's own files and folders, which are private throughout."""
    folder = settings.data_folder
    roots = [folder.resolve()] if _is_own_folder(folder) else list(_list_data_files(settings))
    if match := _SQLITE_FILE.match(settings.resolved_state_url):
        state = Path(match[1]).resolve()
        if not any(state.is_relative_to(root) for root in roots):
            roots += [state.with_name(state.name + ending) for ending in _SQLITE_ENDINGS]
    return [root for root in roots if os.path.lexists(root)]


def _is_own_folder(folder: Path) -> bool:
    """Return True for a folder in which nothing but docent's data lies."""
    try:
        status, resolved = folder.stat(), folder.resolve()
        entries = list(os.scandir(folder))
    except OSError:
        return False
    shared = {Path("/"), Path.cwd(), Path(os.path.expanduser("~"))}  # noqa: PTH111  (never raises)
    if resolved in shared or status.st_mode & stat.S_ISVTX or resolved.parent == resolved:
        return False
    return all(map(_is_own_entry, entries)) and any(map(_is_database, entries))


def _is_own_entry(entry: os.DirEntry[str]) -> bool:
    is_database_file = entry.name.endswith(".db") and not entry.is_dir()
    return bool(_DATA_NAME.fullmatch(entry.name)) and not is_database_file


def _is_database(entry: os.DirEntry[str]) -> bool:
    """Return True for docent's state, or an index of Milvus Lite."""
    return entry.name.endswith(".state.sqlite") or (Path(entry) / "LOCK").is_file()


def _list_data_files(settings: IngestSettings) -> Iterator[Path]:
    """Yield docent's files in a folder that it shares."""
    folder = settings.data_folder
    if "://" not in settings.milvus_uri:
        index = Path(settings.milvus_uri).expanduser()
        if (index / "LOCK").is_file():
            yield index.resolve()
        for name in (f"{index.stem}.calibration.json", f"{index.stem}.sock"):
            yield folder / name
    else:
        yield folder / f"{settings.collection}.calibration.json"
    try:
        snapshots = list(os.scandir(folder / "snapshots"))
    except OSError:
        return
    own = [Path(entry) for entry in snapshots if _SNAPSHOT_NAME.fullmatch(entry.name)]
    yield from own
    if own and len(own) == len(snapshots):
        yield folder / "snapshots"


def _restrict_tree(root: Path) -> tuple[int, list[str]]:
    """Make a file, or a folder with its contents, private.

    Return how many were changed, and those that belong to another user.
    """
    foreign: list[str] = []
    changed = int(_restrict(str(root), foreign))
    for folder, names, files in os.walk(root):  # a folder is private before its files are looked at
        changed += sum(_restrict(os.path.join(folder, name), foreign) for name in (*names, *files))  # noqa: PTH118  (quick)
    return changed, foreign


def _restrict(path: str, foreign: list[str]) -> bool:
    """Take the rights of others; return True if they had some."""
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            return False
        if status.st_uid != os.geteuid():
            foreign.append(path)
            return False
        if not status.st_mode & _OTHERS:
            return False
        is_folder = stat.S_ISDIR(status.st_mode)
        if not is_folder and status.st_nlink > 1:  # it has another name elsewhere
            return False
        own = stat.S_IMODE(status.st_mode) & ~_OTHERS
        os.chmod(path, own | 0o700 if is_folder else own & 0o600)  # noqa: PTH101
    except OSError:  # it is gone, or the file system keeps no modes
        return False
    return True
