"""Hugo: sections, bundles, languages, permalinks and ugly addresses."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from ingest.sites.settings.values import (
    find_flag,
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

_ALLOWED = re.compile(r"[\w./\\#+~@-]")
_TOKEN = re.compile(r":(\w+)(\[[^\]]*\])?")
_PARTS = ("languages", "permalinks", "module", "markup")
_SUFFIXES = (".toml", ".yaml", ".yml", ".json")
_KNOWN = frozenset(
    (
        *("baseurl", "contentdir", "languagecode", "defaultcontentlanguage", "languages", "theme"),
        *("uglyurls", "params", "module", "permalinks", "disablepathtolower", "markup"),
    )
)
_DATES = {"year": "%Y", "month": "%m", "day": "%d", "monthname": "%B"}


def find_hugo(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of a `hugo.toml` or `config.toml`.

    Return None if the file is of another program.
    """
    settings = _normalise_keys(file.values)
    root = file.folder
    if PurePosixPath(root).parts[-2:] == ("config", "_default"):
        root = join_folder(root, "../..")
        settings = _add_parts(settings, file.folder, tree)
    is_hugo = "baseurl" in settings or len(settings.keys() & _KNOWN) > 2
    if not (is_hugo or file.name.startswith("hugo.")):
        return None
    languages = _list_languages(settings, root)
    default = find_text(settings, "defaultcontentlanguage") or "en"
    has_ids = find_flag(settings, "markup", "goldmark", "parser", "autoHeadingID", default=True)
    rules = _Rules(
        contents=_list_contents(settings, root, languages),
        languages=languages,
        default=default,
        default_below=find_flag(settings, "defaultcontentlanguageinsubdir", default=False),
        ugly=find_value(settings, "uglyurls"),
        keeps_case=find_flag(settings, "disablepathtolower", default=False),
        permalinks=_list_permalinks(settings),
    )
    return Site(
        maker="hugo",
        find_route=rules.find_route,
        base=build_base(find_text(settings, "baseurl")),
        anchors="hugo" if has_ids else "none",
        language=clean_language(find_text(settings, "languagecode") or default),
        variables=flatten_texts(find_table(settings, "params"), ".Site.Params."),
        roots=tuple(content.folder for content in rules.contents),
    )


def _normalise_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with their names in small letters."""
    return {str(key).lower(): value for key, value in values.items()}


def _add_parts(settings: dict[str, Any], folder: str, tree: SourceTree) -> dict[str, Any]:
    """Add the settings that have files of their own."""
    for part in _PARTS:
        found = tree.find_settings(folder, *(f"{part}{suffix}" for suffix in _SUFFIXES))
        if found and part not in settings:
            settings[part] = found.values
    return settings


@dataclass(frozen=True, slots=True)
class _Language:
    """A language of a site; `folder` is empty unless its pages have a folder of their own."""

    name: str
    tag: str
    folder: str


@dataclass(frozen=True, slots=True)
class _Content:
    """A folder of pages, the place that they are mounted at, and their language."""

    folder: str
    place: str
    language: str


def _list_languages(settings: Mapping[str, Any], root: str) -> dict[str, _Language]:
    languages = dict[str, _Language]()
    for name, given in find_table(settings, "languages").items():
        options = _normalise_keys(given) if isinstance(given, Mapping) else {}
        if options.get("disabled") is True:
            continue
        folder = find_text(options, "contentdir")
        tag = clean_language(find_text(options, "languagecode") or str(name))
        languages[str(name)] = _Language(
            str(name), tag, join_folder(root, folder) if folder else ""
        )
    return languages


def _list_contents(
    settings: Mapping[str, Any], root: str, languages: Mapping[str, _Language]
) -> tuple[_Content, ...]:
    """Return the folders of pages, the deepest first."""
    contents = [_Content(each.folder, "", each.name) for each in languages.values() if each.folder]
    for mount in list_items(settings, "module", "mounts"):
        target = find_text(mount, "target").strip("/")
        if target == "content" or target.startswith("content/"):
            place = target.removeprefix("content").strip("/")
            language = find_text(mount, "lang") or _find_mounted_language(mount)
            source = join_folder(root, find_text(mount, "source"))
            contents.append(_Content(source, f"{place}/" if place else "", language))
    if not contents or all(content.place for content in contents):
        folder = join_folder(root, find_text(settings, "contentdir") or "content")
        contents.append(_Content(folder, "", ""))
    return tuple(sorted(contents, key=lambda content: -len(content.folder)))


def _find_mounted_language(mount: object) -> str:
    names = list_items(mount, "sites", "matrix", "languages")
    return str(names[0]) if len(names) == 1 else ""


def _list_permalinks(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the patterns of pages by their section."""
    table = find_table(settings, "permalinks")
    pages = {**table, **find_table(table, "page")}
    return {str(key): text for key, text in pages.items() if isinstance(text, str)}


