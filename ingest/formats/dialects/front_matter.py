"""Front matter in YAML, TOML or JSON: the title of a page, and the values that its text names."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # many times as fast, if it is installed
_MAX_CHARS = 100_000
_MAX_DEPTH = 20
_FENCED_YAML = re.compile(r"(-{3,})[ \t]*\n(.*?)(?:(?<=\n)|\n)\1-*[ \t]*(?:\n|\Z)", re.DOTALL)
_FENCED_TOML = re.compile(r"\+\+\+[ \t]*\n(.*?)(?:(?<=\n)|\n)\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
_JSON_START = re.compile(r"\{\s*\"")
_TITLE = re.compile(r"^[ \t]*\"?title\"?\s*[:=]\s*(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class FrontMatter:
    """The values of a page that stand above its text.

    Attributes:
        title: the page's title as Markdown; empty if it names none.
        values: all values by their keys.
    """

    title: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def substitutions(self) -> dict[str, str]:
        """The texts that MyST puts in the place of `{{ name }}`."""
        myst = self.values.get("myst")
        nested = myst.get("substitutions") if isinstance(myst, dict) else None
        texts = dict[str, str]()
        for group in (self.values.get("substitutions"), nested):
            pairs = group.items() if isinstance(group, dict) else ()
            texts |= {str(key): str(text) for key, text in pairs if _is_plain(text)}
        return texts


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    """Return the front matter of a page and the text below it."""
    if text.startswith("---") and (match := _FENCED_YAML.match(text)):
        return _build(match[2], _load_yaml), text[match.end() :]
    if text.startswith("+++") and (match := _FENCED_TOML.match(text)):
        return _build(match[1], _load_toml), text[match.end() :]
    if _JSON_START.match(text):
        return _split_json(text)
    return FrontMatter(), text


def _build(source: str, load: Any) -> FrontMatter:
    try:
        loaded = load(source) if len(source) <= _MAX_CHARS else None
    except (yaml.YAMLError, ValueError, RecursionError):
        loaded = None
    if isinstance(loaded, dict):
        return _take_values(loaded)
    # `title: What's new: everything` is not valid YAML, but people write it.
    match = _TITLE.search(source)
    return FrontMatter(match[1].strip().rstrip(",").strip("\"'") if match else "")


def _take_values(loaded: object) -> FrontMatter:
    values = loaded if isinstance(loaded, dict) else {}
    title = values.get("title")
    # Nested aliases of YAML would become gigabytes of text.
    return FrontMatter(str(title) if _is_plain(title) else "", values)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | date)


def _split_json(text: str) -> tuple[FrontMatter, str]:
    """Split an object of JSON off.

    Text that only begins like one stays.
    """
    end = text.find("\n}", 0, _MAX_CHARS)
    head = text[: text.find("\n") if end < 0 else end + 2]
    try:
        loaded = json.loads(head)
    except (ValueError, RecursionError):
        return FrontMatter(), text
    rest = text[len(head) :]
    is_alone = not rest or rest.lstrip(" \t").startswith("\n")
    return (_take_values(loaded), rest) if is_alone else (FrontMatter(), text)


def _load_toml(source: str) -> object:
    if source.count("[") > 1_000 or source.count("{") > 1_000:
        raise ValueError
    return tomllib.loads(source)


def _load_yaml(source: str) -> object:
    _check_nesting(source)
    return yaml.load(source, _YAML)  # noqa: S506  (the loader is a safe one)


def _check_nesting(source: str) -> None:
    """Check that front matter is safe to load.

    The loader of libyaml ends the process if YAML is nested too deeply.

    Raises:
        ValueError: the front matter is nested too deeply.
    """
    depth = 0
    for event in yaml.parse(source, _YAML):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        # A merge of merges would become millions of pairs.
        is_merge = isinstance(event, yaml.ScalarEvent) and event.value == "<<"
        if depth > _MAX_DEPTH or is_merge:
            raise ValueError
