"""Sphinx, and Jupyter Book, which runs it: addresses by names of documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

from ingest.sites.settings.values import (
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
    clean_version,
    split_page,
    strip_folder,
)

_SIGNS = ("extensions", "html_theme", "master_doc", "root_doc", "source_suffix", "html_title")
_DEFINITION = re.compile(r"^\.\.[ ]+(?:_|\||role::)[^\n]*\n(?:[ \t]+\S[^\n]*\n)*", re.MULTILINE)
_READ_THE_DOCS = (".readthedocs.yaml", ".readthedocs.yml")


def find_sphinx(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of a `conf.py`.

    Return None if the file is of another program.
    """
    settings = file.values
    if not any(sign in settings for sign in _SIGNS):
        return None
    address = next(filter(None, (find_text(settings, *names) for names in _ADDRESSES)), "")
    rules = _Rules(
        folder=file.folder,
        suffix=find_text(settings, "html_link_suffix") or find_text(settings, "html_file_suffix"),
        directories=_has_directories(file.folder, tree),
    )
    return Site(
        maker="sphinx",
        find_route=rules.find_route,
        base=build_base(address),
        anchors=_find_anchors(settings),
        language=clean_language(find_text(settings, "language")),
        version=clean_version(find_text(settings, "version") or find_text(settings, "release")),
        variables=_list_substitutions(settings),
        roots=(file.folder,),
        definitions=_find_definitions(settings),
    )


_ADDRESSES = (
    ("html_baseurl",),
    ("html_theme_options", "canonical_url"),
    ("html_context", "canonical_url"),
    ("ogp_site_url",),
    ("ogp_canonical_url",),
)


def find_jupyter_book(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of Jupyter Book's `_config.yml`.

    Return None if the file is of Jekyll.
    """
    settings = file.values
    if not tree.find_settings(file.folder, "_toc.yml", "_toc.yaml") and "sphinx" not in settings:
        return None
    config = find_table(settings, "sphinx", "config")
    address = find_text(settings, "html", "baseurl") or find_text(config, "html_baseurl")
    rules = _Rules(folder=file.folder, suffix=".html", directories=False)
    return Site(
        maker="sphinx",
        find_route=rules.find_route,
        base=build_base(address),
        anchors=_find_anchors(config),
        language=clean_language(find_text(config, "language")),
        roots=(file.folder,),
    )


def _find_definitions(settings: Mapping[str, Any]) -> str:
    """Return the targets, substitutions and roles that Sphinx adds to each page."""
    texts = (find_value(settings, name) for name in ("rst_prolog", "rst_epilog"))
    found = (_DEFINITION.findall(dedent(f"{text}\n")) for text in texts if isinstance(text, str))
    return "\n\n".join(definition.rstrip() for each in found for definition in each)


def _find_anchors(settings: Mapping[str, Any]) -> str:
    """Return the rule of the site, with the quotes of MyST."""
    extensions = list_items(settings, "myst_enable_extensions")
    return "myst-smartquotes" if "smartquotes" in map(str, extensions) else "sphinx"


def _list_substitutions(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what MyST fills in."""
    key = "myst_substitutions" if "myst_substitutions" in settings else "substitutions"
    return flatten_texts(find_table(settings, key))


def _has_directories(folder: str, tree: SourceTree) -> bool:
    """Return whether Read the Docs builds a folder for each page."""
    parts = folder.rstrip("/").split("/")
    for count in range(len(parts), -1, -1):
        above = "".join(f"{part}/" for part in parts[:count] if part)
        if found := tree.find_settings(above, *_READ_THE_DOCS):
            return find_text(found.values, "sphinx", "builder") == "dirhtml"
    return False


@dataclass(frozen=True, slots=True)
class _Rules:
    """The addresses of one site."""

    folder: str
    suffix: str
    directories: bool

    def find_route(self, head: PageHead) -> Route | None:
        path = strip_folder(head.path, self.folder)
        if path is None or path.startswith("_build/"):
            return None
        folder, name = split_page(path)
        if self.directories:
            return Route(folder if name == "index" else f"{folder}{name}/")
        return Route(f"{folder}{name}{self.suffix or '.html'}")