@dataclass(frozen=True, slots=True)
class _Rules:
    """The addresses of one site."""

    contents: tuple[_Content, ...]
    languages: Mapping[str, _Language]
    default: str
    default_below: bool
    ugly: Any
    keeps_case: bool
    permalinks: Mapping[str, str]

    def find_route(self, head: PageHead) -> Route | None:
        for content in self.contents:
            path = strip_folder(head.path, content.folder)
            if path is not None:
                return self._build_route(head, content, content.place + path)
        return None

    def _build_route(self, head: PageHead, content: _Content, path: str) -> Route | None:
        if (
            find_text(head.front, "build", "render") == "never"
            or head.front.get("headless") is True
        ):
            return None
        folder, name = split_page(path)
        stem, _, suffix = name.rpartition(".")
        language = content.language
        if stem and suffix in self.languages:
            name, language = stem, suffix
        language = language or self.default
        before = ""
        if len(self.languages) > 1 and (language != self.default or self.default_below):
            before = f"{language}/"
        tag = self.languages[language].tag if language in self.languages else ""
        if url := find_slug(head, "url"):
            return Route(url.lstrip("/") if url.startswith("/") else before + url, tag)
        place = self._build_place(head, folder, name)
        return Route(before + place, tag)

    def _build_place(self, head: PageHead, folder: str, name: str) -> str:
        section = folder.partition("/")[0]
        slug = find_slug(head, "slug")
        if name == "_index":
            place = self._normalise(folder)
            return f"{place[:-1]}.html" if place and self._is_ugly(section) else place
        if name == "index":  # a bundle
            folder, name = _split_last(folder)
        pattern = self.permalinks.get(section, "")
        if not name:
            return ""
        if pattern:
            place = self._fill(pattern, head, folder, name).strip("/")
        else:
            place = self._normalise(folder) + self._normalise(slug or name)
        is_file = PurePosixPath(place).suffix in {".html", ".htm"}
        return place if is_file else f"{place}.html" if self._is_ugly(section) else f"{place}/"

    def _is_ugly(self, section: str) -> bool:
        ugly = self.ugly.get(section) if isinstance(self.ugly, Mapping) else self.ugly
        return ugly is True

    def _fill(self, pattern: str, head: PageHead, folder: str, name: str) -> str:
        """Return a permalink with its tokens filled in."""
        slug, title = find_slug(head, "slug"), find_text(head.front, "title")
        sections = folder.rstrip("/").split("/") if folder else []
        day = head.front.get("date")
        parts = {
            "slug": slug or title or name,
            "slugorfilename": slug or name,
            "slugorcontentbasename": slug or name,
            "filename": name,
            "contentbasename": name,
            "title": title or name,
            "section": sections[0] if sections else "",
        }

        def fill(token: re.Match[str]) -> str:
            key = token[1].lower()
            if key == "sections":
                return "/".join(self._normalise(each) for each in _cut(sections, token[2] or ""))
            if key in _DATES:
                return day.strftime(_DATES[key]) if isinstance(day, date) else ""
            return self._normalise(parts.get(key, token[0]).replace("/", "-"))

        return re.sub("/{2,}", "/", _TOKEN.sub(fill, pattern))

    def _normalise(self, path: str) -> str:
        """Return a path as Hugo writes it in addresses.

        Hyphens stand for blanks, and only some signs stay.
        """
        kept, is_pending = list[str](), False
        for letter in path:
            if _ALLOWED.match(letter):
                if is_pending and letter != "-":
                    kept.append("-")
                is_pending = False
                kept.append(letter)
            elif letter.isspace() and kept and kept[-1] != "-":
                is_pending = True
        text = "".join(kept)
        return text if self.keeps_case else text.lower()


def _split_last(folder: str) -> tuple[str, str]:
    above, name = posixpath.split(folder.rstrip("/"))
    return f"{above}/" if above else "", name


def _cut(sections: list[str], part: str) -> Iterable[str]:
    """Return the sections that `[1:]`, `[last]` and the like choose."""
    match = re.fullmatch(r"\[(\d*)(:?)(\d*)\]", part)
    if match is None:
        return sections[-1:] if part == "[last]" else sections
    first = int(match[1] or 0)
    if not match[2]:
        return sections[first : first + 1]
    return sections[first : int(match[3]) if match[3] else None]
