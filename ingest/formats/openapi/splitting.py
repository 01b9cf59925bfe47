"""Splitting: a description becomes one part for the API and one for each of its tags.

A part is JSON that holds the operations of a page and all that they refer to. It is made in
docent's own process, since each part is a page of its own to the index; it is read like any other
page, in the process that reads pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from ingest.documents import MAX_TITLE, PageError
from ingest.formats.openapi.references import ReadFile, ReferenceCollector
from ingest.formats.openapi.values import Fields, get_fields, get_items, get_line, get_text

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")

MAX_TAGS = 1_000
"""Most pages of a description."""

MAX_PART = 20 * 10**6
"""Characters of a part."""

MAX_PARTS = 100 * 10**6
"""Characters of all parts: the same schema may belong to each of them."""

_NOT_IN_NAME = re.compile(r"[^\w\-]+")
_SHARED = ("servers", "host", "basePath", "schemes", "consumes", "produces", "security")


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a description.

    Attributes:
        name: its name in the path of the page; empty for the page of the API itself.
        data: its JSON.
    """

    name: str
    data: bytes


@dataclass(slots=True)
class _Tag:
    """A tag with its operations as they are copied."""

    name: str
    title: str = ""
    description: str = ""
    operations: list[Any] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        return not self.operations and not self.description


class Splitter:
    """The parts of one description.

    Args:
        path: its path in the source.
        root: its value.
        read_file: reads another file of the source.
    """

    def __init__(self, path: str, root: Any, read_file: ReadFile) -> None:
        self._path = path
        self._root = root
        self._references = ReferenceCollector(path, root, read_file)
        self._untagged = _Tag("")
        self._tags: dict[str, _Tag] = {}
        self.left_out = 0
        """Number of operations whose tags were too many."""

    @property
    def missing(self) -> list[str]:
        """Paths of files that are referred to and not there."""
        return sorted(self._references.missing)

    def split(self) -> list[Part]:
        """Return the parts, that of the API first.

        Raises:
            PageError: the description is too large.
        """
        for declared in get_items(self._root, "tags"):
            if (tag := self._find_tag(get_line(declared, "name"))) and tag.name:
                tag.title = get_line(declared, "x-displayName")
                tag.description = get_text(declared, "description")
        for kind, path, item, file in self._list_items():
            self._add(kind, path, item, file)
        shared = self._build_shared()
        tags = [tag for tag in self._tags.values() if not tag.is_empty]
        parts, size, taken = list[Part](), 0, {""}
        if self._has_text(shared[0]):
            parts.append(Part("", self._serialise(self._untagged, shared)))
        for tag in tags:
            parts.append(Part(_build_name(tag.name, taken), self._serialise(tag, shared)))
            size += len(parts[-1].data)
            if size > MAX_PARTS:
                raise PageError(f"has pages of more than {MAX_PARTS // 10**6} MB together")
        return parts

    def _has_text(self, shared: Fields) -> bool:
        """Return whether the page of the API would say anything."""
        described = get_text(get_fields(self._root, "info"), "description")
        words = ("servers", "host", "basePath", "securitySchemes")
        return bool(self._untagged.operations or described or any(map(shared.get, words)))

    def _find_tag(self, name: str) -> _Tag | None:
        """Return a tag; None if there are too many."""
        if not name:
            return self._untagged
        if name not in self._tags and len(self._tags) < MAX_TAGS:
            self._tags[name] = _Tag(name)
        return self._tags.get(name)

    def _list_items(self) -> Iterator[tuple[str, str, Any, str]]:
        """Yield kind, path and path item, and the path of its file."""
        for kind, name in (("path", "paths"), ("webhook", "webhooks"), ("webhook", "x-webhooks")):
            items, file = self._references.find_target(self._root.get(name), self._path)
            for path, written in items.items() if isinstance(items, dict) else ():
                if path.startswith("x-"):
                    continue
                item, item_file = self._references.find_target(written, file)
                if isinstance(item, dict):
                    yield kind, path, item, item_file

    def _add(self, kind: str, path: str, item: Any, file: str) -> None:
        common = {name: item[name] for name in ("parameters", "servers") if name in item}
        for method in METHODS:
            operation, operation_file = self._references.find_target(item.get(method), file)
            if not isinstance(operation, dict):
                continue
            names = [name for name in get_items(operation, "tags") if isinstance(name, str)]
            tag = self._find_tag(" ".join(names[0].split()) if names else "")
            if tag is None:
                self.left_out += 1
                continue
            copied = self._references.build_copy(operation, operation_file, tag.keys)
            above = self._references.build_copy(common, file, tag.keys)
            tag.operations.append(
                {"kind": kind, "method": method, "path": path, "item": above, "operation": copied}
            )

    def _build_shared(self) -> tuple[dict[str, Any], set[str]]:
        keys = set[str]()
        shared = {name: self._root[name] for name in _SHARED if name in self._root}
        schemes = get_fields(get_fields(self._root, "components"), "securitySchemes")
        shared["securitySchemes"] = schemes or get_fields(self._root, "securityDefinitions")
        copied: dict[str, Any] = self._references.build_copy(shared, self._path, keys)
        return copied, keys

    def _serialise(self, tag: _Tag, shared: tuple[dict[str, Any], set[str]]) -> bytes:
        info = get_fields(self._root, "info")
        api = get_line(info, "title") or PurePosixPath(self._path).stem
        name = tag.title or tag.name
        head = {
            "title": (f"{api}: {name}" if name else api)[:MAX_TITLE],
            "description": tag.description or ("" if name else get_text(info, "description")),
            "is_api": not name,
            "version": "" if name else get_line(info, "version"),
            "shared": shared[0],
            "operations": tag.operations,
        }
        text = json.dumps(head)
        closure = self._references.serialise_closure(
            tag.keys | shared[1], most=MAX_PART - min(len(text), MAX_PART)
        )
        return f'{{"head": {text}, "references": {closure}}}'.encode()


def _build_name(tag: str, taken: set[str]) -> str:
    """Return a name for a tag that no other one has."""
    name = _NOT_IN_NAME.sub("-", tag)[:100].strip("-") or "tag"
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    taken.add(unique)
    return unique
