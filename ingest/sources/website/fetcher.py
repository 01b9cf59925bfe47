"""Pages of one website, fetched slowly, as robots.txt allows, and only if they changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

import httpx2
from protego import Protego

from ingest.errors import SourceNotFoundError, SourceRefusedError
from ingest.sources.address.uri import redact_uri
from ingest.sources.http.body import iterate_body
from ingest.sources.http.cancellation import CancelCheck, DownloadReporter
from ingest.sources.http.client import (
    USER_AGENT,
    Deadline,
    Limits,
    Network,
    WebClient,
    check_status,
    translate_http_errors,
)
from ingest.sources.http.download import Downloads
from ingest.sources.source import DownloadProgress, Source
from ingest.sources.website.cache import CachedPage, PageCache
from ingest.sources.website.media_types import SNIFFED_BYTES, detect_media_type, should_download
from ingest.sources.website.paths import extract_host, resolve_link
from ingest.sources.website.robots import parse_robots

MAX_PAGE_BYTES = 16 * 2**20
MAX_LINK_HEADER = 20_000
"""Characters of the header `Link` that are read."""

MAX_CRAWL_DELAY = 30.0
"""Seconds; at the delay that some robots.txt ask for, 100 pages would take an hour."""

_MAX_ROBOTS_BYTES = 512 * 2**10
_CANONICAL = re.compile(
    r"<([^<>]{1,2000}+)>[^,<>]{0,200}?;\s*rel\s*=\s*\"?canonical\b", re.IGNORECASE
)
_ACCEPT = "text/html, text/markdown, text/plain;q=0.9, */*;q=0.1"

_Acceptance = Callable[[str, str, bytes], bool]
"""Returns whether a page is read, by its Content-Type, address and the beginning of its body."""


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page as it was fetched.

    Attributes:
        address: address of the page, after redirects.
        content_type: Content-Type of the response, with its encoding.
        data: bytes of the body; empty if docent does not read its type.
        canonical: address that the server names as the page's own; empty for none.
    """

    address: str
    content_type: str
    data: bytes
    canonical: str = ""

    @property
    def media_type(self) -> str:
        """The media type, if docent reads it; else empty."""
        return detect_media_type(self.content_type, self.address, self.data)


