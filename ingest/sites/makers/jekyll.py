"""Jekyll: pages, posts and collections, by their permalinks; GitHub Pages as well."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ingest.sites.settings.values import find_text, find_value, flatten_texts, list_items
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
from ingest.sources.address.patterns import is_excluded

_POST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})-(.+)")
_TOKEN = re.compile(r":([a-z_]+)")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_NOT_IN_SLUG = re.compile(r"[^\w]+")
_STYLES: Mapping[str, str] = {
    "date": "/:categories/:year/:month/:day/:title:output_ext",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title:output_ext",
    "weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
    "none": "/:categories/:title:output_ext",
}


def find_jekyll(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of a `_config.yml`.

    Return None if the file is of Jupyter Book.
    """
    settings = file.values
    if tree.find_settings(file.folder, "_toc.yml", "_toc.yaml") or "sphinx" in settings:
        return None
    folder = join_folder(file.folder, find_text(settings, "source") or ".")
    base = find_text(settings, "baseurl")
    rules = _Rules(
        folder=folder,
        permalink=find_text(settings, "permalink") or "date",
        collections=_list_collections(settings),
        defaults=tuple(_list_defaults(settings)),
        excluded=_list_excluded(settings),
        paths=tree.paths,
    )
    own = {key: settings[key] for key in settings if key not in {"collections", "defaults"}}
    return Site(
        maker="jekyll",
        find_route=rules.find_route,
        base=build_base(find_text(settings, "url"), base),
        anchors=_find_anchors(settings),
        language=clean_language(find_text(settings, "lang")),
        variables=flatten_texts(own, "site.") | {"site.baseurl": base.rstrip("/")},
        roots=(folder,),
    )


def _find_anchors(settings: Mapping[str, Any]) -> str:
    """Return the rule of the Markdown that the site is written in."""
    if find_text(settings, "markdown").lower() in {"gfm", "commonmark", "commonmarkghpages"}:
        return "github"
    if find_value(settings, "kramdown", "auto_ids") is False:
        return "none"
    is_plain = find_text(settings, "kramdown", "input").lower() == "kramdown"
    return "kramdown-plain" if is_plain else "kramdown"


