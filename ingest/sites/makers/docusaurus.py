"""Docusaurus: docs with number prefixes, versions and translations, blogs and pages."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.sites.settings.values import find_flag, find_table, find_text, find_value, list_items
from ingest.sites.site import (
    PageHead,
    Route,
    SettingsFile,
    Site,
    SourceTree,
    build_base,
    clean_language,
    clean_version,
    find_slug,
    join_folder,
    split_page,
    strip_folder,
)

_PREFIX = re.compile(r"^\d+\s*[-_.]+\s*([^-_.\s].*)$")
_DATES = re.compile(r"^(?:\d{2}|\d{4})[-_.]\d{2}(?:[-_.](?:\d{2}|\d{4}))?")
_VERSIONS = re.compile(r"^\d+[-_.]\d+")
_POST = re.compile(r"^(.*?)(\d{4}[-/]\d{1,2}[-/]\d{1,2})[-/]?(.*?)(?:/index)?$")
_DOCS, _BLOG, _PAGES = (f"docusaurus-plugin-content-{kind}" for kind in ("docs", "blog", "pages"))
_PLUGINS: Mapping[str, str] = {
    name: kind
    for kind, plugin in (("docs", _DOCS), ("blog", _BLOG), ("pages", _PAGES))
    for name in (f"@docusaurus/plugin-content-{kind}", f"content-{kind}", plugin)
}


@dataclass(frozen=True, slots=True)
class _Content:
    """The docs, the blog or the pages of a site.

    Attributes:
        kind: `docs`, `blog` or `pages`.
        folder: the folder of the pages.
        route: what stands before their addresses.
        version: version of the product; empty without versions.
        language: language of a translation; empty for the pages themselves.
        prefixes: whether numbers at the beginning of names are dropped.
    """

    kind: str
    folder: str
    route: str
    version: str = ""
    language: str = ""
    prefixes: bool = True


def find_docusaurus(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of a `docusaurus.config`."""
    settings = file.values
    contents = tuple(_list_contents(settings, file.folder, tree))
    rules = _Rules(contents, _find_trailing_slash(settings))
    return Site(
        maker="docusaurus",
        find_route=rules.find_route,
        base=build_base(find_text(settings, "url"), find_text(settings, "baseUrl")),
        anchors="docusaurus",
        language=clean_language(find_text(settings, "i18n", "defaultLocale")),
        roots=(*(content.folder for content in contents if content.kind == "docs"), file.folder),
        is_rooted=True,
    )


def _find_trailing_slash(settings: Mapping[str, Any]) -> bool | None:
    value = find_value(settings, "trailingSlash")
    return value if isinstance(value, bool) else None


def _list_contents(settings: Mapping[str, Any], folder: str, tree: SourceTree) -> list[_Content]:
    """Return the contents with their versions and translations."""
    contents = list[_Content]()
    for kind, options in _list_plugins(settings):
        contents += (
            _list_versions(kind, options, folder, tree)
            if kind == "docs"
            else [_build_content(kind, options, folder)]
        )
    locales = [name for each in list_items(settings, "i18n", "locales") if (name := str(each))]
    default = find_text(settings, "i18n", "defaultLocale") or "en"
    plugins = _list_plugins(settings)
    for locale in locales:
        if locale != default:
            for kind, options in plugins:
                contents += _list_translations(kind, options, folder, tree, locale)
    # A deeper folder knows better.
    return sorted(contents, key=lambda content: -len(content.folder))


