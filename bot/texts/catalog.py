"""The sentences that a Slack user reads, in the language of that user.

A sentence with a count has a form per plural category: `say("ranking", count=5)` chooses one. A
whole number whose placeholder is named like such an entry becomes a counted noun: `{pages}` is
"1 page" or "1,205 pages". Babel knows CLDR's plural rules, numbers and units of time; it is
imported on first use, so that `docent --help` stays quick.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from babel.core import Locale

LANGUAGES = ("en", "de", "ru", "zh", "ja")
"""Codes of ISO 639-1; each has a file beside this one, with the same keys and placeholders."""

DEFAULT = "en"

Unit = Literal["second", "minute", "hour"]

Key = TypeVar("Key")

_spoken: ContextVar[str] = ContextVar("spoken", default=DEFAULT)


def say(key: str, **values: object) -> str:
    """Return a sentence in the current task's language, with its placeholders filled.

    Args:
        key: the sentence's key, such as `stage.reading` for one in a table.
        values: one per placeholder; `count` also chooses the plural form if there are several.
    """
    texts = load_sentences(_spoken.get())
    count = values.get("count")
    if isinstance(count, int) and key not in texts:
        key = f"{key}.{find_plural(count)}"
    if not values:
        return texts[key]
    return texts[key].format(
        **{name: _fill_placeholder(name, value) for name, value in values.items()}
    )


def find_plural(count: int) -> str:
    """Return CLDR's plural category of a number, such as `one` or `other`."""
    return str(_load_locale(_spoken.get()).plural_form(count))


def format_number(number: float, decimals: int = 0) -> str:
    """Return a number as the language writes it; German writes `1.205`."""
    from babel.numbers import format_decimal

    pattern = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
    return format_decimal(number, format=pattern, locale=_load_locale(_spoken.get()))


def format_share(share: float) -> str:
    """Return a share between 0 and 1 as a percentage."""
    from babel.numbers import format_percent

    return format_percent(share, locale=_load_locale(_spoken.get()))


def format_time(amount: float, unit: Unit) -> str:
    """Return a length of time with its unit, such as `1.5 hours`."""
    from babel.units import format_unit

    return format_unit(amount, f"duration-{unit}", locale=_load_locale(_spoken.get()))


def format_size(kilobytes: int) -> str:
    """Return a size with its unit, such as `1,205 kilobytes`."""
    from babel.units import format_unit

    return format_unit(kilobytes, "digital-kilobyte", locale=_load_locale(_spoken.get()))


def set_language(locale: str) -> None:
    """Set the language of this task and of the tasks it starts.

    The locale is one like `de-DE`; an unknown language becomes English.
    """
    code = locale.partition("-")[0].lower()
    _spoken.set(code if code in LANGUAGES else DEFAULT)


def get_language() -> str:
    """Return the language of the current task."""
    return _spoken.get()


@cache
def load_sentences(language: str) -> Mapping[str, str]:
    """Return a language's sentences by key, such as `stage.reading` in a table."""
    text = files("bot.texts").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flatten(tomllib.loads(text)))


def find_constant(name: str) -> str:
    """Return the sentence of a constant, as `__getattr__` of a module.

    `module.NOT_FOUND` is `say("not_found")`.

    Raises:
        AttributeError: there is no such sentence.
    """
    key = name.lower()
    if not name.isupper() or key not in load_sentences(DEFAULT):
        raise AttributeError(name)
    return say(key)


class LocalizedMapping(Mapping[Key, str]):
    """Sentences by another key than their own, in the language of the current task."""

    def __init__(self, keys: Mapping[Key, str]) -> None:
        self._keys = keys

    def __getitem__(self, key: Key) -> str:
        return say(self._keys[key])

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def _fill_placeholder(name: str, value: object) -> object:
    """Return a placeholder's text; a whole number may become a counted noun."""
    if not isinstance(value, int):
        return value
    if name in _list_counted_keys(_spoken.get()):
        return say(name, count=value)
    return format_number(value)


@cache
def _list_counted_keys(language: str) -> frozenset[str]:
    """Return the keys that have a form per plural category."""
    return frozenset(
        key.removesuffix(".other") for key in load_sentences(language) if key.endswith(".other")
    )


@cache
def _load_locale(language: str) -> Locale:
    from babel.core import Locale

    return Locale.parse(language)


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, str):
            yield f"{prefix}{name}", value
        else:
            yield from _flatten(value, f"{prefix}{name}.")
