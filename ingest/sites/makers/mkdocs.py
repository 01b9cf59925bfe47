"""MkDocs, with Material and Zensical: addresses of pages, of blogs and of translations."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ingest.sites.settings.values import (
    find_flag,
    find_options,
    find_table,
    find_text,
    find_value,
    flatten_texts,
    list_items,
)
from ingest.sites.site import (
    PageHead,
    Route,
    SettingsFile,
    Site,
    SourceTree,
    build_base,
    clean_language,
    find_slug,
    join_folder,
    split_page,
    strip_folder,
)

_MAX_PARENTS = 5
_HEADING = re.compile(r"^#\s+(.+?)\s*#*\s*$", re.MULTILINE)
_NOT_IN_SLUG = re.compile(r"[^\w\- ]")
_DATE_PARTS = (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"))
_MACROS = ("macros", "mkdocs-macros", "mkdocs-macros-plugin")


def find_mkdocs(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of a `mkdocs.yml` or `zensical.toml`.

    Return None if the file is of another program.
    """
    settings = find_table(file.values, "project") or _add_inherited(file, tree)
    if "site_name" not in settings and "docs_dir" not in settings and "nav" not in settings:
        return None
    version = _find_version(settings)
    folder = join_folder(file.folder, find_text(settings, "docs_dir") or "docs")
    snippets = find_options(settings, "pymdownx.snippets", "markdown_extensions")
    snippet_folders = _list_snippet_folders(snippets, file.folder, folder)
    rules = _Rules(
        folder=folder,
        directories=find_flag(settings, "use_directory_urls", default=True),
        blogs=_list_blogs(settings),
        translations=_find_translations(settings),
    )
    return Site(
        maker="mkdocs",
        find_route=rules.find_route,
        base=build_base(find_text(settings, "site_url"), version),
        anchors=_find_anchors(settings),
        language=clean_language(find_text(settings, "theme", "language")),
        variables=_list_variables(settings),
        roots=(folder,),
        snippet_folders=snippet_folders,
        appended=tuple(
            posixpath.normpath(f"{above}{name}")
            for name in map(str, list_items(snippets, "auto_append"))
            for above in (*snippet_folders, file.folder)
        ),
    )


def _list_snippet_folders(options: object, above: str, docs: str) -> tuple[str, ...]:
    """Return the folders that the names of snippets are relative to.

    Args:
        options: the options of the extension; None without it.
        above: the folder of the settings.
        docs: the folder of the pages.
    """
    if options is None:
        return ()
    named = {"$docs_dir": docs, "$config_dir": above, "!relative": docs, "relative": docs}
    paths = [str(each) for each in list_items(options, "base_path")] or ["."]
    return tuple(
        named[path] if path in named else join_folder(above, path) for path in paths if path
    )


def _add_inherited(file: SettingsFile, tree: SourceTree) -> Mapping[str, Any]:
    """Return the settings, over those of the file that they inherit from."""
    settings, folder = dict(file.values), file.folder
    for _ in range(_MAX_PARENTS):
        parent = settings.pop("INHERIT", None)
        path = posixpath.normpath(posixpath.join(folder, str(parent)))
        if not parent or path not in tree.settings:
            break
        above = tree.settings[path]
        settings, folder = _join(above.values, settings), above.folder
    return settings


def _join(above: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**above, **own}
    for key in above.keys() & own.keys():
        if isinstance(above[key], dict) and isinstance(own[key], dict):
            merged[key] = {**above[key], **own[key]}
    return merged


def _find_version(settings: Mapping[str, Any]) -> str:
    """Return the folder of the version that mike shows first.

    Return an empty text without mike.
    """
    mike = find_options(settings, "mike", "plugins")
    if find_text(settings, "extra", "version", "provider") != "mike" and mike is None:
        return ""
    names = list_items(settings, "extra", "version", "default")
    return find_text(mike, "canonical_version") or (str(names[0]) if names else "")


def _find_anchors(settings: Mapping[str, Any]) -> str:
    """Return the rule of the option `slugify` of the table of contents."""
    slugify = find_value(find_options(settings, "toc", "markdown_extensions"), "slugify")
    name = str(slugify.get("tag", "")) if isinstance(slugify, Mapping) else str(slugify or "")
    if "pymdownx" in name or "slugs" in name:
        case = find_text(slugify, "kwds", "case") or ("lower" if "lower" in name else "")
        is_lower = case.startswith(("lower", "fold")) or name.endswith(("uslugify", "gfm"))
        return "pymdownx" if is_lower else "pymdownx-case"
    return "mkdocs-unicode" if "unicode" in name else "mkdocs"


