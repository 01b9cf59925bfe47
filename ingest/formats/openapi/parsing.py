"""Parsing of YAML and JSON in docent's own process, within limits that are counted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, cast

import yaml

from ingest.documents import PageError, translate_parser_errors

MAX_NODES = 2_000_000
"""Most keys, values and containers; the largest public descriptions have half a million."""

MAX_DEPTH = 100

_MARK = re.compile(
    r"""(?:^|[{,])\s*["']?(?:openapi|swagger)["']?\s*:\s*["']?[23]\b""", re.MULTILINE
)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,300})(\.\d{1,300})?(?:[eE][-+]?\d{1,3})?")
_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_MERGE = "<<"
_MAX_MERGED = 2_000  # fields
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def is_specification(text: str) -> bool:
    """Return whether a text names its version of OpenAPI."""
    return bool(_MARK.search(text))


def parse_specification(text: str) -> Any:
    """Parse YAML or JSON.

    Raises:
        PageError: the text is neither, too large, nested too deeply, or contains itself.
    """
    if text.lstrip().startswith("{"):
        if text.count("{") + text.count("[") > MAX_NODES:
            raise _build_size_error()
        try:
            return json.loads(text)
        except ValueError:
            pass  # YAML may begin with a brace, too
        except RecursionError as error:
            raise PageError("is nested too deeply") from error
    with translate_parser_errors("YAML or JSON", yaml.YAMLError):
        return _Builder().build(_list_events(text))


def _list_events(text: str) -> Iterator[yaml.Event]:
    loader = _Loader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


class _Builder:
    """Builds values from the events of YAML, without recursion; aliases share one value."""

    def __init__(self) -> None:
        self._open: list[_Container] = []
        self._anchors: dict[str, Any] = {}
        self._root: Any = None
        self._nodes = 0

    def build(self, events: Iterator[yaml.Event]) -> Any:
        """Return the value of the first document."""
        for event in events:
            if isinstance(event, yaml.DocumentEndEvent):
                break
            if isinstance(event, yaml.CollectionEndEvent):
                self._open.pop().close()
            elif isinstance(event, yaml.NodeEvent):
                self._add(event)
        return self._root

    def _add(self, event: yaml.NodeEvent) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _build_size_error()
        value = self._find_alias(event) if isinstance(event, yaml.AliasEvent) else _start(event)
        if not isinstance(event, yaml.AliasEvent) and event.anchor:
            self._anchors[event.anchor] = value
        if self._open:
            self._open[-1].add(value)
        else:
            self._root = value
        if isinstance(event, yaml.CollectionStartEvent):
            if len(self._open) == MAX_DEPTH:
                raise PageError("is nested too deeply")
            self._open.append(_Container(value))

    def _find_alias(self, event: yaml.NodeEvent) -> Any:
        name = event.anchor or ""
        if name not in self._anchors:
            raise PageError(f"has an alias without an anchor, *{name[:50]}")
        value = self._anchors[name]
        if any(container.value is value for container in self._open):
            raise PageError(f"has an alias that contains itself, *{name[:50]}")
        return value


class _Container:
    """A list or object whose end has not come yet."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._key: str | None = None
        self._merged: list[Any] = []

    def add(self, value: Any) -> None:
        """Add an item, or a key and then its value."""
        if isinstance(self.value, list):
            self.value.append(value)
        elif self._key is None:
            if isinstance(value, dict | list):
                raise PageError("has a key that is not text")
            self._key = json.dumps(value) if not isinstance(value, str) else value
        else:
            if self._key == _MERGE:
                self._merged.append(value)
            else:
                self.value[self._key] = value
            self._key = None

    def close(self) -> None:
        """Add the fields of merged objects that are not there."""
        for merged in self._merged:
            for fields in merged if isinstance(merged, list) else [merged]:
                self._add_missing(fields)

    def _add_missing(self, fields: Any) -> None:
        if not isinstance(fields, dict):
            return
        if len(fields) + len(self.value) > _MAX_MERGED:
            raise PageError("merges objects that are too large")
        for key, value in fields.items():
            self.value.setdefault(key, value)


def _start(event: yaml.NodeEvent) -> Any:
    if isinstance(event, yaml.MappingStartEvent):
        return {}
    if isinstance(event, yaml.SequenceStartEvent):
        return []
    scalar = cast("yaml.ScalarEvent", event)
    is_plain = scalar.implicit[0] and scalar.tag is None
    return _read_scalar(scalar.value) if is_plain else scalar.value


def _read_scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if not number:
        return text
    value = float(text) if number[1] or "e" in text.lower() else int(text)
    return value if str(value) == text else text  # a version such as 1.10 stays


def _build_size_error() -> PageError:
    return PageError(f"has more than {MAX_NODES:,} values")
