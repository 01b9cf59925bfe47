"""Patterns of the options `include` and `exclude`, written as in `.gitignore`."""

from __future__ import annotations

from functools import lru_cache

from pathspec import PathSpec
from pathspec.pattern import Pattern

from rag_core.errors import SettingsError


def is_selected(include: tuple[str, ...], exclude: tuple[str, ...], path: str) -> bool:
    """Return whether the patterns select a path.

    Args:
        include: patterns of which one must match; if there are none, every path is included.
        exclude: patterns of which none may match.
        path: a path inside the source, with forward slashes.

    Returns:
        True if the path is included and not excluded.
    """
    if include and not _compile_patterns(include).match_file(path):
        return False
    return not is_excluded(exclude, path)


def is_excluded(exclude: tuple[str, ...], path: str) -> bool:
    """Return whether a path matches an `exclude` pattern."""
    return bool(exclude) and _compile_patterns(exclude).match_file(path)


def check_patterns(option: str, patterns: tuple[str, ...]) -> None:
    """Check that patterns can be read.

    Raises:
        SettingsError: a pattern can't be read; the message names it.
    """
    for pattern in patterns:
        try:
            compiled = _compile_patterns((pattern,)).patterns
        except ValueError as error:
            raise _build_pattern_error(option, pattern) from error
        # A comment or an empty line is read, and matches nothing.
        if all(part.include is None for part in compiled):
            raise _build_pattern_error(option, pattern)


def _build_pattern_error(option: str, pattern: str) -> SettingsError:
    return SettingsError(
        f"The {option} pattern {pattern!r} can't be read: write it as in .gitignore, for instance "
        "`en/**/*.md`."
    )


@lru_cache(maxsize=256)
def _compile_patterns(patterns: tuple[str, ...]) -> PathSpec[Pattern]:
    return PathSpec.from_lines("gitignore", patterns)
