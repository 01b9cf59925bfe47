"""Sentences: everything a Slack user is told, in the language of whoever docent speaks to."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

LANGUAGES = ("en", "de", "ru", "zh", "ja")
"""ISO 639-1; a file beside this one for each, with the same keys and placeholders."""

DEFAULT = "en"

_SEPARATORS = {"de": str.maketrans(",.", ".,"), "ru": str.maketrans(",.", "\u00a0,")}
"""Of thousands and decimals, where a language writes others than English."""

Key = TypeVar("Key")

_spoken: ContextVar[str] = ContextVar("spoken", default=DEFAULT)


def say(key: str, **values: object) -> str:
    """A sentence in the language of the current task, its placeholders filled."""
    sentence = sentences(_spoken.get())[key]
    if not values:
        return sentence
    shown = {n: figure(f"{v:,}") if isinstance(v, int) else v for n, v in values.items()}
    return sentence.format(**shown)


def figure(number: str) -> str:
    """A number as English writes it, `1,205.5`, in the language of the current task."""
    return number.translate(_SEPARATORS.get(_spoken.get(), {}))


def speak(locale: str) -> None:
    """From now on this task, and those it starts, speak the language of a locale like `de-DE`."""
    code = locale.partition("-")[0].lower()
    _spoken.set(code if code in LANGUAGES else DEFAULT)


def spoken() -> str:
    """The language of the current task."""
    return _spoken.get()


@cache
def sentences(language: str) -> Mapping[str, str]:
    """All sentences of a language; one in a table has its name before its own: `stage.reading`."""
    text = files("bot.texts").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(text)))


def constant(name: str) -> str:
    """What `module.NOT_FOUND` says just now; for the `__getattr__` of a module of words.

    Raises:
        AttributeError: there is no such sentence.
    """
    key = name.lower()
    if not name.isupper() or key not in sentences(DEFAULT):
        raise AttributeError(name)
    return say(key)


class Spoken(Mapping[Key, str]):
    """Sentences by something else than their key, in the language of the current task."""

    def __init__(self, keys: Mapping[Key, str]) -> None:
        self._keys = keys

    def __getitem__(self, key: Key) -> str:
        return say(self._keys[key])

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, str):
            yield f"{prefix}{name}", value
        else:
            yield from _flat(value, f"{prefix}{name}.")
