"""Astro's Starlight: addresses by slugs of each part of a path, with languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ingest.formats.slugs import slugify_github
from ingest.sites.settings.javascript import find_call
from ingest.sites.settings.values import find_table, find_text, find_value
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


def find_starlight(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of an `astro.config` with Starlight; None without it."""
    del tree
    settings = file.values
    call = find_call(find_value(settings, "integrations"), "starlight")
    if call is None:
        return None
    options = call.arguments[0] if call.arguments else {}
    locales = find_table(options, "locales")
    default = find_text(options, "defaultLocale")
    source = find_text(settings, "srcDir") or "src"
    folder = join_folder(file.folder, f"{source}/content/docs")
    slash, build = find_text(settings, "trailingSlash"), find_text(settings, "build", "format")
    rules = _Rules(
        folder=folder,
        ending=".html" if build == "file" else "" if slash == "never" else "/",
        languages={
            str(name): clean_language(find_text(locales, name, "lang") or str(name))
            for name in locales
            if name != "root"
        },
    )
    language = find_text(locales, "root", "lang") or find_text(locales, default, "lang") or "en"
    return Site(
        maker="starlight",
        find_route=rules.find_route,
        base=build_base(find_text(settings, "site"), find_text(settings, "base")),
        anchors="starlight",
        language=clean_language(language),
        roots=(folder,),
    )


@dataclass(frozen=True, slots=True)
class _Rules:
    """The addresses of one site."""

    folder: str
    ending: str
    languages: Mapping[str, str]

    def find_route(self, head: PageHead) -> Route | None:
        path = strip_folder(head.path, self.folder)
        if path is None or path.rpartition("/")[2].startswith("_"):
            return None
        folder, name = split_page(path)
        slug = find_slug(head, "slug").strip("/")
        if not slug:
            parts = [slugify_github(part) for part in (folder + name).split("/")]
            slug = "/".join(parts[:-1] if parts[-1] == "index" else parts)
        language = self.languages.get(slug.partition("/")[0], "")
        if slug in {"index", ""}:
            return Route("", language)
        return Route(f"{slug}{self.ending}", language)
