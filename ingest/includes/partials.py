"""Partials: files that are text of other pages, and no pages of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

_FOLDER = re.compile(
    r"_?(?:snippets?|partials?|includes?|fragments?|reusables|shared)|_(?:common|components)"
)


def find_partials(paths: Sequence[str], included: Mapping[str, set[str]]) -> frozenset[str]:
    """Return the files that are not pages of their own.

    A file is one that another page includes, and whose name or folder says that it is a part.

    Args:
        paths: all files.
        included: the files that each file includes.
    """
    never = {path for path in paths if _is_never_page(path)}
    named = {path for path in paths if path not in never and _is_named_partial(path)}
    everywhere = set[str]().union(*included.values())
    reached = set[str]()
    # What nothing else includes first: of two files that include each other, one stays.
    for path in sorted(paths, key=lambda path: (path in named, path in everywhere, path)):
        if path not in never and (path not in named or path not in reached):
            _walk(path, included, reached)
    partials = never | (named & reached)
    return frozenset(partials if len(partials) < len(paths) else ())


def _walk(path: str, included: Mapping[str, set[str]], reached: set[str]) -> None:
    waiting = [path]
    while waiting:
        for target in included.get(waiting.pop(), ()):
            if target not in reached and target != path:
                reached.add(target)
                waiting.append(target)


def _is_never_page(path: str) -> bool:
    """Return whether Docusaurus and Nextra make no page of a file."""
    name = PurePosixPath(path).name
    return name.startswith("_") and name.endswith(".mdx") and name != "_index.mdx"


def _is_named_partial(path: str) -> bool:
    *folders, name = PurePosixPath(path).parts
    if name.startswith("_") and PurePosixPath(name).stem != "_index":
        return True
    return any(_FOLDER.fullmatch(folder.lower()) for folder in folders)
