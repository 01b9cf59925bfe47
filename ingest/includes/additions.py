"""Additions to pages that the settings of their site name: appended files, and definitions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from ingest.includes.targets import list_in_folders
from ingest.sites.site import Site
from ingest.sources.address.file_names import format_name

_MARKDOWN = {".md", ".markdown"}


@dataclass(frozen=True, slots=True)
class Additions:
    """The additions to the pages of a source.

    Attributes:
        folders: folders of the repository that the names of snippets are relative to.
        top: folder of the repository that the source's paths are relative to.
        texts: what stands at the end of pages, by path.
        failures: lines for the report.
    """

    folders: tuple[str, ...] = ()
    top: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[str, ...] = ()

    def list_places(self, name: str) -> tuple[str, ...]:
        """Return the paths in the source that a snippet may have."""
        paths = list_in_folders(name, self.folders)
        return tuple(path.removeprefix(self.top) for path in paths if path.startswith(self.top))


NO_ADDITIONS = Additions()
"""Those of a source without settings."""


def find_additions(sites: Sequence[Site], folder: str, paths: Collection[str]) -> Additions:
    """Return what the settings of sites add to pages.

    Args:
        sites: the sites, those in deeper folders first.
        folder: folder of the repository that the paths are relative to.
        paths: the documents of the source.

    Returns:
        the additions, with a line for each file that is not in the source.
    """
    folders = dict.fromkeys(below for site in sites for below in site.snippet_folders)
    texts, failures = dict[str, str](), list[str]()
    for site in sites:
        names = [path.removeprefix(folder) for path in site.appended if path.startswith(folder)]
        appended = [name for name in dict.fromkeys(names) if name in paths]
        if site.appended and not appended:
            name = format_name(site.appended[-1])
            failures.append(f'"{name}", which the site appends to its pages, is not in the source')
        root = site.roots[0].removeprefix(folder) if site.roots else ""
        for path in paths if appended or site.definitions else ():
            if path.startswith(root) and path not in appended and path not in texts:
                texts |= _build_text(path, site, appended)
    return Additions(tuple(folders), folder, texts, tuple(failures))


def _build_text(path: str, site: Site, appended: Sequence[str]) -> dict[str, str]:
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".rst" and site.definitions:
        return {path: f"\n\n{site.definitions}\n"}
    if suffix in _MARKDOWN and appended:
        return {path: "".join(f'\n\n--8<-- "{name}"\n' for name in appended)}
    return {}