def _list_variables(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what the plugin for macros fills in."""
    if all(find_options(settings, name, "plugins") is None for name in _MACROS):
        return {}
    own = {key: text for key in settings if (text := find_text(settings, key))}
    return flatten_texts(find_table(settings, "extra")) | {
        f"config.{key}": text for key, text in own.items()
    }


@dataclass(frozen=True, slots=True)
class _Blog:
    """A blog of Material: its folder, and how the addresses of posts are built."""

    folder: str
    url_format: str
    date_format: str


def _list_blogs(settings: Mapping[str, Any]) -> tuple[_Blog, ...]:
    options = find_options(settings, "blog", "plugins")
    if options is None:
        options = find_options(settings, "material/blog", "plugins")
    if options is None:
        return ()
    folder = find_text(options, "blog_dir") or "blog"
    return (
        _Blog(
            folder="" if folder == "." else f"{folder.strip('/')}/",
            url_format=find_text(options, "post_url_format") or "{date}/{slug}",
            date_format=find_text(options, "post_url_date_format") or "yyyy/MM/dd",
        ),
    )


@dataclass(frozen=True, slots=True)
class _Translations:
    """Languages of the plugin i18n: the default one, the others, and where they stand."""

    default: str
    others: frozenset[str]
    is_suffix: bool


def _find_translations(settings: Mapping[str, Any]) -> _Translations | None:
    options = find_options(settings, "i18n", "plugins")
    languages = [each for each in list_items(options, "languages") if isinstance(each, Mapping)]
    if not languages:
        return None
    defaults = [find_text(each, "locale") for each in languages if each.get("default") is True]
    names = frozenset(find_text(each, "locale") for each in languages) - {""}
    is_suffix = (find_text(options, "docs_structure") or "suffix") == "suffix"
    default = defaults[0] if defaults else ""
    return _Translations(default, names - {default}, is_suffix)


@dataclass(frozen=True, slots=True)
class _Rules:
    """The addresses of one site."""

    folder: str
    directories: bool
    blogs: tuple[_Blog, ...]
    translations: _Translations | None

    def find_route(self, head: PageHead) -> Route | None:
        path = strip_folder(head.path, self.folder)
        if path is None or path.startswith(".") or "/." in path:
            return None
        folder, name = split_page(path)
        folder, name, language = self._take_language(folder, name)
        for blog in self.blogs:
            if folder.startswith(f"{blog.folder}posts/"):
                return Route(self._end(_build_post(head, blog, name)), language)
        if name in {"index", "README"}:
            return Route(folder if self.directories else f"{folder}index.html", language)
        return Route(self._end(folder + name), language)

    def _end(self, path: str) -> str:
        return f"{path}/" if self.directories else f"{path}.html"

    def _take_language(self, folder: str, name: str) -> tuple[str, str, str]:
        """Return folder, name and language of a page with plugin i18n."""
        known = self.translations
        if known is None:
            return folder, name, ""
        if known.is_suffix:
            stem, _, language = name.rpartition(".")
            if stem and language in known.others:
                return f"{language}/{folder}", stem, clean_language(language)
            return folder, stem if stem and language == known.default else name, known.default
        first, _, rest = folder.partition("/")
        if first == known.default:
            return rest, name, clean_language(first)
        return folder, name, clean_language(first if first in known.others else "")


def _build_post(head: PageHead, blog: _Blog, name: str) -> str:
    """Return the place of a post, by its date and title."""
    heading = _HEADING.search(head.body)
    title = find_text(head.front, "title") or (heading[1] if heading else name)
    slug = find_slug(head, "slug") or _slugify(title)
    created = find_value(head.front, "date")
    created = find_value(created, "created") if isinstance(created, Mapping) else created
    day = created.date() if isinstance(created, datetime) else created
    pattern = blog.date_format
    for mark, code in _DATE_PARTS:
        pattern = pattern.replace(mark, code)
    dated = day.strftime(pattern) if isinstance(day, date) else ""
    categories = [_slugify(str(each)) for each in list_items(head.front, "categories")]
    parts = {"date": dated, "slug": slug, "categories": "/".join(categories[:1]), "file": name}
    place = blog.url_format
    for key, value in parts.items():
        place = place.replace(f"{{{key}}}", value)
    return blog.folder + re.sub(r"/{2,}", "/", place).strip("/")


def _slugify(title: str) -> str:
    return _NOT_IN_SLUG.sub("", re.sub(r"[*_`]", "", title)).strip().lower().replace(" ", "-")
