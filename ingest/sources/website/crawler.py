"""A website as a source: by its sitemap, its llms.txt, or from a start page along its links."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from ingest.errors import (
    DownloadError,
    SourceEmptyError,
    SourceError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
)
from ingest.sources.address.patterns import selects
from ingest.sources.address.uri import shown_uri
from ingest.sources.http.cancellation import Told
from ingest.sources.http.client import WebClient, in_a_sentence
from ingest.sources.http.download import Downloads
from ingest.sources.source import RawFile, ReceivedCallback, Source, SourceFiles, unwatched
from ingest.sources.website.cache import PageCache
from ingest.sources.website.fetcher import FetchedPage, Site
from ingest.sources.website.paths import HTML, absolute, host_of, may_be_page, page_path
from ingest.sources.website.sitemaps import (
    MAX_SITEMAP_BYTES,
    PageLinks,
    read_links,
    read_llms,
    read_sitemap,
)
from rag_core.english import format_count
from rag_core.types import content_hash

_MAX_SITEMAPS = 500
_MAX_IN_A_ROW = 5
"""Pages that fail one after the other, before the site is taken to be down."""


def read_website(
    source: Source,
    downloads: Downloads,
    *,
    wanted: Callable[[str], bool],
    progress: ReceivedCallback = unwatched,
) -> SourceFiles:
    """Read the pages of a website; of those that have not changed, no body is downloaded.

    Raises:
        SourceNotFoundError: there is nothing at the address.
        SourceAccessError: it wants a login.
        SourceFormatError: it is no sitemap, llms.txt or page.
        SourceRefusedError: robots.txt does not allow it, or it is too large.
        SourceEmptyError: there are no pages.
        DownloadError: the server can't be reached or takes too long.
    """
    # By name, too: one site may be there twice, with other pages.
    key = content_hash(source.uri, source.name)[:16]
    cache = PageCache(downloads.folder / f"{key}.site")
    told = Told(source.name, progress)
    try:
        with (
            in_a_sentence(source.shown_uri),
            WebClient(source, downloads.network, look=told.again) as web,
        ):
            site = Site(source, downloads, web, cache, told)
            crawl = _Crawl(source, site, absolute(web.home, ""))
            try:
                crawl.run()
                cache.keep_only(site.used)
            finally:
                cache.save()  # also where it broke off: the next sync goes on from there
    except OSError as error:
        raise DownloadError(
            f"{source.shown_uri} can't be stored in {downloads.folder}: {error.strerror or error}."
        ) from error
    files = tuple(file for file in crawl.files() if wanted(file.path))
    if not files:
        raise SourceEmptyError(f"There are no documents in {source.shown_uri}.")
    return SourceFiles(source, files, tuple(crawl.failures()))


class _Crawl:
    """Goes through the addresses of one site, each once."""

    def __init__(self, source: Source, site: Site, home: str) -> None:
        self._source = source
        self._site = site
        self._home = home
        self._hosts = {host_of(home)}
        self._queue: deque[tuple[str, int]] = deque()
        self._queued: set[str] = set()
        self._pages: dict[str, RawFile] = {}
        self._own: set[str] = set()
        self._bodies: set[str] = set()
        self._failures: list[str] = []
        self._elsewhere: set[str] = set()
        self._disallowed: set[str] = set()
        self._copies = 0
        self._in_a_row = 0

    def run(self) -> None:
        """Fetch all pages that are to be had."""
        self._check_allowed(self._home)
        name = PurePosixPath(urlsplit(self._home).path).name.lower()
        if name.endswith((".xml", ".xml.gz")):
            self._from_sitemap()
        elif name == "llms.txt":
            self._from_llms()
        else:
            self._from_start()
        while self._queue and len(self._pages) < self._source.max_pages:
            self._site.check()  # what is wrong with one page is a line, this is not
            self._visit(*self._queue.popleft())
        self._site.check()

    def _check_allowed(self, address: str) -> None:
        if not self._site.allows(address):
            raise SourceRefusedError(
                f"The robots.txt of {host_of(address)} does not let docent read "
                f"{self._source.shown_uri}."
            )

    def files(self) -> list[RawFile]:
        """The pages by path; of two with one path the first."""
        by_path: dict[str, RawFile] = {}
        for file in self._pages.values():
            by_path.setdefault(file.path, file)
        return [by_path[path] for path in sorted(by_path)]

    def failures(self) -> list[str]:
        """Return readable lines about what was left out."""
        counted = (
            (len(self._elsewhere), "at other hosts"),
            (len(self._disallowed), "refused by robots.txt"),
            (self._copies, "with the text of another page"),
            (len(self._queue), "beyond `max_pages`"),
        )
        name = self._source.name
        notes = [
            f"{name}: {format_count(count, 'address', 'addresses')} {what}; left out"
            for count, what in counted
            if count
        ]
        return self._failures + notes

    # Where the addresses come from

    def _from_sitemap(self) -> None:
        waiting, known = deque([self._home]), {self._home}
        while waiting:
            place = waiting.popleft()
            fetched = self._list(place)
            try:
                sitemap = read_sitemap(fetched.data, fetched.address)
            except ValueError as error:
                raise SourceFormatError(f"{shown_uri(place)} is not a sitemap: {error}.") from error
            self._add(sitemap.pages, depth=0)
            for further in map(self._same_scheme, sitemap.sitemaps):
                if host_of(further) in self._hosts and further not in known:
                    waiting.append(further)
                    known.add(further)
            if len(known) > _MAX_SITEMAPS:
                raise SourceRefusedError(
                    f"{self._source.shown_uri} names more than {_MAX_SITEMAPS} sitemaps."
                )

    def _from_llms(self) -> None:
        fetched = self._list(self._home)
        if fetched.media_type == HTML:
            raise SourceFormatError(f"{self._source.shown_uri} is a web page and not an llms.txt.")
        self._add(read_llms(fetched.data.decode(errors="replace"), fetched.address), depth=0)

    def _from_start(self) -> None:
        fetched = self._site.page(self._home)
        self._check_allowed(fetched.address)
        self._queued |= {self._home, fetched.address}
        self._hosts.add(host_of(fetched.address))  # `example.com` may live at `www.example.com`
        if not fetched.media_type:
            raise SourceFormatError(
                f"{self._source.shown_uri} is no page of HTML, Markdown or text; an archive needs "
                "the option `kind`."
            )
        self._take(fetched, self._source.depth, wanted=self._is_selected(self._home))

    def _list(self, place: str) -> FetchedPage:
        fetched = self._site.list_(place, limit=MAX_SITEMAP_BYTES)
        self._check_allowed(fetched.address)
        self._hosts.add(host_of(fetched.address))
        return fetched

    def _add(self, addresses: Iterable[str], *, depth: int) -> None:
        for given in addresses:
            address = self._same_scheme(given)
            if address in self._queued:
                continue
            self._queued.add(address)
            if host_of(address) not in self._hosts:
                self._elsewhere.add(address)
            elif self._is_selected(address):
                self._queue.append((address, depth))

    # One page

    def _visit(self, address: str, depth: int) -> None:
        if not self._site.allows(address):
            self._disallowed.add(address)
            return
        fetched = self._fetch(address)
        if fetched is None:
            return
        if host_of(fetched.address) not in self._hosts:
            self._elsewhere.add(address)
        elif not self._site.allows(fetched.address):
            self._disallowed.add(address)
        elif fetched.media_type:
            self._take(fetched, depth)

    def _fetch(self, address: str) -> FetchedPage | None:
        try:
            fetched = self._site.page(address, hosts=self._hosts)
        except DownloadError as error:
            self._in_a_row += 1
            if self._in_a_row >= _MAX_IN_A_ROW:
                raise
            before = self._site.before(address)
            kept = "kept as it was" if before else "left out"
            self._failures.append(f"{shown_uri(address)}: {error} ({kept})")
            return before
        except SourceNotFoundError:
            self._failures.append(f"{shown_uri(address)}: there is nothing (HTTP 404); left out")
            return None
        except SourceError as error:
            self._failures.append(f"{shown_uri(address)}: {error}; left out")
            return None
        self._in_a_row = 0
        return fetched

    def _take(self, fetched: FetchedPage, depth: int, *, wanted: bool = True) -> None:
        """Note a page under its canonical address, unless it is there, and follow its links."""
        address = self._same_scheme(fetched.address)
        links = PageLinks("", ())
        if fetched.media_type == HTML:
            links = read_links(fetched.data.decode(errors="replace"), address)
        canonical = self._same_scheme(links.canonical) if links.canonical else address
        key = canonical if host_of(canonical) in self._hosts else address
        if wanted:
            self._note(key, fetched, own=key == address)
        if depth > 0:
            self._add(filter(self._may_follow, links.links), depth=depth - 1)

    def _note(self, key: str, fetched: FetchedPage, *, own: bool) -> None:
        body = hashlib.sha256(fetched.data).hexdigest()
        if body in self._bodies or key in self._own or (key in self._pages and not own):
            self._copies += 1
            return
        self._bodies.add(body)
        if own:
            self._own.add(key)
        path = page_path(key, fetched.media_type)
        url = self._source.page_url(path, key)
        self._pages[key] = RawFile(path, url, fetched.data, fetched.content_type)

    def _may_follow(self, address: str) -> bool:
        # A query leads to calendars and searches, which have no end.
        parts = urlsplit(address)
        return not parts.query and may_be_page(address) and host_of(address) in self._hosts

    def _is_selected(self, address: str) -> bool:
        path = unquote(urlsplit(address).path).lstrip("/")
        names = {path or "index.html", page_path(address, HTML)}
        include, exclude = self._source.include, self._source.exclude
        return any(selects(include, (), name) for name in names) and all(
            selects((), exclude, name) for name in names
        )

    def _same_scheme(self, address: str) -> str:
        """An address of this site with the scheme of its home: old sitemaps still say `http`."""
        home = urlsplit(self._home)
        same_host = host_of(address) in self._hosts and not urlsplit(address).port
        return urlsplit(address)._replace(scheme=home.scheme).geturl() if same_host else address
