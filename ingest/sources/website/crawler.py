"""Websites as sources: by sitemap, by llms.txt, or from a start page along its links."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from ingest.errors import (
    DownloadError,
    SourceError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
)
from ingest.sources.address.patterns import is_selected
from ingest.sources.address.uri import redact_uri
from ingest.sources.http.cancellation import DownloadReporter
from ingest.sources.http.client import WebClient, translate_http_errors
from ingest.sources.http.download import Downloads
from ingest.sources.source import (
    DownloadCallback,
    RawFile,
    Source,
    SourceFiles,
    build_empty_error,
    ignore_download_progress,
)
from ingest.sources.website.cache import PageCache
from ingest.sources.website.fetcher import FetchedPage, SiteFetcher
from ingest.sources.website.paths import (
    HTML,
    build_page_path,
    can_be_page,
    extract_host,
    resolve_link,
)
from ingest.sources.website.sitemaps import (
    MAX_SITEMAP_BYTES,
    PageLinks,
    parse_links,
    parse_llms,
    parse_sitemap,
)
from rag_core.english import format_count
from rag_core.types import hash_content

_MAX_SITEMAPS = 500
_MAX_ADDRESSES = 200_000  # that are remembered; each page may name thousands of others
_MAX_FAILED_IN_A_ROW = 5
"""Pages that fail one after the other before the site is taken to be down."""


def read_website(
    source: Source,
    downloads: Downloads,
    *,
    is_wanted: Callable[[str], bool],
    progress: DownloadCallback = ignore_download_progress,
) -> SourceFiles:
    """Read the wanted pages of a website.

    The body of a page that has not changed is not downloaded again.

    Args:
        source: the source, with its options.
        downloads: the folder of the cache, limits and network.
        is_wanted: returns whether a page is read, by its path in the source.
        progress: called after each page and while docent waits; an exception from it ends the
            crawl.

    Returns:
        the pages, ordered by path, and what was left out.

    Raises:
        SourceNotFoundError: the server has nothing at the address.
        SourceAccessError: the site wants a login.
        SourceFormatError: the address is no sitemap, llms.txt or page.
        SourceRefusedError: robots.txt refuses the address, or the site is too large.
        SourceEmptyError: there are no pages.
        DownloadError: the server can't be reached or takes too long.
    """
    # With the name: one site may be two sources, with other pages.
    key = hash_content(source.uri, source.name)[:16]
    cache = PageCache(downloads.folder / f"{key}.site")
    reporter = DownloadReporter(source.name, progress)
    try:
        with (
            translate_http_errors(source.redacted_uri),
            WebClient(source, downloads.network, check_cancelled=reporter.repeat_last) as web,
        ):
            site = SiteFetcher(source, downloads, web, cache, reporter)
            crawl = _Crawler(source, site, resolve_link(web.home, ""))
            try:
                crawl.run()
                cache.keep_only(site.used)
            finally:
                if not site.is_offline:
                    cache.save()  # also after a failure: the next sync goes on from there
    except OSError as error:
        raise DownloadError(
            f"{source.redacted_uri} can't be stored in {downloads.folder}: "
            f"{error.strerror or error}."
        ) from error
    files = tuple(file for file in crawl.list_files() if is_wanted(file.path))
    failures = crawl.list_failures()
    if not files:
        raise build_empty_error(source, failures)
    return SourceFiles(source, files, tuple(failures))


class _Crawler:
    """Goes through the addresses of one site, each of them once."""

    def __init__(self, source: Source, site: SiteFetcher, home: str) -> None:
        self._source = source
        self._site = site
        self._home = home
        self._hosts = {extract_host(home)}
        self._queue: deque[tuple[str, int]] = deque()
        self._queued: set[str] = set()
        self._pages: dict[str, RawFile] = {}
        self._canonical: set[str] = set()
        self._bodies: set[str] = set()
        self._failures: list[str] = []
        self._on_other_hosts: set[str] = set()
        self._disallowed: set[str] = set()
        self._copies = 0
        self._uncounted = 0
        self._failed_in_a_row = 0

    def run(self) -> None:
        """Fetch the pages of the site, up to `max_pages`."""
        self._check_allowed(self._home)
        name = PurePosixPath(urlsplit(self._home).path).name.lower()
        if name.endswith((".xml", ".xml.gz")):
            self._queue_from_sitemap()
        elif name == "llms.txt":
            self._queue_from_llms()
        else:
            self._queue_from_start()
        while self._queue and len(self._pages) < self._source.max_pages:
            # Checked here: in `_visit`, the error would count as the failure of one page.
            self._site.check_limits()
            self._visit(*self._queue.popleft())
        self._site.check_limits()

    def _check_allowed(self, address: str) -> None:
        if not self._site.is_allowed(address):
            raise SourceRefusedError(
                f"The robots.txt of {extract_host(address)} does not let docent read "
                f"{self._source.redacted_uri}."
            )

    def list_files(self) -> list[RawFile]:
        """Return the pages by path; of two with one path, the first."""
        by_path: dict[str, RawFile] = {}
        for file in self._pages.values():
            by_path.setdefault(file.path, file)
        return [by_path[path] for path in sorted(by_path)]

    def list_failures(self) -> list[str]:
        """Return a sentence for each page or group that was left out."""
        counted = (
            (len(self._on_other_hosts), "at other hosts"),
            (len(self._disallowed), "refused by robots.txt"),
            (self._copies, "with the text of another page"),
            (len(self._queue) + self._uncounted, "beyond `max_pages`"),
        )
        name = self._source.name
        notes = [
            f"{name}: {format_count(count, 'address', 'addresses')} {reason}; left out"
            for count, reason in counted
            if count
        ]
        return self._failures + notes

    # Addresses

    def _queue_from_sitemap(self) -> None:
        waiting, seen = deque([self._home]), {self._home}
        while waiting:
            address = waiting.popleft()
            fetched = self._fetch_list(address)
            try:
                sitemap = parse_sitemap(fetched.data, fetched.address)
            except ValueError as error:
                raise SourceFormatError(
                    f"{redact_uri(address)} is not a sitemap: {error}."
                ) from error
            self._enqueue(sitemap.pages, depth=0)
            for further in map(self._unify_scheme, sitemap.sitemaps):
                if extract_host(further) in self._hosts and further not in seen:
                    waiting.append(further)
                    seen.add(further)
            if len(seen) > _MAX_SITEMAPS:
                raise SourceRefusedError(
                    f"{self._source.redacted_uri} names more than {_MAX_SITEMAPS} sitemaps."
                )

    def _queue_from_llms(self) -> None:
        fetched = self._fetch_list(self._home)
        if fetched.media_type == HTML:
            raise SourceFormatError(
                f"{self._source.redacted_uri} is a web page and not an llms.txt."
            )
        text = fetched.data.decode("utf-8-sig", errors="replace")
        self._enqueue(parse_llms(text, fetched.address), depth=0)

    def _queue_from_start(self) -> None:
        fetched = self._site.fetch_page(self._home)
        self._check_allowed(fetched.address)
        self._queued |= {self._home, fetched.address}
        # `example.com` may redirect to `www.example.com`: both are the site then.
        self._hosts.add(extract_host(fetched.address))
        if not fetched.media_type:
            raise SourceFormatError(
                f"{self._source.redacted_uri} is not an HTML, Markdown or text page; an archive "
                "needs the option `kind`."
            )
        self._accept_page(fetched, self._source.depth, should_store=self._is_selected(self._home))

    def _fetch_list(self, address: str) -> FetchedPage:
        fetched = self._site.fetch_list(address, limit=MAX_SITEMAP_BYTES)
        self._check_allowed(fetched.address)
        self._hosts.add(extract_host(fetched.address))
        return fetched

    def _enqueue(self, addresses: Iterable[str], *, depth: int) -> None:
        for link in addresses:
            address = self._unify_scheme(link)
            if address in self._queued:
                continue
            if len(self._queued) >= _MAX_ADDRESSES:
                self._uncounted += 1
                continue
            self._queued.add(address)
            if extract_host(address) not in self._hosts:
                self._on_other_hosts.add(address)
            elif self._is_selected(address):
                self._queue.append((address, depth))

    # Pages

    def _visit(self, address: str, depth: int) -> None:
        if not self._site.is_allowed(address):
            self._disallowed.add(address)
            return
        fetched = self._fetch(address)
        if fetched is None:
            return
        if extract_host(fetched.address) not in self._hosts:
            self._on_other_hosts.add(address)
        elif not self._site.is_allowed(fetched.address):
            self._disallowed.add(address)
        elif fetched.media_type:
            self._accept_page(fetched, depth)

    def _fetch(self, address: str) -> FetchedPage | None:
        try:
            fetched = self._site.fetch_page(address, hosts=self._hosts)
        except DownloadError as error:
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= _MAX_FAILED_IN_A_ROW:
                raise
            cached = self._site.read_cached(address)
            outcome = "kept as it was" if cached else "left out"
            self._failures.append(f"{redact_uri(address)}: {error} ({outcome})")
            return cached
        except SourceNotFoundError:
            self._failures.append(f"{redact_uri(address)}: there is nothing (HTTP 404); left out")
            return None
        except SourceError as error:
            self._failures.append(f"{redact_uri(address)}: {error}; left out")
            return None
        self._failed_in_a_row = 0
        return fetched

    def _accept_page(self, fetched: FetchedPage, depth: int, *, should_store: bool = True) -> None:
        """Store a page under its canonical address, and follow its links.

        A page that is there already is not stored again.
        """
        address = self._unify_scheme(fetched.address)
        links = PageLinks("", ())
        if fetched.media_type == HTML:
            links = parse_links(fetched.data.decode(errors="replace"), address)
        canonical = self._unify_scheme(links.canonical) if links.canonical else address
        key = canonical if extract_host(canonical) in self._hosts else address
        if should_store:
            self._store_page(key, fetched, is_canonical=key == address)
        if depth > 0:
            self._enqueue(filter(self._should_follow, links.links), depth=depth - 1)

    def _store_page(self, key: str, fetched: FetchedPage, *, is_canonical: bool) -> None:
        # One text under two addresses is one page; a page at its own canonical address replaces
        # the copy that came first.
        body = hashlib.sha256(fetched.data).hexdigest()
        if (
            body in self._bodies
            or key in self._canonical
            or (key in self._pages and not is_canonical)
        ):
            self._copies += 1
            return
        self._bodies.add(body)
        if is_canonical:
            self._canonical.add(key)
        path = build_page_path(key, fetched.media_type)
        url = self._source.build_page_url(path, key)
        self._pages[key] = RawFile(path, url, fetched.data, fetched.content_type)

    def _should_follow(self, address: str) -> bool:
        # Queries lead to calendars and searches, which have no end.
        parts = urlsplit(address)
        return not parts.query and can_be_page(address) and extract_host(address) in self._hosts

    def _is_selected(self, address: str) -> bool:
        path = unquote(urlsplit(address).path).lstrip("/")
        # A pattern may be written for the address or for the path in the index.
        names = {path or "index.html", build_page_path(address, HTML)}
        include, exclude = self._source.include, self._source.exclude
        return any(is_selected(include, (), name) for name in names) and all(
            is_selected((), exclude, name) for name in names
        )

    def _unify_scheme(self, address: str) -> str:
        """Return an address of this site with the scheme of its home.

        Old sitemaps still name `http`.
        """
        home = urlsplit(self._home)
        same_host = extract_host(address) in self._hosts and not urlsplit(address).port
        return urlsplit(address)._replace(scheme=home.scheme).geturl() if same_host else address
