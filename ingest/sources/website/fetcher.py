"""One website: fetched politely, as its robots.txt allows, and only where it has changed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import httpx
from protego import Protego

from ingest.errors import SourceNotFoundError, SourceRefusedError
from ingest.sources.address.uri import redact_uri
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
from ingest.sources.website.paths import extract_host, parse_media_type, resolve_link

MAX_PAGE_BYTES = 16 * 2**20
MAX_CRAWL_DELAY = 30.0
"""Seconds; a robots.txt that asks for more would have a site of 100 pages read for an hour."""

_MAX_ROBOTS_BYTES = 512 * 2**10
_ACCEPT = "text/html, text/markdown, text/plain;q=0.9, */*;q=0.1"


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page as it came.

    Attributes:
        address: after redirects.
        content_type: as the server says, with its encoding.
        data: the body; empty where it is of no type that docent reads.
    """

    address: str
    content_type: str
    data: bytes

    @property
    def media_type(self) -> str:
        """The type, if docent reads it; empty for any other."""
        return parse_media_type(self.content_type)


class SiteFetcher:
    """Fetches pages of one website.

    Args:
        source: the website.
        downloads: limits and network.
        web: the open client.
        cache: pages of earlier times.
        told: told after each page, and again while a page is waited for.

    Attributes:
        used: every address that was fetched, or was kept for want of a newer page.
    """

    def __init__(
        self,
        source: Source,
        downloads: Downloads,
        web: WebClient,
        cache: PageCache,
        told: DownloadReporter,
    ) -> None:
        self._source = source
        self._web = web
        self._cache = cache
        self._told = told
        self._limits: Limits = downloads.limits
        self._network: Network = downloads.network
        self._deadline = Deadline(source, self._limits.seconds, self._network.clock)
        self._pace = RequestThrottle(1 / source.rate, self._network, told.repeat_last)
        self._rules: dict[str, Protego] = {}
        self.used: set[str] = set()
        self._received = 0
        self._pages = 0

    def check_limits(self) -> None:
        """Do nothing while the site is within its limits.

        Raises:
            SourceRefusedError: it is too large.
            DownloadError: it takes too long.
        """
        self._deadline.check()
        if self._received > self._limits.bytes:
            raise SourceRefusedError(
                f"{self._source.redacted_uri} is over {self._limits.bytes / 2**20:,.0f} MiB: raise "
                "DOCENT_DOWNLOAD_MAX_MB if this size is expected."
            )

    def is_allowed(self, address: str) -> bool:
        """Whether robots.txt lets docent read the address.

        Raises:
            DownloadError: robots.txt is there and can't be read: nothing may be read then.
        """
        host = extract_host(address)
        if host not in self._rules:
            self._rules[host] = Protego.parse(self._fetch_robots(address))
            delay = self._rules[host].crawl_delay(USER_AGENT)
            self._pace.slow_down(min(float(delay or 0), MAX_CRAWL_DELAY))
        return bool(self._rules[host].can_fetch(address, USER_AGENT))

    def fetch_page(self, address: str, *, hosts: Collection[str] | None = None) -> FetchedPage:
        """Fetch an address, if it has changed; a body of a type that is not read stays there.

        A redirect away from `hosts`, or to where robots.txt does not let docent read, is not
        followed: the page is empty then, and its address the one that it leads to.

        Raises:
            SourceError: it can't be fetched.
        """

        def follows(hop: str) -> bool:
            return (hosts is None or extract_host(hop) in hosts) and self.is_allowed(hop)

        page = self._fetch(
            address,
            limit=MAX_PAGE_BYTES,
            wanted=lambda kind: bool(parse_media_type(kind)),
            follows=follows,
        )
        self._pages += 1
        self._told(DownloadProgress(self._source.name, self._received, pages=self._pages))
        return page

    def fetch_list(self, address: str, *, limit: int) -> FetchedPage:
        """Fetch a list of pages, whatever its type is called.

        Raises:
            SourceError: it can't be fetched.
        """
        return self._fetch(address, limit=limit, wanted=_accept_any, follows=self.is_allowed)

    def read_cached(self, address: str) -> FetchedPage | None:
        """The page as it was at an earlier time, if it is kept."""
        kept = self._cache.get(address)
        if kept is None:
            return None
        self.used.add(address)
        return _build_fetched_page(kept, self._cache.read_body(kept))

    def _fetch_robots(self, address: str) -> str:
        place = resolve_link(address, "/robots.txt")
        try:
            found = self._fetch(
                place, limit=_MAX_ROBOTS_BYTES, wanted=_accept_any, follows=_accept_any
            )
        except SourceNotFoundError:
            return ""
        return found.data.decode(errors="replace")

    def _fetch(
        self,
        address: str,
        *,
        limit: int,
        wanted: Callable[[str], bool],
        follows: Callable[[str], bool],
    ) -> FetchedPage:
        with translate_http_errors(redact_uri(address)):
            fetched: FetchedPage = self._network.build_retrying(self._told.repeat_last)(
                self._fetch_once, address, limit=limit, wanted=wanted, follows=follows
            )
        self.used.add(address)
        return fetched

    def _fetch_once(
        self,
        address: str,
        *,
        limit: int,
        wanted: Callable[[str], bool],
        follows: Callable[[str], bool],
    ) -> FetchedPage:
        self.check_limits()
        self._pace.wait()
        kept = self._cache.get(address)
        headers = {"Accept": _ACCEPT, **(kept.headers if kept else {})}
        with self._web.get(address, headers, follows=follows) as response:
            if response.next_request is not None:
                return FetchedPage(resolve_link(str(response.next_request.url), ""), "", b"")
            if response.status_code == httpx.codes.NOT_MODIFIED and kept:
                return _build_fetched_page(kept, self._cache.read_body(kept))
            _check_response(response, address)
            page = _build_cached_page(response)
            if not wanted(page.content_type):
                return FetchedPage(page.address, page.content_type, b"")
            data = self._read_body(response, limit)
        self._cache.put(address, page, data)
        return _build_fetched_page(page, data)

    def _read_body(self, response: httpx.Response, limit: int) -> bytes:
        data = bytearray()
        for block in response.iter_bytes():
            data += block
            self._received += len(block)
            if len(data) > limit:
                raise SourceRefusedError(
                    f"{redact_uri(str(response.url))} is over {limit / 2**20:g} MiB."
                )
            self.check_limits()
        return bytes(data)