class SiteFetcher:
    """Fetches pages of one website.

    Args:
        source: the website.
        downloads: limits and network.
        web: the open client.
        cache: pages of earlier syncs.
        reporter: called after each page, and again during each wait.

    Attributes:
        is_offline: True if only the cache is read.
        used: addresses that were fetched, or read from the cache because they could not be.
    """

    def __init__(
        self,
        source: Source,
        downloads: Downloads,
        web: WebClient,
        cache: PageCache,
        reporter: DownloadReporter,
    ) -> None:
        self._source = source
        self._web = web
        self._cache = cache
        self._reporter = reporter
        self._limits: Limits = downloads.limits
        self._network: Network = downloads.network
        self._deadline = Deadline(source, self._limits.seconds, self._network.clock)
        self._throttle = RequestThrottle(1 / source.rate, self._network, reporter.repeat_last)
        self._rules: dict[str, Protego] = {}
        self.is_offline = downloads.prefers_stored and not cache.is_empty
        self.used: set[str] = set()
        self._received = 0
        self._pages = 0

    def check_limits(self) -> None:
        """Check that the site is within its limits.

        Raises:
            SourceRefusedError: the site is too large.
            DownloadError: the site takes too long.
        """
        self._deadline.check()
        if self._received > self._limits.bytes:
            raise SourceRefusedError(
                f"{self._source.redacted_uri} is over {self._limits.bytes / 2**20:,.0f} MiB: raise "
                "DOCENT_DOWNLOAD_MAX_MB if this size is expected."
            )

    def is_allowed(self, address: str) -> bool:
        """Return whether robots.txt lets docent read the address.

        Raises:
            DownloadError: robots.txt can't be read, so nothing may be read.
            SourceRefusedError: robots.txt has too many patterns.
        """
        host = extract_host(address)
        if host not in self._rules:
            self._rules[host] = parse_robots(self._fetch_robots(address), host)
            delay = self._rules[host].crawl_delay(USER_AGENT)
            self._throttle.slow_down(min(float(delay or 0), MAX_CRAWL_DELAY))
        return bool(self._rules[host].can_fetch(address, USER_AGENT))

    def fetch_page(self, address: str, *, hosts: Collection[str] | None = None) -> FetchedPage:
        """Fetch a page, if it has changed.

        The body is left on the server if docent does not read its type. A redirect away from
        `hosts`, or to an address that robots.txt refuses, is not followed: the page is empty then,
        and its address is the target of the redirect.

        Raises:
            SourceError: the page can't be fetched.
        """

        def should_follow(hop: str) -> bool:
            return (hosts is None or extract_host(hop) in hosts) and self.is_allowed(hop)

        page = self._fetch(
            address,
            limit=MAX_PAGE_BYTES,
            accepts=should_download,
            should_follow=should_follow,
        )
        self._pages += 1
        self._reporter(DownloadProgress(self._source.name, self._received, pages=self._pages))
        return page

    def fetch_list(self, address: str, *, limit: int) -> FetchedPage:
        """Fetch a list of pages of any media type.

        Raises:
            SourceError: the list can't be fetched.
        """
        return self._fetch(address, limit=limit, accepts=_accept_any, should_follow=self.is_allowed)

    def read_cached(self, address: str) -> FetchedPage | None:
        """Return the page of an earlier sync; None if there is none."""
        cached = self._cache.get(address)
        if cached is None:
            return None
        self.used.add(address)
        return _build_fetched_page(cached, self._cache.read_body(cached))

    def _fetch_robots(self, address: str) -> str:
        robots = resolve_link(address, "/robots.txt")
        try:
            page = self._fetch(
                robots,
                limit=_MAX_ROBOTS_BYTES,
                accepts=_accept_any,
                should_follow=_accept_any,
                cut=True,
            )
        except SourceNotFoundError:
            return ""
        data = page.data
        if len(data) >= _MAX_ROBOTS_BYTES:
            data = data[: data.rfind(b"\n") + 1]  # half a rule is another rule
        return data.decode("utf-8-sig", errors="replace")

    def _fetch(
        self,
        address: str,
        *,
        limit: int,
        accepts: _Acceptance,
        should_follow: Callable[..., bool],
        cut: bool = False,
    ) -> FetchedPage:
        with translate_http_errors(redact_uri(address)):
            fetched: FetchedPage = self._network.build_retrying(self._reporter.repeat_last)(
                self._fetch_once,
                address,
                limit=limit,
                accepts=accepts,
                should_follow=should_follow,
                cut=cut,
            )
        self.used.add(address)
        return fetched

    def _fetch_once(
        self,
        address: str,
        *,
        limit: int,
        accepts: _Acceptance,
        should_follow: Callable[..., bool],
        cut: bool = False,
    ) -> FetchedPage:
        if self.is_offline:
            if stored := self.read_cached(address):
                return stored
            status = httpx2.codes.NOT_FOUND.value
            raise SourceNotFoundError(f"There is nothing at {redact_uri(address)} (HTTP {status}).")
        self.check_limits()
        self._throttle.wait()
        cached = self._cache.get(address)
        headers = {"Accept": _ACCEPT, **(cached.headers if cached else {})}
        with self._web.get(address, headers, should_follow=should_follow) as response:
            if response.next_request is not None:
                return FetchedPage(resolve_link(str(response.next_request.url), ""), "", b"")
            if response.status_code == httpx2.codes.NOT_MODIFIED and cached:
                return _build_fetched_page(cached, self._cache.read_body(cached))
            _check_response(response, address)
            page = _build_cached_page(response)
            if not accepts(page.content_type, page.address, b""):
                return FetchedPage(page.address, page.content_type, b"")

            def should_go_on(beginning: bytes) -> bool:
                return accepts(page.content_type, page.address, beginning)

            data = self._read_body(response, limit, should_go_on, cut=cut)
            if data is None:
                return FetchedPage(page.address, page.content_type, b"")
        self._cache.put(address, page, data)
        return _build_fetched_page(page, data)

    def _read_body(
        self,
        response: httpx2.Response,
        limit: int,
        should_go_on: Callable[[bytes], bool],
        *,
        cut: bool,
    ) -> bytes | None:
        """Return the body; None if it is not to be read.

        With `cut`, only the beginning of a body over its limit counts.
        """
        data, is_known = bytearray(), False
        for block in iterate_body(response):
            data += block
            self._received += len(block)
            if not is_known and len(data) >= SNIFFED_BYTES:
                is_known = True
                if not should_go_on(bytes(data)):
                    return None
            if len(data) > limit and cut:
                return bytes(data[:limit])
            if len(data) > limit:
                raise SourceRefusedError(
                    f"{redact_uri(str(response.url))} is over {limit / 2**20:g} MiB."
                )
            self.check_limits()
        return bytes(data)


class RequestThrottle:
    """Keeps requests apart.

    Args:
        seconds: least time between the beginnings of two requests.
        network: clock and sleep.
        check_cancelled: called during each wait.
    """

    def __init__(self, seconds: float, network: Network, check_cancelled: CancelCheck) -> None:
        self._seconds = seconds
        self._network = network
        self._check_cancelled = check_cancelled
        self._next = network.clock()

    def slow_down(self, seconds: float) -> None:
        """Keep at least this many seconds between requests from now on."""
        self._seconds = max(self._seconds, seconds)

    def wait(self) -> None:
        """Return when the next request may begin."""
        now = self._network.clock()
        self._network.pause(self._next - now, self._check_cancelled)
        self._next = max(self._next, now) + self._seconds


def _accept_any(*_: object) -> bool:
    return True


def _check_response(response: httpx2.Response, address: str) -> None:
    is_robots = address.endswith("/robots.txt")
    if is_robots and 400 <= response.status_code < 500 and response.status_code != 429:
        # RFC 9309, 2.3.1.3: if there is no robots.txt, everything may be read.
        status = response.status_code
        raise SourceNotFoundError(f"There is nothing at {redact_uri(address)} (HTTP {status}).")
    check_status(response, redact_uri(address))


def _build_cached_page(response: httpx2.Response) -> CachedPage:
    headers = response.headers
    return CachedPage(
        address=resolve_link(str(response.url), ""),
        content_type=headers.get("content-type", ""),
        etag=headers.get("etag", ""),
        last_modified=headers.get("last-modified", ""),
        canonical=_find_canonical(response),
    )


def _find_canonical(response: httpx2.Response) -> str:
    match = _CANONICAL.search(response.headers.get("link", "")[:MAX_LINK_HEADER])
    return resolve_link(str(response.url), match[1]) if match else ""


def _build_fetched_page(page: CachedPage, data: bytes) -> FetchedPage:
    return FetchedPage(page.address, page.content_type, data, page.canonical)
