"""Settings in YAML, whose tags of Python, of the environment and of others are not followed."""

from __future__ import annotations

from typing import Any

import yaml

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # many times as fast
_MAX_DEPTH = 40
_MAX_EVENTS = 100_000
_MAX_MERGES = 10
"""Merges of a file: a merge of merges would become millions of pairs."""


class _Loader(_BASE):  # type: ignore[misc]
    """A safe loader that knows no tags but YAML's own."""


def read_yaml(source: str) -> dict[str, Any]:
    """Return the mapping that a settings file holds.

    A tag such as `!!python/name:…` becomes its name, `!ENV` its default. Return an empty mapping if
    the file is broken, or nested too deeply.
    """
    try:
        if not _is_sound(source):
            return {}
        loaded = yaml.load(source, _Loader)  # noqa: S506  (the loader is a safe one)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _is_sound(source: str) -> bool:
    """Return whether YAML is safe to load.

    The loader of libyaml ends the process if YAML is nested too deeply.
    """
    depth = merges = 0
    for number, event in enumerate(yaml.parse(source, _BASE)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        merges += isinstance(event, yaml.ScalarEvent) and event.value == "<<"
        if depth > _MAX_DEPTH or merges > _MAX_MERGES or number > _MAX_EVENTS:
            return False
    return True


def _build_value(loader: Any, suffix: str, node: yaml.Node) -> Any:
    name = suffix.rpartition(":")[2]
    if isinstance(node, yaml.SequenceNode):
        items = loader.construct_sequence(node, deep=True)
        is_default = suffix == "ENV" and len(items) > 1
        return items[-1] if is_default else None if suffix == "ENV" else items
    if isinstance(node, yaml.MappingNode):
        return {"tag": name, **loader.construct_mapping(node, deep=True)}
    text = loader.construct_scalar(node)
    return None if suffix == "ENV" else text or name


_Loader.add_multi_constructor("!", _build_value)
_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _build_value)
