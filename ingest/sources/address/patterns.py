"""Include and exclude: which paths of a source are read, by patterns as in `.gitignore`."""

from __future__ import annotations

from functools import lru_cache

from pathspec import PathSpec
from pathspec.pattern import Pattern

from rag_core.errors import SettingsError


def is_selected(include: tuple[str, ...], exclude: tuple[str, ...], path: str) -> bool:
    """Whether a path matches an `include` pattern, or there is none, and no `exclude` pattern."""
    if include and not _compile_patterns(include).match_file(path):
        return False
    return not is_excluded(exclude, path)


def is_excluded(exclude: tuple[str, ...], path: str) -> bool:
    """Whether a path matches an `exclude` pattern."""
    return bool(exclude) and _compile_patterns(exclude).match_file(path)


def check_patterns(option: str, patterns: tuple[str, ...]) -> None:
    """Refuse a pattern that can't be read.

    Raises:
        SettingsError: names the pattern.
    """
    for pattern in patterns:
        try:
            useful = any(
                part.include is not None for part in _compile_patterns((pattern,)).patterns
            )
        except ValueError as error:
            raise _build_pattern_error(option, pattern) from error
        if not useful:
            raise _build_pattern_error(option, pattern)


def _build_pattern_error(option: str, pattern: str) -> SettingsError:
    return SettingsError(
        f"The {option} pattern {pattern!r} can't be read: write it as in .gitignore, for instance "
        "`en/**/*.md`."
    )


@lru_cache(maxsize=256)
def _compile_patterns(patterns: tuple[str, ...]) -> PathSpec[Pattern]:
    return PathSpec.from_lines("gitignore", patterns)