def _list_collections(settings: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the permalinks of collections that have pages, by their folders.

    None stands for the style of the site.
    """
    table = settings.get("collections")
    above = find_text(settings, "collections_dir")
    above = f"{above.strip('/')}/" if above else ""
    collections = dict[str, str | None]()
    for name, options in table.items() if isinstance(table, Mapping) else ():
        has_pages = isinstance(options, Mapping) and options.get("output") is True
        if has_pages or name == "posts":
            collections[f"{above}_{name}/"] = find_text(options, "permalink") or None
    return {f"{above}_posts/": None} | collections


def _list_defaults(settings: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the path, type and permalink of each default.

    Defaults without a permalink are left out.
    """
    found = list[tuple[str, str, str]]()
    for default in list_items(settings, "defaults"):
        if permalink := find_text(default, "values", "permalink"):
            path = find_text(default, "scope", "path").strip("/")
            found.append((path, find_text(default, "scope", "type"), permalink))
    return found


def _list_excluded(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the patterns of paths that are not pages.

    Return none if one of them can't be read.
    """
    patterns = tuple(str(each) for each in list_items(settings, "exclude"))
    try:
        is_excluded(patterns, "index.md")
    except ValueError:
        return ()
    return patterns


@dataclass(frozen=True, slots=True)
class _Rules:
    """The addresses of one site."""

    folder: str
    permalink: str
    collections: Mapping[str, str | None]
    defaults: tuple[tuple[str, str, str], ...]
    excluded: tuple[str, ...]
    paths: frozenset[str]

    def find_route(self, head: PageHead) -> Route | None:
        path = strip_folder(head.path, self.folder)
        if path is None or is_excluded(self.excluded, path):
            return None
        collection = next((each for each in self.collections if f"/{each}" in f"/{path}"), "")
        below = path.partition(collection)[2] if collection else path
        if any(part.startswith(("_", ".", "#", "~")) for part in below.split("/")):
            return None
        place = self._find_permalink(head, path, collection)
        folder, name = split_page(below)
        if collection.endswith("_posts/"):
            above = path.partition("_posts/")[0].removesuffix(collection.removesuffix("_posts/"))
            return self._build_post(head, place, name, above)
        if collection:
            label = collection.rstrip("/").rpartition("/")[2].removeprefix("_")
            return self._build_document(head, place or self.collections[collection], label, below)
        is_index = name == "index" or (name.lower() == "readme" and self._is_index(folder))
        if not place and is_index:
            return Route(folder)
        template = place or self._add_ending("/:path/:basename")
        tokens = {"path": folder.strip("/"), "basename": name, "title": name, "name": name}
        return Route(_fill(template, tokens))

    def _find_permalink(self, head: PageHead, path: str, collection: str) -> str:
        """Return the permalink of the page, or of the defaults for it."""
        if own := find_slug(head, "permalink"):
            return own
        kind = collection.rstrip("/").rpartition("/")[2].removeprefix("_") or "pages"
        best = ("", "")
        for scope, wanted, permalink in self.defaults:
            is_inside = not scope or path == scope or path.startswith(f"{scope}/")
            if is_inside and wanted in {"", kind} and len(scope) >= len(best[0]):
                best = (scope, permalink)
        return best[1]

    def _is_index(self, folder: str) -> bool:
        """Return whether GitHub shows a README as the page of its folder."""
        names = (f"{self.folder}{folder}index.{suffix}" for suffix in ("md", "html", "markdown"))
        return not any(name in self.paths for name in names)

    def _add_ending(self, template: str) -> str:
        """Return a template with the ending of the site's style."""
        if self.permalink == "pretty" or self.permalink.endswith("/"):
            return f"{template}/"
        has_suffix = self.permalink in _STYLES or self.permalink.endswith(":output_ext")
        return f"{template}:output_ext" if has_suffix else template

    def _build_post(self, head: PageHead, place: str, name: str, above: str) -> Route | None:
        match = _POST.fullmatch(name)
        if match is None:
            return None
        year, month, day = _find_date(head) or (match[1], match[2], match[3])
        template = place or next(
            (text for key, text in self.collections.items() if key.endswith("_posts/") and text), ""
        )
        template = _STYLES.get(template or self.permalink, template or self.permalink)
        given = list_items(head.front, "categories") or list_items(head.front, "category")
        words = [word for each in given for word in str(each).split()] if given else []
        categories = [*filter(None, above.split("/")), *(word.lower() for word in words)]
        slug = find_slug(head, "slug") or match[4]
        tokens = {
            "year": year,
            "month": month.zfill(2),
            "day": day.zfill(2),
            "title": slug,
            "short_year": year[2:],
            "i_month": str(int(month)),
            "i_day": str(int(day)),
            "categories": "/".join(dict.fromkeys(categories)),
            "slug": _slugify(slug),
        }
        return Route(_fill(template, tokens))

    def _build_document(
        self, head: PageHead, place: str | None, label: str, below: str
    ) -> Route | None:
        folder, name = split_page(below)
        template = place or self._add_ending("/:collection/:path")
        match = _POST.fullmatch(name)
        plain = match[4] if match else name
        slug = find_slug(head, "slug")
        tokens = {
            "collection": label,
            "path": folder + name,
            "name": _slugify(name),
            "title": slug or _slugify(plain),
            "slug": slug or _slugify(plain),
        }
        day = _find_date(head)
        tokens |= dict(zip(("year", "month", "day"), day, strict=True)) if day else {}
        return Route(_fill(_STYLES.get(template, template), tokens))


def _find_date(head: PageHead) -> tuple[str, str, str] | None:
    """Return year, month and day of the front matter; None without them."""
    value = head.front.get("date")
    text = value.isoformat() if isinstance(value, date) else str(value or "")
    match = _DATE.match(text)
    return (match[1], match[2], match[3]) if match else None


def _slugify(text: str) -> str:
    return _NOT_IN_SLUG.sub("-", text).strip("-").lower()


def _fill(template: str, tokens: Mapping[str, str]) -> str:
    """Return a permalink with its tokens filled in, without the leading slash."""
    values = {"output_ext": ".html", **tokens}
    place = _TOKEN.sub(lambda token: values.get(token[1], ""), template)
    return re.sub(r"/{2,}", "/", place).lstrip("/")
