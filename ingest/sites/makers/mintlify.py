"""Mintlify: addresses are the paths of pages without their suffix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.sites.settings.values import find_text, find_value, list_items
from ingest.sites.site import (
    PageHead,
    Route,
    SettingsFile,
    Site,
    SourceTree,
    build_base,
    clean_language,
    split_page,
    strip_folder,
)

_ADDRESSES = (
    ("seo", "metatags", "canonical"),
    ("metatags", "canonical"),
    ("metadata", "canonical"),
    ("seo", "metatags", "og:url"),
    ("metadata", "og:url"),
    ("metatags", "og:url"),
    ("canonicalUrl",),
)


def find_mintlify(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of a `docs.json` or `mint.json`.

    Return None if the file is of another program.
    """
    del tree
    settings = file.values
    is_mintlify = "mintlify" in find_text(settings, "$schema") or file.name == "mint.json"
    if not is_mintlify and not {"navigation", "name", "theme"} <= settings.keys():
        return None
    address = next(filter(None, (find_text(settings, *names) for names in _ADDRESSES)), "")
    rules = _Rules(file.folder, _list_languages(settings))
    return Site(
        maker="mintlify",
        find_route=rules.find_route,
        base=build_base(address),
        anchors="mintlify",
        roots=(file.folder,),
        is_rooted=True,
    )


def _list_languages(settings: Mapping[str, Any]) -> frozenset[str]:
    named = (
        find_text(each, "language") for each in list_items(settings, "navigation", "languages")
    )
    return frozenset(filter(None, named))


@dataclass(frozen=True, slots=True)
class _Rules:
    """The addresses of one site."""

    folder: str
    languages: frozenset[str]

    def find_route(self, head: PageHead) -> Route | None:
        path = strip_folder(head.path, self.folder)
        if path is None or path.startswith(("snippets/", "_")) or find_value(head.front, "url"):
            return None
        folder, name = split_page(path)
        first = path.partition("/")[0]
        language = clean_language(first) if first in self.languages else ""
        is_index = name in {"index", "README"}
        return Route(folder.rstrip("/") if is_index else folder + name, language)
