"""Websites as sources: by sitemap, by llms.txt, or from a start page along its links."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
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
from ingest.sources.website.llms import PagePart
from ingest.sources.website.media_types import HTML, MARKDOWN, can_be_page
from ingest.sources.website.page_links import PageLinks, parse_links
from ingest.sources.website.page_lists import ListReader, find_list_folder, get_name, is_list
from ingest.sources.website.page_store import PageStore, StoredPage
from ingest.sources.website.paths import (
    build_page_path,
    extract_folder,
    extract_host,
    resolve_link,
    strip_tracking,
)
from ingest.sources.website.twins import TwinFinder
from ingest.spool import Keeper, keep_in_memory
from rag_core.english import format_count
from rag_core.types import hash_content

_MAX_ADDRESSES = 200_000  # that are remembered; each page may name thousands of others
_MAX_FAILED_IN_A_ROW = 5
"""Pages that fail one after the other before the site is taken to be down."""


def read_website(
    source: Source,
    downloads: Downloads,
    *,
    is_wanted: Callable[[str], bool],
    progress: DownloadCallback = ignore_download_progress,
    keep: Keeper = keep_in_memory,
) -> SourceFiles:
    """Read the wanted pages of a website.

    The body of a page that has not changed is not downloaded again.

    Args:
        source: the source, with its options.
        downloads: the folder of the cache, limits and network.
        is_wanted: returns whether a page is read, by its path in the source.
        progress: called after each page and while docent waits; an exception from it ends the
            crawl.
        keep: keeps what was read.

    Returns:
        the pages, ordered by path, and what was left out.

    Raises:
        SourceNotFoundError: the server has nothing at the address.
        SourceAccessError: the site wants a login.
        SourceFormatError: the address is not a sitemap, llms.txt or page.
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
            crawl = _Crawler(source, site, resolve_link(web.home, ""), keep)
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

    def __init__(self, source: Source, site: SiteFetcher, home: str, keep: Keeper) -> None:
        self._source = source
        self._site = site
        self._home = home
        self._hosts = {extract_host(home)}
        self._folder = "/"
        self._queue: deque[tuple[str, int]] = deque()
        self._queued: set[str] = set()
        self._store = PageStore(source, keep)
        self._twins = TwinFinder()
        self._known_twins: dict[str, str] = {}
        self._failures: list[str] = []
        self._on_other_hosts: set[str] = set()
        self._outside: set[str] = set()
        self._disallowed: set[str] = set()
        self._uncounted = 0
        self._failed_in_a_row = 0

    def run(self) -> None:
        """Fetch the pages of the site, up to `max_pages`."""
        self._check_allowed(self._home)
        if is_list(self._home):
            self._queue_from_lists()
        else:
            self._queue_from_start()
        while self._queue and len(self._store) < self._source.max_pages:
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
        """Return the pages by path."""
        return self._store.list_files(self._known_twins)

    def list_failures(self) -> list[str]:
        """Return a sentence for each page or group that was left out."""
        counted = (
            (len(self._on_other_hosts), "at other hosts"),
            (len(self._outside), f"outside of the folder {self._folder} (option `crawl`)"),
            (len(self._disallowed), "refused by robots.txt"),
            (self._store.count_copies(), "with the text of another page"),
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

    def _queue_from_lists(self) -> None:
        reader = ListReader(self._source, self._site, self._hosts, self._unify_address)
        found = reader.read(self._home)
        self._failures += found.failures
        if self._source.crawl != "host":
            self._folder = find_list_folder(self._home, found.addresses)
        self._enqueue(found.addresses, depth=0)
        addresses = [part.address for part in found.parts] + [each for each, _ in self._queue]
        if not get_name(self._home).endswith((".xml", ".xml.gz")):
            self._twins.probe(addresses, self._find_page)
        for part in found.parts:
            if len(self._store) >= self._source.max_pages:
                self._uncounted += 1
            elif self._is_selected(part.address):
                self._store_part(part)

    def _find_page(self, address: str) -> str:
        """Return the HTML page that an address leads to; empty for none."""
        try:
            if not self._site.is_allowed(address):
                return ""
            fetched = self._site.fetch_page(address, hosts=self._hosts)
        except SourceError:
            return ""
        return self._unify_address(fetched.address) if fetched.media_type == HTML else ""

    def _store_part(self, part: PagePart) -> None:
        data = part.text.encode(errors="replace")
        fetched = FetchedPage(part.address, f"{MARKDOWN}; charset=utf-8", data)
        twin = self._twins.find(part.address)
        self._store.add(StoredPage(part.address, part.address, twin, "", fetched))

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
        if self._source.crawl != "host":
            self._folder = self._find_start_folder(fetched)
        self._accept_page(fetched, self._source.depth, should_store=self._is_selected(self._home))

    def _find_start_folder(self, fetched: FetchedPage) -> str:
        """Return the folder that a crawl from a start page keeps to.

        The address `/docs` is a folder if it leads into `/docs/`, by itself or by its links;
        otherwise it is a page of the folder above.
        """
        html = fetched.data.decode(errors="replace") if fetched.media_type == HTML else ""
        links = parse_links(html, fetched.address).links if html else ()
        below = urlsplit(self._home).path.rstrip("/") + "/"
        leads = [fetched.address, *(link for link in links if extract_host(link) in self._hosts)]
        if any(urlsplit(link).path.startswith(below) for link in leads):
            return below
        return extract_folder(fetched.address)

    def _enqueue(self, addresses: Iterable[str], *, depth: int) -> None:
        for link in addresses:
            address = self._unify_address(link)
            if address in self._queued:
                continue
            if len(self._queued) >= _MAX_ADDRESSES:
                self._uncounted += 1
                continue
            self._queued.add(address)
            if extract_host(address) not in self._hosts:
                self._on_other_hosts.add(address)
            elif not self._is_selected(address):
                continue
            elif not self._is_inside(address):
                self._outside.add(address)
            else:
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
        elif not self._is_inside(fetched.address):
            self._outside.add(address)
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
            self._failures.append(f"{redact_uri(address)}: {str(error).rstrip('.')} ({outcome})")
            return cached
        except SourceNotFoundError:
            self._failures.append(f"{redact_uri(address)}: there is nothing (HTTP 404); left out")
            return None
        except SourceError as error:
            self._failures.append(f"{redact_uri(address)}: {str(error).rstrip('.')}; left out")
            return None
        self._failed_in_a_row = 0
        return fetched

    def _accept_page(self, fetched: FetchedPage, depth: int, *, should_store: bool = True) -> None:
        """Store a page under its canonical address, and follow its links."""
        address = self._unify_address(fetched.address)
        links = PageLinks()
        if fetched.media_type == HTML:
            links = parse_links(fetched.data.decode(errors="replace"), address)
        named = links.canonical or fetched.canonical
        canonical = self._unify_address(named) if named else address
        if extract_host(canonical) not in self._hosts:
            canonical = address
        if links.markdown:
            self._known_twins[self._unify_address(links.markdown)] = canonical
        if should_store:
            twin = "" if named else self._twins.find(address)
            self._store.add(StoredPage(address, canonical, twin, links.text_hash, fetched))
        if depth > 0:
            self._enqueue(filter(self._should_follow, links.links), depth=depth - 1)

    def _should_follow(self, address: str) -> bool:
        # Queries lead to calendars and searches, which have no end.
        parts = urlsplit(strip_tracking(address))
        return (
            not parts.query
            and can_be_page(address)
            and not is_list(address)
            and extract_host(address) in self._hosts
        )

    def _is_inside(self, address: str) -> bool:
        """Return whether a page is in the folder of the crawl."""
        return f"{urlsplit(address).path.rstrip('/')}/".startswith(self._folder)

    def _is_selected(self, address: str) -> bool:
        path = unquote(urlsplit(address).path).lstrip("/")
        # A pattern may be written for the address or for the path in the index.
        names = {path or "index.html", build_page_path(address, HTML)}
        include, exclude = self._source.include, self._source.exclude
        return any(is_selected(include, (), name) for name in names) and all(
            is_selected((), exclude, name) for name in names
        )

    def _unify_address(self, address: str) -> str:
        """Return the usual spelling of an address of this site.

        Old sitemaps still name `http`, and some links have parameters that count visitors.
        """
        home = urlsplit(self._home)
        same_host = extract_host(address) in self._hosts and not urlsplit(address).port
        address = strip_tracking(address)
        return urlsplit(address)._replace(scheme=home.scheme).geturl() if same_host else address