class RequestThrottle:
    """Keeps requests apart.

    Args:
        seconds: between the beginnings of two requests.
        network: clock and sleep.
        look: called while it waits.
    """

    def __init__(self, seconds: float, network: Network, look: CancelCheck) -> None:
        self._seconds = seconds
        self._network = network
        self._look = look
        self._next = network.clock()

    def slow_down(self, seconds: float) -> None:
        """Keep at least this distance from now on."""
        self._seconds = max(self._seconds, seconds)

    def wait(self) -> None:
        """Return when the next request may begin."""
        now = self._network.clock()
        self._network.pause(self._next - now, self._look)
        self._next = max(self._next, now) + self._seconds


def _accept_any(_: str) -> bool:
    return True


def _check_response(response: httpx.Response, address: str) -> None:
    robots = address.endswith("/robots.txt")
    if robots and 400 <= response.status_code < 500 and response.status_code != 429:
        # RFC 9309, 2.3.1.3: where there is no robots.txt to be had, all may be read.
        status = response.status_code
        raise SourceNotFoundError(f"There is nothing at {redact_uri(address)} (HTTP {status}).")
    check_status(response, redact_uri(address))


def _build_cached_page(response: httpx.Response) -> CachedPage:
    headers = response.headers
    return CachedPage(
        address=resolve_link(str(response.url), ""),
        content_type=headers.get("content-type", ""),
        etag=headers.get("etag", ""),
        last_modified=headers.get("last-modified", ""),
    )


def _build_fetched_page(page: CachedPage, data: bytes) -> FetchedPage:
    return FetchedPage(page.address, page.content_type, data)
