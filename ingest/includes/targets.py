"""Paths that the target of an include may mean, all of them inside the source."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

_MAX_CHARS = 500
_NO_PATH = re.compile(r"[\0-\x1f\\<>|*?\"{}$`]|^[a-z][a-z+.-]*://|^[A-Za-z]:", re.IGNORECASE)
_ROOT_MARK = re.compile(r"(?:@site|@docs|~|@)?/+")
_ALIAS = re.compile(r"@(?=[\w-]+/)")


def list_beside(path: str, target: str) -> tuple[str, ...]:
    """Return the path of a target that is relative to a file.

    A slash at its beginning stands for the root.

    Args:
        path: the file with the include.
        target: the target as it is written.
    """
    root = _ROOT_MARK.match(target)
    if root:
        return list_below(path, target[root.end() :])
    return _join_all([_find_folder(path)], target)


def list_imported(path: str, target: str) -> tuple[str, ...]:
    """Return the paths of an import, also behind an alias: `@components/`."""
    alias = _ALIAS.match(target)
    if alias and not _ROOT_MARK.match(target):
        rest = target[alias.end() :]
        return (*list_below(path, rest), *list_below(path, f"src/{rest}"))
    return list_beside(path, target)


def list_above(path: str, target: str, folders: Sequence[str] = ("",)) -> tuple[str, ...]:
    """Return the paths from each folder above a file, the nearest first.

    Args:
        path: the file with the include.
        target: the target as it is written.
        folders: folders in each of these where the file may lie.

    Returns:
        the paths inside the source.
    """
    parents = [*map(_name_folder, PurePosixPath(path).parents)]
    target = target[_measure_root(target) :]
    return _join_all((f"{parent}{folder}" for folder in folders for parent in parents), target)


def list_below(path: str, target: str, folders: Sequence[str] = ("",)) -> tuple[str, ...]:
    """Return the paths from each folder above a file, the root first.

    Args:
        path: the file with the include.
        target: the target as it is written.
        folders: folders in each of these where the file may lie.

    Returns:
        the paths inside the source.
    """
    parents = [*map(_name_folder, PurePosixPath(path).parents)][::-1]
    target = target[_measure_root(target) :]
    return _join_all((f"{parent}{folder}" for folder in folders for parent in parents), target)


def list_in_folders(target: str, folders: Sequence[str]) -> tuple[str, ...]:
    """Return the paths in folders that settings name."""
    return _join_all(folders, target)


def _measure_root(target: str) -> int:
    root = _ROOT_MARK.match(target)
    return root.end() if root else 0


def _find_folder(path: str) -> str:
    return _name_folder(PurePosixPath(path).parent)


def _name_folder(folder: PurePosixPath) -> str:
    return "" if str(folder) == "." else f"{folder}/"


def _join_all(folders: Iterable[str], target: str) -> tuple[str, ...]:
    """Return the paths inside the source; none for no path."""
    if not target or len(target) > _MAX_CHARS or _NO_PATH.search(target):
        return ()
    paths = (posixpath.normpath(f"{folder}{target.lstrip('/')}") for folder in folders)
    return tuple(dict.fromkeys(path for path in paths if not _is_outside(path)))


def _is_outside(path: str) -> bool:
    return path in {".", ".."} or path.startswith(("../", "/"))
