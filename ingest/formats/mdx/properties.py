"""Words of one element's properties."""

from __future__ import annotations

import re
from functools import cached_property

from ingest.formats.mdx.components import UNKNOWN, Component, is_wording, render_name
from ingest.formats.mdx.elements import Element, Expression
from ingest.formats.mdx.words import Render, Scope, get_words, list_entries, list_words, read_text

_TARGETS = ("href", "to", "url", "link")
_KINDS = ("type", "kind", "intent", "variant", "level", "severity", "status")
_KIND = re.compile(
    r"note|tip|info|information|warning|warn|danger|caution|important|error|success|hint|check",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"(?:^|\s)language-([\w+#.-]+)")
_LANGUAGE_NAME = re.compile(r"[\w+#.-]+")


class Properties:
    """The words of an element's properties.

    Args:
        element: the element.
        scope: the values of names.
        render: renders elements in properties, within a line.
        component: what a component of this name does.
    """

    def __init__(
        self, element: Element, scope: Scope, render: Render, component: Component = UNKNOWN
    ) -> None:
        self._element = element
        self._scope = scope
        self._render = render
        self._component = component

    def read(self, name: str) -> str:
        """Return the words of a property in one line."""
        return get_words(self._element.properties.get(name), self._scope, self._render)

    def read_raw(self, name: str) -> str:
        """Return a property that is a text with its lines."""
        return read_text(self._element.properties.get(name, ""), self._scope)

    @cached_property
    def title(self) -> str:
        """The first property that may hold the title."""
        return next(filter(None, map(self.read, self._component.title)), "")

    @cached_property
    def texts(self) -> list[str]:
        """The properties that are shown below the title."""
        return [text for text in map(self.read, self._component.text) if text]

    @cached_property
    def named(self) -> list[str]:
        """The other properties that read as words, with their names."""
        if self._component.role != "unknown":
            return []
        known = {*self._component.title, *self._component.text}
        named = list[str]()
        for name, value in self._element.properties.items():
            words = ", ".join(self._list_wordings(name, value))
            if name not in known and words:
                named.append(f"{render_name(name)}: {words}")
        return named

    def _list_wordings(self, name: str, value: object) -> list[str]:
        if isinstance(value, Expression):
            texts = list_words(value, self._scope, self._render)
            entries = list_entries(value, self._scope) if is_wording(name, "Words of it") else []
        else:
            texts, entries = [value] if isinstance(value, str) else [], []
        named = [*((name, text) for text in texts), *entries]
        return [" ".join(text.split()) for key, text in named if is_wording(key, text)]

    @property
    def label(self) -> str:
        """The title of an admonition, or its kind."""
        if self._component.role != "admonition" or self.title:
            return self.title
        if self._component.kind == "own name":
            return self._element.name.rpartition(".")[2]
        kind = next(filter(None, map(self.read, _KINDS)), "")
        return kind.capitalize() if _KIND.fullmatch(kind) else self._component.usual

    @property
    def target(self) -> str:
        """The address that the element links to."""
        return next(filter(None, (self.read_raw(name).strip() for name in _TARGETS)), "")

    @property
    def language(self) -> str:
        """The language of its code."""
        named = self.read_raw("language") or self.read_raw("lang")
        if _LANGUAGE_NAME.fullmatch(named):
            return named
        found = _LANGUAGE.search(self.read_raw("className") or self.read_raw("class"))
        return found[1] if found else ""

    @property
    def field(self) -> str:
        """The name of a parameter with its type, default and duties."""
        default = next(filter(None, map(self._read_value, ("default", "defaultValue"))), "")
        details = [
            self.read("pre"),
            self.read("type"),
            f"default {default}" if default else "",
            *(name for name in ("required", "optional", "deprecated") if self._is_set(name)),
            self.read("post"),
        ]
        shown = ", ".join(filter(None, details))
        return f"{self.title} ({shown})" if self.title and shown else self.title or shown

    def _read_value(self, name: str) -> str:
        value = self._element.properties.get(name)
        source = value.source.strip() if isinstance(value, Expression) else ""
        return source if source in {"true", "false", "null"} else self.read(name)

    def _is_set(self, name: str) -> bool:
        value = self._element.properties.get(name)
        if isinstance(value, Expression):
            return value.source.strip() == "true"
        return value is True or (isinstance(value, str) and value.lower() in {"true", name})
