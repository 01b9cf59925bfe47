"""Nextra: addresses are paths below `content`, `pages` or `app`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.sites.settings.values import find_flag, find_text, list_items
from ingest.sites.site import (
    PageHead,
    Route,
    SettingsFile,
    Site,
    SourceTree,
    clean_language,
    join_folder,
    split_page,
    strip_folder,
)

_FOLDERS = ("content", "src/content", "app", "src/app", "pages", "src/pages")
_BELOW = re.compile(r"contentDirBasePath\s*:\s*[\"'`]([^\"'`\n]{1,200})[\"'`]")
_BASE = re.compile(r"basePath\s*:\s*[\"'`]([^\"'`\n]{1,200})[\"'`]")


def find_nextra(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of a `next.config` with Nextra; None without it."""
    if "nextra" not in file.text:
        return None
    settings = file.values
    below, base = _BELOW.search(file.text), _BASE.search(file.text)
    prefix = (find_text(settings, "basePath") or (base[1] if base else "")).strip("/")
    folders = [join_folder(file.folder, name) for name in _FOLDERS]
    rules = _Rules(
        folders=tuple(folder for folder in folders if tree.has_pages_in(folder)),
        below=f"{below[1].strip('/')}/" if below and below[1].strip("/") else "",
        languages=frozenset(map(str, list_items(settings, "i18n", "locales"))),
        prefix=f"{prefix}/" if prefix else "",
        ending="/" if find_flag(settings, "trailingSlash", default=False) else "",
    )
    return Site(
        maker="nextra",
        find_route=rules.find_route,
        anchors="nextra",
        language=clean_language(find_text(settings, "i18n", "defaultLocale")),
        roots=rules.folders,
        is_rooted=True,
    )


@dataclass(frozen=True, slots=True)
class _Rules:
    """The addresses of one site."""

    folders: tuple[str, ...]
    below: str
    languages: frozenset[str]
    prefix: str
    ending: str

    def find_route(self, head: PageHead) -> Route | None:
        for folder in self.folders:
            path = strip_folder(head.path, folder)
            if path is not None:
                return self._build_route(path, folder.rstrip("/").rpartition("/")[2])
        return None

    def _build_route(self, path: str, kind: str) -> Route | None:
        folder, name = split_page(path)
        parts = [part for part in folder.split("/") if part]
        if any(part.startswith(("_", "[")) for part in [*parts, name]):
            return None
        if kind == "app":
            if name != "page":
                return None
            parts = [part for part in parts if not part.startswith("(")]
            name = "index"
        stem, _, language = name.rpartition(".")
        name, language = (stem, language) if stem and language in self.languages else (name, "")
        if parts and parts[0] in self.languages:
            language = parts[0]
        parts = parts if name == "index" else [*parts, name]
        place = (self.below if kind == "content" else "") + "/".join(parts)
        place = (self.prefix + place).strip("/")
        return Route(f"{place}{self.ending}" if place else "", clean_language(language))
