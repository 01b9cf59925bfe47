"""Small sources of site makers, written for the tests."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.documents import Page, SourcePages
from ingest.loading.pages import prepare_pages
from ingest.sources.source import RawFile, Source, SourceFiles


def read_tree(files: Mapping[str, str], *, folder: str = "", **options: str) -> SourcePages:
    """Return the pages of a source with these files; those above `folder` lie above the source."""
    source = Source(**{"name": "docs", "uri": "docs", **options})  # type: ignore[arg-type]
    raw = [
        RawFile(path, f"https://host.test/{path}", text.encode()) for path, text in files.items()
    ]
    below = [
        RawFile(file.path.removeprefix(folder), file.url, file.data)
        for file in raw
        if file.path.startswith(folder)
    ]
    above = tuple(file for file in raw if not file.path.startswith(folder))
    return prepare_pages(SourceFiles(source, tuple(below), folder=folder, above=above))


def list_addresses(files: Mapping[str, str], **options: str) -> dict[str, str]:
    """Return the addresses of the pages by their paths."""
    return {page.path: page.url for page in read_tree(files, **options).pages}


def find_page(pages: SourcePages, path: str) -> Page:
    """Return the page at a path."""
    return next(page for page in pages.pages if page.path == path)


def build_pages(settings: Mapping[str, str], *paths: str, **front: str) -> dict[str, str]:
    """Return a tree of settings and of pages; `front` is the front matter of a page by its name."""
    pages = dict.fromkeys(paths, "# Title\n\nText.\n")
    for path in paths:
        if matter := front.get(path.rpartition("/")[2].partition(".")[0]):
            pages[path] = f"---\n{matter}\n---\n# Title\n\nText.\n"
    return {**settings, **pages}
