"""Names of files that are not documents: the settings of site makers, which say where pages are."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

MAX_SETTINGS_BYTES = 1_000_000
"""Largest settings file that is read."""

_HIDDEN_FOLDER = ".vitepress"
SETTINGS_FOLDERS = (f"{_HIDDEN_FOLDER}/", "config/_default/")
"""Folders that hold settings, below that of the site."""

_NAMES = re.compile(
    r"mkdocs\.ya?ml|zensical\.toml|_config\.(?:ya?ml|toml)|_toc\.ya?ml|conf\.py|book\.toml|"
    r"(?:hugo|config)\.(?:toml|ya?ml|json)|(?:docs|mint)\.json|antora\.ya?ml|"
    r"[\w-]*antora-playbook[\w-]*\.ya?ml|(?:[\w-]+_)?versions\.json|"
    r"(?:docusaurus|astro|next|theme)\.config\.[cm]?[jt]sx?|"
    r"\.gitbook\.yaml|\.readthedocs\.ya?ml"
)
_HUGO_NAMES = re.compile(r"(?:languages|permalinks|module|markup)\.(?:toml|ya?ml|json)")
_VITEPRESS = re.compile(r"(?:^|/)\.vitepress/config(?:/index)?\.[cm]?[jt]s$")


def is_settings_file(path: str) -> bool:
    """Return whether a path is that of a site maker's settings."""
    pure = PurePosixPath(path)
    if _HIDDEN_FOLDER in pure.parts:
        return _VITEPRESS.search(path) is not None
    if _HUGO_NAMES.fullmatch(pure.name):
        return pure.parent.parent.name == "config"
    return _NAMES.fullmatch(pure.name) is not None


def is_settings_folder(name: str) -> bool:
    """Return whether a hidden folder may hold settings."""
    return name == _HIDDEN_FOLDER
