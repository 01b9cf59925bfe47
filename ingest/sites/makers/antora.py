"""Antora: addresses by component, version and module."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from ingest.sites.settings.values import find_table, find_text, flatten_texts
from ingest.sites.site import (
    PageHead,
    Route,
    SettingsFile,
    Site,
    SourceTree,
    build_base,
    clean_version,
    join_folder,
    strip_folder,
)


def find_antora(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of an `antora.yml`.

    Its address is that of a playbook. Return None if it has no name.
    """
    settings = file.values
    if not find_text(settings, "name"):
        return None
    books = [each for path, each in tree.settings.items() if "playbook" in path]
    playbook = books[0].values if books else {}
    version = find_text(settings, "version")
    rules = _Rules(
        folder=join_folder(file.folder, "modules"),
        component=find_text(settings, "name"),
        version="" if version in {"~", "true"} else version,
        style=find_text(playbook, "urls", "html_extension_style") or "default",
    )
    shared = flatten_texts(find_table(playbook, "asciidoc", "attributes"))
    own = flatten_texts(find_table(settings, "asciidoc", "attributes"))
    title = find_text(settings, "title") or rules.component
    component = {
        "page-component-name": rules.component,
        "page-component-title": title,
        "page-component-version": rules.version,
        "page-version": rules.version,
    }
    return Site(
        maker="antora",
        find_route=rules.find_route,
        base=build_base(find_text(playbook, "site", "url")),
        anchors="asciidoc",
        version=clean_version(find_text(settings, "display_version") or rules.version),
        variables={
            name.rstrip("@"): text for name, text in (component | shared | own).items() if text
        },
        roots=(rules.folder,),
    )


def find_module(path: str) -> tuple[str, str]:
    """Return the folder of modules above a path, and its module.

    Both are empty if it is in none.
    """
    above, mark, below = path.rpartition("modules/")
    module, slash, _ = below.partition("/")
    return (above + mark, module) if mark and slash else ("", "")


def find_target(path: str, target: str, names: dict[str, str]) -> str:
    """Return the path of the page that an `xref:` names.

    Args:
        path: the page that has it.
        target: `version@component:module:page.adoc`, of which only the page is needed.
        names: folders of modules by the names of components.

    Returns:
        the path; empty if the component is not in the source.
    """
    modules, module = find_module(path)
    target = target.rpartition("@")[2]
    parts = target.split(":")
    if len(parts) > 3:
        return ""
    if len(parts) == 3:
        modules, module = names.get(parts[0], ""), parts[1] or "ROOT"
    elif len(parts) == 2:
        module = parts[0] or module
    if not modules:
        return ""
    page = parts[-1].removeprefix("page$")
    if page.startswith(("./", "../")) and len(parts) == 1:
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), page))
    page = page if page.endswith((".adoc", ".asciidoc")) else f"{page}.adoc"
    return posixpath.normpath(f"{modules}{module}/pages/{page.lstrip('/')}")


@dataclass(frozen=True, slots=True)
class _Rules:
    """The addresses of one component."""

    folder: str
    component: str
    version: str
    style: str

    def find_route(self, head: PageHead) -> Route | None:
        path = strip_folder(head.path, self.folder)
        module, _, below = (path or "").partition("/")
        page = strip_folder(below, "pages/")
        if page is None or any(part.startswith("_") for part in page.split("/")):
            return None
        parts = [
            "" if self.component == "ROOT" else self.component,
            self.version,
            "" if module == "ROOT" else module,
        ]
        place = "".join(f"{part}/" for part in parts if part)
        stem = page.rpartition(".")[0] or page
        is_index = stem.rpartition("/")[2] == "index"
        if self.style == "default":
            return Route(f"{place}{stem}.html")
        stem = stem.removesuffix("index") if is_index else f"{stem}/"
        return Route(place + (stem if self.style == "indexify" else stem.rstrip("/")))
