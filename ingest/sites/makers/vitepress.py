"""VitePress: addresses by the paths of pages, with and without `.html`, and rewrites."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.sites.settings.values import find_flag, find_table, find_text, list_items
from ingest.sites.site import (
    PageHead,
    Route,
    SettingsFile,
    Site,
    SourceTree,
    build_base,
    clean_language,
    join_folder,
    strip_folder,
)

_PART = re.compile(r":([A-Za-z_]\w*)(\((?:[^()\\]|\\.)*\))?([*+?]?)|(\((?:[^()\\]|\\.)*\))")
_SAFE_GROUP = re.compile(r"\((?:\.[*+]|\[[^\]\\]*\][*+]?|\\[dw][*+]?|[\w|-]+)\)")
_MAX_REWRITES = 1_000


def find_vitepress(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of a `.vitepress/config`."""
    del tree
    settings = file.values
    root = file.path.partition(".vitepress/")[0]
    base = find_text(settings, "base") or "/"
    locales = find_table(settings, "locales")
    folder = join_folder(root, find_text(settings, "srcDir") or ".")
    rules = _Rules(
        folder=folder,
        ending="" if find_flag(settings, "cleanUrls", default=False) else ".html",
        rewrites=_list_rewrites(find_table(settings, "rewrites")),
        languages={
            f"{name}/": clean_language(find_text(locales, name, "lang") or str(name))
            for name in locales
            if name != "root"
        },
    )
    language = find_text(locales, "root", "lang") or find_text(settings, "lang")
    return Site(
        maker="vitepress",
        find_route=rules.find_route,
        base=_find_base(settings, base),
        anchors="vitepress",
        language=clean_language(language),
        roots=(folder,),
        is_rooted=True,
    )


def _find_base(settings: Mapping[str, Any], base: str) -> str:
    """Return the address in the sitemap or in the head."""
    address = find_text(settings, "sitemap", "hostname") or _find_canonical(settings)
    whole = build_base(address)
    return whole if whole.endswith(base) else build_base(address, base)


def _find_canonical(settings: Mapping[str, Any]) -> str:
    for item in list_items(settings, "head"):
        attributes = item[1] if isinstance(item, list) and len(item) > 1 else None
        if find_text(attributes, "property") == "og:url":
            return find_text(attributes, "content")
        if find_text(attributes, "rel") == "canonical":
            return find_text(attributes, "href")
    return ""


def _list_rewrites(table: Mapping[str, Any]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the patterns of paths and what they become."""
    rewrites = list[tuple[re.Pattern[str], str]]()
    for pattern, target in list(table.items())[:_MAX_REWRITES]:
        compiled = _compile(str(pattern)) if isinstance(target, str) else None
        if compiled:
            rewrites.append((compiled, target))
    return tuple(rewrites)


def _compile(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern of paths as a regular expression.

    Return None if it has unusual groups.
    """
    parts, end, unnamed = list[str](), 0, 0
    for match in _PART.finditer(pattern):
        parts.append(re.escape(pattern[end : match.start()]))
        end = match.end()
        group = match[2] or match[4]
        if group and not _SAFE_GROUP.fullmatch(group):
            return None
        name = match[1] or f"_{unnamed}"
        unnamed += match[1] is None
        inner = group[1:-1] if group else ".*" if match[3] == "*" else ".+" if match[3] else "[^/]+"
        parts.append(f"(?P<{name}>{inner})" + ("?" if match[3] == "?" else ""))
    try:
        return re.compile("".join(parts) + re.escape(pattern[end:]))
    except re.error:
        return None


@dataclass(frozen=True, slots=True)
class _Rules:
    """The addresses of one site."""

    folder: str
    ending: str
    rewrites: tuple[tuple[re.Pattern[str], str], ...]
    languages: Mapping[str, str]

    def find_route(self, head: PageHead) -> Route | None:
        path = strip_folder(head.path, self.folder)
        if path is None or "[" in path or not path.endswith(".md"):
            return None
        path = self._rewrite(path)
        folder, _, name = path.removesuffix(".md").rpartition("/")
        folder = f"{folder}/" if folder else ""
        language = next((tag for key, tag in self.languages.items() if path.startswith(key)), "")
        return Route(folder if name == "index" else f"{folder}{name}{self.ending}", language)

    def _rewrite(self, path: str) -> str:
        for pattern, target in self.rewrites:
            if match := pattern.fullmatch(path):
                return _fill(target, match.groupdict())
        return path


def _fill(target: str, groups: Mapping[str, str | None]) -> str:
    """Return the target of a rewrite with its groups filled in."""
    unnamed = (f"_{number}" for number in range(len(groups)))
    return _PART.sub(lambda part: groups.get(part[1] or next(unnamed, ""), "") or "", target)
