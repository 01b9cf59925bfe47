"""References: what `$ref` names, in a description and in the files beside it."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from ingest.documents import PageError
from ingest.formats.openapi.parsing import MAX_DEPTH, MAX_NODES

MAX_FILES = 2_000
"""Most files that a description refers to."""

_MAX_HOPS = 20

ReadFile = Callable[[str], Any]
"""Returns the value of a file by its path, None if the source has no such file."""


class ReferenceCollector:
    """Copies parts of a description with what they refer to.

    Each `$ref` becomes the path of its file, `#` and a JSON pointer.

    Args:
        path: the path of the description in its source.
        root: its value.
        read_file: reads another file of the source.
    """

    def __init__(self, path: str, root: Any, read_file: ReadFile) -> None:
        self._files: dict[str, Any] = {path: root}
        self._read_file = read_file
        self._nodes = 0
        self._texts: dict[str, tuple[str, frozenset[str]]] = {}
        self.missing: set[str] = set()
        """Paths of files that are referred to and not there."""

    def find_target(self, node: Any, path: str) -> tuple[Any, str]:
        """Return what a node refers to, else itself, and its file."""
        for _ in range(_MAX_HOPS):
            reference = node.get("$ref") if isinstance(node, dict) else None
            if not isinstance(reference, str):
                break
            path, _, pointer = build_key(reference, path).partition("#")
            node = self._find(path, pointer)
        return node, path

    def build_copy(self, node: Any, path: str, found: set[str], depth: int = 0) -> Any:
        """Copy a node; add the keys of its references to `found`.

        Args:
            node: the node.
            path: the path of its file.
            found: gets the keys.
            depth: how deep the node lies.

        Returns:
            the copy.

        Raises:
            PageError: the description is too large or nested too deeply; aliases count each time.
        """
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise PageError(f"has more than {MAX_NODES:,} values")
        if depth > MAX_DEPTH:
            raise PageError("is nested too deeply")
        if isinstance(node, list):
            return [self.build_copy(item, path, found, depth + 1) for item in node]
        if not isinstance(node, dict):
            return node
        copied = {
            key: self.build_copy(value, path, found, depth + 1) for key, value in node.items()
        }
        if isinstance(node.get("$ref"), str):
            copied["$ref"] = build_key(node["$ref"], path)
            found.add(copied["$ref"])
        return copied

    def serialise_closure(self, keys: Iterable[str], *, most: int) -> str:
        """Return the JSON of all that these keys lead to, by key.

        Raises:
            PageError: it is longer than `most` characters.
        """
        waiting, done = sorted(keys), set[str]()
        texts: list[str] = []
        length = 0
        while waiting:
            key = waiting.pop()
            if key in done:
                continue
            done.add(key)
            text, further = self._serialise(key)
            if text:
                texts.append(f"{json.dumps(key)}: {text}")
                length += len(texts[-1])
            if length > most:
                raise PageError(f"refers to more than {most // 10**6} MB in one of its pages")
            waiting += sorted(further - done)
        return "{" + ", ".join(sorted(texts)) + "}"

    def _serialise(self, key: str) -> tuple[str, frozenset[str]]:
        """Return the JSON of a key's value, and its references."""
        if key not in self._texts:
            path, _, pointer = key.partition("#")
            node, found = self._find(path, pointer), set[str]()
            text = "" if node is None else json.dumps(self.build_copy(node, path, found))
            self._texts[key] = (text, frozenset(found))
        return self._texts[key]

    def _find(self, path: str, pointer: str) -> Any:
        node = self._load(path)
        for token in filter(None, pointer.split("/")):
            name = unquote(token).replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict):
                node = node.get(name)
            elif isinstance(node, list) and name.isdecimal() and int(name[:9]) < len(node):
                node = node[int(name[:9])]
            else:
                return None
        return node

    def _load(self, path: str) -> Any:
        if path not in self._files:
            if len(self._files) > MAX_FILES:
                raise PageError(f"refers to more than {MAX_FILES:,} files")
            self._files[path] = self._read_file(path)
            if self._files[path] is None:
                self.missing.add(path)
        return self._files[path]


def build_key(reference: str, path: str) -> str:
    """Return a reference as path, `#` and pointer.

    Args:
        reference: as it is written in a file.
        path: the path of that file in the source.

    Returns:
        the key; an address of the web stays as it is.
    """
    target, _, pointer = reference.partition("#")
    if not target:
        return f"{path}#{pointer}"
    if "://" in target:
        return f"{target}#{pointer}"
    folder = posixpath.dirname(path)
    return f"{posixpath.normpath(posixpath.join(folder, unquote(target)))}#{pointer}"
