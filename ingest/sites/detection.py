"""The sites of a source, found by the settings files that lie in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from ingest.formats.dialects.front_matter import split_front_matter
from ingest.formats.settings_files import MAX_SETTINGS_BYTES, is_settings_file
from ingest.formats.slugs import SLUGS
from ingest.sites.makers.antora import find_antora
from ingest.sites.makers.books import build_plain_site, find_gitbook, find_mdbook
from ingest.sites.makers.docusaurus import find_docusaurus
from ingest.sites.makers.hugo import find_hugo
from ingest.sites.makers.jekyll import find_jekyll
from ingest.sites.makers.mintlify import find_mintlify
from ingest.sites.makers.mkdocs import find_mkdocs
from ingest.sites.makers.nextra import find_nextra
from ingest.sites.makers.sphinx import find_jupyter_book, find_sphinx
from ingest.sites.makers.starlight import find_starlight
from ingest.sites.makers.vitepress import find_vitepress
from ingest.sites.settings.files import read_settings
from ingest.sites.site import PageHead, Route, SettingsFile, Site, SourceTree, build_base
from ingest.sources.source import RawFile, Source, SourceFiles

MAX_SETTINGS_FILES = 100
"""Settings files of a source that are read; a repository may hold a copy in each folder."""

_DEFAULT_ANCHORS = "github"
_HEAD_BYTES = 100_000
_MAX_DESCRIBED = 5
_MAX_BODY = 20_000
_WITH_FRONT_MATTER = re.compile(r"\.(?:mdx?|markdown|mkdn?|html?|adoc)$", re.IGNORECASE)

_SUMMARY_LINE = re.compile(rb"^\s*[*-]\s+\[[^\]\n]*\]\([^)\n]*\.md\)", re.MULTILINE)

_Maker = Callable[[SettingsFile, SourceTree], Site | None]
_MAKERS: tuple[tuple[re.Pattern[str], tuple[_Maker, ...]], ...] = tuple(
    (re.compile(pattern), makers)
    for pattern, makers in (
        (r"(?:^|/)mkdocs\.ya?ml$|(?:^|/)zensical\.toml$", (find_mkdocs,)),
        (r"(?:^|/)docusaurus\.config\.[cm]?[jt]sx?$", (find_docusaurus,)),
        (r"(?:^|/)\.vitepress/config(?:/index)?\.[cm]?[jt]s$", (find_vitepress,)),
        (r"(?:^|/)(?:hugo|config)\.(?:toml|ya?ml|json)$", (find_hugo,)),
        (r"(?:^|/)_config\.(?:ya?ml|toml)$", (find_jupyter_book, find_jekyll)),
        (r"(?:^|/)conf\.py$", (find_sphinx,)),
        (r"(?:^|/)(?:docs|mint)\.json$", (find_mintlify,)),
        (r"(?:^|/)astro\.config\.[cm]?[jt]s$", (find_starlight,)),
        (r"(?:^|/)next\.config\.[cm]?[jt]s$", (find_nextra,)),
        (r"(?:^|/)antora\.ya?ml$", (find_antora,)),
        (r"(?:^|/)book\.toml$", (find_mdbook,)),
        (r"(?:^|/)\.gitbook\.yaml$", (find_gitbook,)),
    )
)
_NAMES: Mapping[str, str] = {
    "mkdocs": "MkDocs",
    "docusaurus": "Docusaurus",
    "vitepress": "VitePress",
    "hugo": "Hugo",
    "jekyll": "Jekyll",
    "sphinx": "Sphinx",
    "mintlify": "Mintlify",
    "starlight": "Starlight",
    "nextra": "Nextra",
    "antora": "Antora",
    "mdbook": "mdBook",
    "gitbook": "GitBook",
}


@dataclass(frozen=True, slots=True)
class Traits:
    """The traits that a page has from its site.

    Attributes:
        url: its address.
        version: version of the product that it describes.
        language: its language as a BCP 47 tag.
        anchors: the rule for anchors of headings.
        site: its site; None if it is on none.
    """

    url: str
    version: str
    language: str
    anchors: str
    site: Site | None = None

    @property
    def maker(self) -> str:
        """Name of the site maker; empty without one."""
        return self.site.maker if self.site else ""


@dataclass(frozen=True, slots=True)
class Sites:
    """The sites of a source.

    Attributes:
        source: the source.
        found: the sites, those in deeper folders first.
        folder: folder of the repository that the source's paths are relative to.
    """

    source: Source
    found: tuple[Site, ...] = ()
    folder: str = ""

    def find_traits(self, file: RawFile) -> Traits:
        """Return the traits of a page.

        The options of the source go before those of the site.
        """
        source = self.source
        place = self._find_place(file) if self.found else None
        if place is None:
            rule = source.anchors or _DEFAULT_ANCHORS
            return Traits(file.url, source.version, source.language, rule)
        site, route = place
        return Traits(
            url=file.url if source.url else site.build_address(route) or file.url,
            version=source.version or route.version or site.version,
            language=source.language or route.language or site.language,
            anchors=source.anchors or _find_anchors(site, file.path),
            site=site,
        )

    def _find_place(self, file: RawFile) -> tuple[Site, Route] | None:
        head = _read_head(self.folder, file)
        for site in self.found:
            if route := site.find_route(head):
                return site, route
        return None

    def describe(self) -> str:
        """Return one line on the sites; empty if there are none."""
        lines = dict.fromkeys(_describe_site(site) for site in self.found)
        return "; ".join(list(lines)[:_MAX_DESCRIBED])


def _find_anchors(site: Site, path: str) -> str:
    """Return the rule for the anchors of a page of a site."""
    rule = "myst" if site.anchors == "sphinx" and not path.endswith(".rst") else site.anchors
    return rule if rule in SLUGS else _DEFAULT_ANCHORS


def _describe_site(site: Site) -> str:
    if not site.maker:
        return f"{site.base}, of an unknown site maker"
    name = _NAMES[site.maker]
    address = site.base or "no address in its settings (set the option `site`)"
    return f"{name}, {address}, anchors as {name} makes them"


def find_sites(read: SourceFiles) -> Sites:
    """Find the sites that are made of the pages of a source."""
    if read.source.resolved_kind == "website":
        return Sites(read.source)
    files = [replace(file, path=read.folder + file.path) for file in read.files]
    tree = _build_tree([*read.above, *files])
    paths = sorted(tree.settings, key=lambda path: (-path.count("/"), path))
    sites = [site for path in paths if (site := _find_site(tree.settings[path], tree))]
    sites = _list_used(sites, tree) or _list_used(_find_book(files, tree), tree)
    address = read.source.site
    if address:
        sites = [replace(site, base=build_base(address)) for site in sites]
        sites = sites or [build_plain_site(address)]
    return Sites(read.source, tuple(sites), read.folder)


def _find_book(files: Iterable[RawFile], tree: SourceTree) -> list[Site]:
    """Return the book of GitBook whose summary lies in the source."""
    summaries = [file for file in files if file.path.rpartition("/")[2] == "SUMMARY.md"]
    first = min(summaries, key=lambda file: file.path.count("/"), default=None)
    if first is None or len(_SUMMARY_LINE.findall(first.data[:_HEAD_BYTES])) < 2:
        return []
    site = find_gitbook(SettingsFile(first.path, "", {}), tree)
    return [site] if site else []


def _build_tree(files: Iterable[RawFile]) -> SourceTree:
    settings, paths = dict[str, SettingsFile](), set[str]()
    for file in files:
        if not is_settings_file(file.path):
            paths.add(file.path)
        elif file.size <= MAX_SETTINGS_BYTES and len(settings) < MAX_SETTINGS_FILES:
            text = file.data.decode("utf-8-sig", errors="replace")
            settings[file.path] = SettingsFile(file.path, text, read_settings(file.path, text))
    return SourceTree(settings, frozenset(paths))


def _find_site(file: SettingsFile, tree: SourceTree) -> Site | None:
    makers = next((makers for pattern, makers in _MAKERS if pattern.search(file.path)), ())
    return next(filter(None, (maker(file, tree) for maker in makers)), None)


def _list_used(sites: list[Site], tree: SourceTree) -> list[Site]:
    """Return the sites that have pages; settings without pages say nothing."""
    return [site for site in sites if any(site.find_route(PageHead(p)) for p in tree.paths)]


def _read_head(folder: str, file: RawFile) -> PageHead:
    """Return what the address of a page depends on."""
    if not _WITH_FRONT_MATTER.search(file.path):
        return PageHead(folder + file.path)
    text = file.data[:_HEAD_BYTES].decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    front, body = split_front_matter(text)
    return PageHead(folder + file.path, front.values, body[:_MAX_BODY])
