"""One website: fetched politely, as its robots.txt allows, and only where it has changed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import httpx
from protego import Protego

from ingest.errors import SourceNotFoundError, SourceRefusedError
from ingest.sources.address.uri import shown_uri
from ingest.sources.http.cancellation import Look, Told
from ingest.sources.http.client import (
    USER_AGENT,
    Deadline,
    Limits,
    Network,
    WebClient,
    check_status,
    in_a_sentence,
)
from ingest.sources.http.download import Downloads
from ingest.sources.source import Received, Source
from ingest.sources.website.cache import KeptPage, PageCache
from ingest.sources.website.paths import absolute, host_of, media_type_of

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
        return media_type_of(self.content_type)


class Site:
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
        told: Told,
    ) -> None:
        self._source = source
        self._web = web
        self._cache = cache
        self._told = told
        self._limits: Limits = downloads.limits
        self._network: Network = downloads.network
        self._deadline = Deadline(source, self._limits.seconds, self._network.clock)
        self._pace = Pace(1 / source.rate, self._network, told.again)
        self._rules: dict[str, Protego] = {}
        self.used: set[str] = set()
        self._received = 0
        self._pages = 0

    def check(self) -> None:
        """Do nothing while the site is within its limits.

        Raises:
            SourceRefusedError: it is too large.
            DownloadError: it takes too long.
        """
        self._deadline.check()
        if self._received > self._limits.bytes:
            raise SourceRefusedError(
                f"{self._source.shown_uri} is over {self._limits.bytes / 2**20:,.0f} MiB: raise "
                "DOCENT_DOWNLOAD_MAX_MB if this size is expected."
            )

    def allows(self, address: str) -> bool:
        """Whether robots.txt lets docent read the address.

        Raises:
            DownloadError: robots.txt is there and can't be read: nothing may be read then.
        """
        host = host_of(address)
        if host not in self._rules:
            self._rules[host] = Protego.parse(self._robots(address))
            delay = self._rules[host].crawl_delay(USER_AGENT)
            self._pace.slow_down(min(float(delay or 0), MAX_CRAWL_DELAY))
        return bool(self._rules[host].can_fetch(address, USER_AGENT))

    def page(self, address: str, *, hosts: Collection[str] | None = None) -> FetchedPage:
        """Fetch an address, if it has changed; a body of a type that is not read stays there.

        A redirect away from `hosts`, or to where robots.txt does not let docent read, is not
        followed: the page is empty then, and its address the one that it leads to.

        Raises:
            SourceError: it can't be fetched.
        """

        def follows(hop: str) -> bool:
            return (hosts is None or host_of(hop) in hosts) and self.allows(hop)

        page = self._fetch(
            address,
            limit=MAX_PAGE_BYTES,
            wanted=lambda kind: bool(media_type_of(kind)),
            follows=follows,
        )
        self._pages += 1
        self._told(Received(self._source.name, self._received, pages=self._pages))
        return page

    def list_(self, address: str, *, limit: int) -> FetchedPage:
        """Fetch a list of pages, whatever its type is called.

        Raises:
            SourceError: it can't be fetched.
        """
        return self._fetch(address, limit=limit, wanted=_any, follows=self.allows)

    def before(self, address: str) -> FetchedPage | None:
        """The page as it was at an earlier time, if it is kept."""
        kept = self._cache.get(address)
        if kept is None:
            return None
        self.used.add(address)
        return _fetched(kept, self._cache.body(kept))

    def _robots(self, address: str) -> str:
        place = absolute(address, "/robots.txt")
        try:
            found = self._fetch(place, limit=_MAX_ROBOTS_BYTES, wanted=_any, follows=_any)
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
        with in_a_sentence(shown_uri(address)):
            fetched: FetchedPage = self._network.attempts(self._told.again)(
                self._attempt, address, limit=limit, wanted=wanted, follows=follows
            )
        self.used.add(address)
        return fetched

    def _attempt(
        self,
        address: str,
        *,
        limit: int,
        wanted: Callable[[str], bool],
        follows: Callable[[str], bool],
    ) -> FetchedPage:
        self.check()
        self._pace.wait()
        kept = self._cache.get(address)
        headers = {"Accept": _ACCEPT, **(kept.headers if kept else {})}
        with self._web.get(address, headers, follows=follows) as response:
            if response.next_request is not None:
                return FetchedPage(absolute(str(response.next_request.url), ""), "", b"")
            if response.status_code == httpx.codes.NOT_MODIFIED and kept:
                return _fetched(kept, self._cache.body(kept))
            _check(response, address)
            page = _kept(response)
            if not wanted(page.content_type):
                return FetchedPage(page.address, page.content_type, b"")
            data = self._read(response, limit)
        self._cache.put(address, page, data)
        return _fetched(page, data)

    def _read(self, response: httpx.Response, limit: int) -> bytes:
        data = bytearray()
        for block in response.iter_bytes():
            data += block
            self._received += len(block)
            if len(data) > limit:
                raise SourceRefusedError(
                    f"{shown_uri(str(response.url))} is over {limit / 2**20:g} MiB."
                )
            self.check()
        return bytes(data)


class Pace:
    """Keeps requests apart.

    Args:
        seconds: between the beginnings of two requests.
        network: clock and sleep.
        look: called while it waits.
    """

    def __init__(self, seconds: float, network: Network, look: Look) -> None:
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


def _any(_: str) -> bool:
    return True


def _check(response: httpx.Response, address: str) -> None:
    robots = address.endswith("/robots.txt")
    if robots and 400 <= response.status_code < 500 and response.status_code != 429:
        # RFC 9309, 2.3.1.3: where there is no robots.txt to be had, all may be read.
        status = response.status_code
        raise SourceNotFoundError(f"There is nothing at {shown_uri(address)} (HTTP {status}).")
    check_status(response, shown_uri(address))


def _kept(response: httpx.Response) -> KeptPage:
    headers = response.headers
    return KeptPage(
        address=absolute(str(response.url), ""),
        content_type=headers.get("content-type", ""),
        etag=headers.get("etag", ""),
        last_modified=headers.get("last-modified", ""),
    )


def _fetched(page: KeptPage, data: bytes) -> FetchedPage:
    return FetchedPage(page.address, page.content_type, data)
