"""mdBook and GitBook, and sites whose maker is unknown: paths of pages without their suffix."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.sites.settings.values import find_table, find_text
from ingest.sites.site import (
    PageHead,
    Route,
    SettingsFile,
    Site,
    SourceTree,
    build_base,
    clean_language,
    join_folder,
    split_page,
    strip_folder,
)


def find_mdbook(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of a `book.toml`.

    Return None if the file is of another program.
    """
    del tree
    settings = file.values
    if "book" not in settings and "output" not in settings:
        return None
    html = find_table(settings, "output", "html")
    host, path = find_text(html, "cname"), find_text(html, "site-url")
    base = build_base(path) or build_base(f"https://{host}", path) if host or path else ""
    folder = join_folder(file.folder, find_text(settings, "book", "src") or "src")
    return Site(
        maker="mdbook",
        find_route=_BookRules(folder, ".html").find_route,
        base=base,
        anchors="mdbook",
        language=clean_language(find_text(settings, "book", "language")),
        roots=(folder,),
    )


def find_gitbook(file: SettingsFile, tree: SourceTree) -> Site | None:
    """Return the site of a `.gitbook.yaml`."""
    del tree
    folder = join_folder(file.folder, find_text(file.values, "root") or ".")
    return Site(
        maker="gitbook",
        find_route=_BookRules(folder, "").find_route,
        anchors="gitbook",
        roots=(folder,),
        is_rooted=True,
    )


def build_plain_site(address: str) -> Site:
    """Return a site whose maker is unknown."""
    return Site(maker="", find_route=_BookRules("", "").find_route, base=build_base(address))


@dataclass(frozen=True, slots=True)
class _BookRules:
    """The addresses of one book; `ending` is that of a page's name."""

    folder: str
    ending: str

    def find_route(self, head: PageHead) -> Route | None:
        path = strip_folder(head.path, self.folder)
        if path is None or path.startswith("."):
            return None
        folder, name = split_page(path)
        if self.ending:
            return Route(folder + ("index" if name.lower() == "readme" else name) + self.ending)
        is_index = name.lower() in {"readme", "index", "_index"}
        return Route(folder.rstrip("/") if is_index else folder + name)
