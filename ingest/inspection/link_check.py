"""The check of a sample of addresses: the page must be there, and have the anchor."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

from ingest.documents import Page, PageError
from ingest.errors import SourceError, SourceNotFoundError, SourceRefusedError
from ingest.loading.chunker import Chunker, Tokenizer
from ingest.loading.loader import read_pages
from ingest.loading.reading import read_apart
from ingest.report import Progress, ProgressCallback, ignore_progress
from ingest.sources import DownloadProgress, Downloads, Source
from ingest.sources.http.cancellation import DownloadReporter
from ingest.sources.http.client import WebClient
from ingest.sources.website.cache import PageCache
from ingest.sources.website.fetcher import FetchedPage, SiteFetcher
from rag_core.english import format_count

SAMPLE = 50
"""Addresses that are checked by default."""

MOST_FAILURES = 3
"""Pages in a row that can't be fetched; after them, the site is asked for no more."""

_NO_HOME = "http://docs.invalid/"
_WEB = ("http://", "https://")
# A quoted value may have `>` in it, as classes of Tailwind do.
_TAG = re.compile(r"<[A-Za-z](?:[^<>\"']{1,5000}+|\"[^\"]{0,5000}+\"|'[^']{0,5000}+'){0,200}+>")
_NAME = re.compile(r"""\s(?:id|name)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LinkCheck:
    """The result of a check of links.

    Attributes:
        sampled: addresses that were chosen.
        addresses: addresses of these that were checked, with or without an anchor.
        pages: pages that the sites were asked for.
        dead: a readable line for each dead page or anchor.
        unchecked: a readable line for what could not be checked.
    """

    sampled: int = 0
    addresses: int = 0
    pages: int = 0
    dead: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def has_failed(self) -> bool:
        """True if an address is dead, or none of those that were chosen could be checked."""
        return bool(self.dead) or bool(self.sampled and not self.addresses)

    def as_json(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {**asdict(self), "dead": list(self.dead), "unchecked": list(self.unchecked)}


def check_links(
    sources: Sequence[Source],
    downloads: Downloads,
    tokenizer: Tokenizer,
    *,
    sample: int = SAMPLE,
    progress: ProgressCallback = ignore_progress,
) -> LinkCheck:
    """Ask the sites of some sources for a sample of addresses.

    Each page is asked for once, at the rate of its source and as far as robots.txt allows.

    Args:
        sources: the sources.
        downloads: snapshots of remote sources, with limits and network.
        tokenizer: counts tokens as the embedder does.
        sample: most addresses; the same ones each time, as long as the pages stay.
        progress: gets the progress of reading and asking.

    Returns:
        What is dead, and what was not checked.

    Raises:
        SourceError: no source could be read.
    """
    loaded, failures = read_pages(sources, downloads, progress=progress)
    pages = [page for source_pages in loaded for page in source_pages.pages]
    reachable = [page for page in pages if page.url.startswith(_WEB)]
    chosen = sorted(reachable, key=lambda page: _hash(page.url))[:sample]
    addresses = _list_addresses(chosen, Chunker(tokenizer))
    by_source: dict[str, list[str]] = defaultdict(list)
    for address, source_name in sorted(addresses.items(), key=lambda pair: _hash(pair[0]))[:sample]:
        by_source[source_name].append(address)
    site_checks = [
        _SiteCheck(source, downloads, progress).check(by_source[source.name])
        for source in sources
        if by_source.get(source.name)
    ]
    without = [page for page in pages if not page.url.startswith(_WEB)]
    return LinkCheck(
        sum(map(len, by_source.values())),
        sum(check.addresses for check in site_checks),
        sum(check.pages for check in site_checks),
        tuple(line for check in site_checks for line in check.dead),
        (
            *_describe_local(without),
            *(line for c in site_checks for line in c.unchecked),
            *failures,
        ),
    )


def _hash(address: str) -> bytes:
    return hashlib.sha256(address.encode()).digest()


def _describe_local(pages: Sequence[Page]) -> Iterator[str]:
    for name in sorted({page.source for page in pages}):
        count = sum(page.source == name for page in pages)
        yield f"{name}: {format_count(count, 'page')} without a web address"


def _list_addresses(pages: Sequence[Page], chunker: Chunker) -> Mapping[str, str]:
    """Return the addresses of pages and their sections, each with its source."""
    addresses: dict[str, str] = {}
    with closing(read_apart(pages, chunker, lambda: None)) as outcomes:
        for page, outcome in zip(pages, outcomes, strict=True):
            urls = [] if isinstance(outcome, PageError) else [chunk.url for chunk in outcome]
            with_anchor = [url for url in urls if "#" in url]
            addresses |= dict.fromkeys(with_anchor or [page.url], page.source)
    return addresses


class _SiteCheck:
    """The check of one source's addresses."""

    def __init__(self, source: Source, downloads: Downloads, progress: ProgressCallback) -> None:
        self._source = source
        self._downloads = downloads
        self._progress = progress
        self._dead: list[str] = []
        self._unchecked: list[str] = []

    def check(self, addresses: Sequence[str]) -> LinkCheck:
        anchors: dict[str, list[str]] = defaultdict(list)
        for address in addresses:
            page, anchor = urldefrag(address)
            anchors[page].append(anchor)
        site = _as_site(self._source, next(iter(anchors)))
        reporter = DownloadReporter(site.name, self._report)
        self._total = len(anchors)
        checked = pages = failed = 0
        with (
            tempfile.TemporaryDirectory() as folder,
            WebClient(site, self._downloads.network, check_cancelled=reporter.repeat_last) as web,
        ):
            cache = PageCache(Path(folder))
            fetcher = SiteFetcher(site, self._downloads, web, cache, reporter)
            for number, (page, names) in enumerate(anchors.items()):
                try:
                    has_answer = self._check_page(fetcher, page, names)
                except SourceError as error:
                    failed = MOST_FAILURES if isinstance(error, SourceRefusedError) else failed + 1
                    self._unchecked.append(f"{self._source.name}: {error}")
                    if failed >= MOST_FAILURES:
                        self._describe_rest(len(anchors) - number - 1)
                        break
                    continue
                failed = 0
                pages += has_answer
                checked += len(names) if has_answer else 0
        return LinkCheck(len(addresses), checked, pages, tuple(self._dead), tuple(self._unchecked))

    def _check_page(self, fetcher: SiteFetcher, page: str, anchors: Sequence[str]) -> bool:
        """Check a page with its anchors; return False if robots.txt forbids it."""
        if not fetcher.is_allowed(page):
            self._unchecked.append(f"{self._source.name}: robots.txt does not allow {page}")
            return False
        try:
            fetched = fetcher.fetch_page(page)
        except SourceNotFoundError:
            self._dead.append(f"{self._source.name}: {page} is dead")
            return True
        if "html" in fetched.content_type.lower():
            ids = _find_ids(fetched)
            self._dead += (
                f"{self._source.name}: {page} has no anchor #{anchor}"
                for anchor in anchors
                if anchor and not {anchor, unquote(anchor), f"user-content-{anchor}"} & ids
            )
        return True

    def _describe_rest(self, count: int) -> None:
        if count:
            rest = format_count(count, "further page was", "further pages were")
            self._unchecked.append(f"{self._source.name}: {rest} not asked for")

    def _report(self, state: DownloadProgress) -> None:
        self._progress(Progress("reading", state.pages, self._total))


def _as_site(source: Source, address: str) -> Source:
    """Return the source as a website with the addresses of its pages.

    Its own host is one that a person wrote into the settings. Another one, which only a file of the
    source names, must not be in a private network.
    """
    uri = source.uri.removeprefix("git+")
    written = next(
        (text for text in (source.url, source.site, uri) if text.startswith(_WEB)), _NO_HOME
    )
    is_same = urlsplit(uri).netloc.rpartition("@")[2] == urlsplit(address).netloc
    home = uri if is_same and uri.startswith(_WEB) else _strip_path(written)
    return replace(source, uri=home, token_env=source.token_env if home == uri else "")


def _strip_path(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"


def _find_ids(page: FetchedPage) -> set[str]:
    text = page.data.decode(errors="replace")
    attributes: Iterable[re.Match[str]] = (
        name for tag in _TAG.finditer(text) for name in _NAME.finditer(tag[0])
    )
    return {unescape(match[1] or match[2] or match[3] or "") for match in attributes}