def _list_plugins(settings: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the kinds of content and their options, of presets and plugins."""
    plugins = list[tuple[str, Mapping[str, Any]]]()
    for name, options in _list_pairs(settings, "presets"):
        if "classic" in name or "preset" in name:
            for kind in ("docs", "blog", "pages"):
                given = find_value(options, kind)
                if given is not False:
                    plugins.append((kind, given if isinstance(given, Mapping) else {}))
    for name, options in _list_pairs(settings, "plugins"):
        if name in _PLUGINS:
            plugins.append((_PLUGINS[name], options))
    return plugins or [("docs", {}), ("blog", {}), ("pages", {})]


def _list_pairs(settings: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
    pairs = list[tuple[str, Mapping[str, Any]]]()
    for item in list_items(settings, key):
        name, options = (item[0], item[1:]) if isinstance(item, list) and item else (item, [])
        given = options[0] if options and isinstance(options[0], Mapping) else {}
        if isinstance(name, str):
            pairs.append((name, given))
        elif isinstance(name, Mapping | None) and key == "presets":
            pairs.append(("preset", given))
    return pairs


def _build_content(kind: str, options: Mapping[str, Any], folder: str) -> _Content:
    path = find_text(options, "path") or ("src/pages" if kind == "pages" else kind)
    route = find_value(options, "routeBasePath")
    default = "" if kind == "pages" else kind
    return _Content(
        kind=kind,
        folder=join_folder(folder, path),
        route=_clean_route(route if isinstance(route, str) else default),
        prefixes=find_flag(options, "numberPrefixParser", default=True),
    )


def _clean_route(route: str) -> str:
    return f"{route.strip('/')}/" if route.strip("/") else ""


def _list_versions(
    kind: str, options: Mapping[str, Any], folder: str, tree: SourceTree
) -> list[_Content]:
    """Return the current docs and those of earlier versions."""
    current = _build_content(kind, options, folder)
    name = find_text(options, "id")
    prefix = f"{name}_" if name and name != "default" else ""
    names = _read_versions(tree, f"{folder}{prefix}versions.json")
    last = find_text(options, "lastVersion") or (names[0] if names else "current")
    labels = find_table(options, "versions")
    contents = list[_Content]()
    for version in ["current", *names]:
        default = "next" if version == "current" else version
        place = "" if version == last else default
        given = find_value(labels, version, "path")
        place = given if isinstance(given, str) else place
        label = find_text(labels, version, "label") or ("" if version == "current" else version)
        versions = join_folder(folder, f"{prefix}versioned_docs/version-{version}")
        contents.append(
            _Content(
                kind=kind,
                folder=current.folder if version == "current" else versions,
                route=current.route + _clean_route(place),
                version=clean_version(label),
                prefixes=current.prefixes,
            )
        )
    return contents


def _read_versions(tree: SourceTree, path: str) -> list[str]:
    file = tree.settings.get(path)
    try:
        loaded = json.loads(file.text) if file else []
    except (ValueError, RecursionError):
        return []
    return [name for name in loaded if isinstance(name, str)] if isinstance(loaded, list) else []


def _list_translations(
    kind: str, options: Mapping[str, Any], folder: str, tree: SourceTree, locale: str
) -> list[_Content]:
    """Return the translated contents of one plugin."""
    name = find_text(options, "id")
    plugin = f"docusaurus-plugin-content-{kind}"
    plugin = f"{plugin}-{name}" if name and name != "default" else plugin
    above = join_folder(folder, f"i18n/{locale}/{plugin}")
    if kind != "docs":
        contents = [_build_content(kind, options, folder)]
    else:
        contents = _list_versions(kind, options, folder, tree)
    translated = list[_Content]()
    for content in contents:
        version = posixpath.basename(content.folder.rstrip("/"))
        is_old = version.startswith("version-") and "versioned_docs" in content.folder
        below = (version if is_old else "current") if kind == "docs" else ""
        translated.append(
            _Content(
                kind=kind,
                folder=join_folder(above, below) if below else above,
                route=f"{locale}/{content.route}",
                version=content.version,
                language=clean_language(locale),
                prefixes=content.prefixes,
            )
        )
    return translated


@dataclass(frozen=True, slots=True)
class _Rules:
    """The addresses of one site."""

    contents: tuple[_Content, ...]
    trailing_slash: bool | None

    def find_route(self, head: PageHead) -> Route | None:
        for content in self.contents:
            path = strip_folder(head.path, content.folder)
            if path is None:
                continue
            folder, name = split_page(path)
            if any(part.startswith("_") for part in path.split("/")):
                return None  # a partial
            if content.kind == "docs":
                slug = _find_doc_slug(head, folder, name, prefixes=content.prefixes)
            elif content.kind == "blog":
                slug = _find_post_slug(head, folder, name)
            else:
                slug = folder if name == "index" else folder + name
            place = self._end(content.route + slug.lstrip("/"))
            return Route(place, content.language, content.version)
        return None

    def _end(self, place: str) -> str:
        if self.trailing_slash is None or not place:
            return place
        return f"{place.rstrip('/')}/" if self.trailing_slash else place.rstrip("/")


def _find_doc_slug(head: PageHead, folder: str, name: str, *, prefixes: bool) -> str:
    """Return the slug of a page of the docs.

    Args:
        head: the page.
        folder: its folder below that of the docs.
        name: its name without suffix.
        prefixes: whether numbers at the beginning of names are dropped.

    Returns:
        the slug; a page that stands for its folder ends in a slash.
    """
    slug = find_slug(head, "slug")
    if slug.startswith("/"):
        return slug
    parts = folder.rstrip("/").split("/") if folder else []
    plain = "".join(f"{_drop_prefix(part) if prefixes else part}/" for part in parts)
    parent = parts[-1].lower() if parts else ""
    if not slug and name.lower() in {"index", "readme", parent}:
        return plain
    own = slug or find_slug(head, "id") or (_drop_prefix(name) if prefixes else name)
    return posixpath.normpath(posixpath.join("/", plain, own)) + ("/" if own.endswith("/") else "")


def _drop_prefix(name: str) -> str:
    match = None if _DATES.match(name) or _VERSIONS.match(name) else _PREFIX.match(name)
    return match[1] if match else name


def _find_post_slug(head: PageHead, folder: str, name: str) -> str:
    if slug := find_slug(head, "slug"):
        return slug
    match = _POST.match(folder + name)
    if match:
        return f"{match[2].replace('-', '/')}/{match[1]}{match[3]}".rstrip("/")
    return folder.rstrip("/") if name == "index" else folder + name
