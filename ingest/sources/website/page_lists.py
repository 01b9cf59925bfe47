"""The lists of a site's pages: sitemaps and llms.txt files, with those that they name."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from ingest.errors import (
    DownloadError,
    SourceError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
)
from ingest.sources.address.uri import redact_uri
from ingest.sources.source import Source
from ingest.sources.website.fetcher import FetchedPage, SiteFetcher
from ingest.sources.website.llms import (
    PagePart,
    is_llms_full,
    is_llms_list,
    parse_llms,
    split_llms_full,
)
from ingest.sources.website.media_types import HTML
from ingest.sources.website.paths import extract_folder, extract_host
from ingest.sources.website.sitemaps import MAX_SITEMAP_BYTES, parse_sitemap
from rag_core.english import format_count

_MAX_LISTS = 500
_MAX_FAILED_IN_A_ROW = 5
"""Lists that fail one after the other before the site is taken to be down."""


@dataclass
class PageList:
    """The pages that the lists of a site name.

    Attributes:
        addresses: addresses of pages, in the order of the lists.
        parts: pages that stand in the list itself.
        failures: a sentence for each list that could not be read, or not to its end.
    """

    addresses: dict[str, None] = field(default_factory=dict)
    parts: list[PagePart] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def is_list(address: str) -> bool:
    """Return whether an address has the name of a list."""
    name = get_name(address)
    return name.endswith((".xml", ".xml.gz")) or is_llms_list(name) or is_llms_full(name)


def get_name(address: str) -> str:
    """Return the last part of an address in small letters."""
    return PurePosixPath(urlsplit(address).path).name.lower()


class ListReader:
    """Reads the lists of a site, each of them once.

    Args:
        source: the website.
        site: fetches its pages.
        hosts: the hosts of the site; those that a list redirects to are added.
        unify: returns the usual spelling of an address.
    """

    def __init__(
        self, source: Source, site: SiteFetcher, hosts: set[str], unify: Callable[[str], str]
    ) -> None:
        self._source = source
        self._site = site
        self._hosts = hosts
        self._unify = unify
        self._found = PageList()
        self._full: list[str] = []
        self._failed_in_a_row = 0

    def read(self, home: str) -> PageList:
        """Read a list and those that it names.

        One that can't be read costs only itself, if it is not the first.

        Raises:
            SourceError: the first list can't be read, or there are too many.
        """
        waiting, seen = deque([home]), {home}
        while waiting:
            self._site.check_limits()
            address = waiting.popleft()
            further = self._read_first(home) if address == home else self._try_list(address)
            if not waiting and not further and not self._found.addresses:
                further, self._full = self._full, []
            for each in map(self._unify, further):
                if extract_host(each) in self._hosts and each not in seen:
                    waiting.append(each)
                    seen.add(each)
            if len(seen) > _MAX_LISTS:
                raise SourceRefusedError(
                    f"{self._source.redacted_uri} names more than {_MAX_LISTS} sitemaps."
                )
        return self._found

    def _read_first(self, home: str) -> list[str]:
        fetched = self._fetch(home)
        self._hosts.add(extract_host(fetched.address))
        return self._read_list(home, fetched)

    def _try_list(self, address: str) -> list[str]:
        """Read a further list; return those that it names.

        If it can't be fetched now, it counts as it was.
        """
        fetched: FetchedPage | None = None
        try:
            fetched = self._fetch(address)
            self._failed_in_a_row = 0
        except DownloadError as error:
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= _MAX_FAILED_IN_A_ROW:
                raise
            fetched = self._site.read_cached(address)
            outcome = "kept as it was" if fetched else "left out"
            self._add_failure(address, f"{_strip_point(error)} ({outcome})")
        except SourceNotFoundError:
            self._add_failure(address, "there is nothing (HTTP 404); left out")
        except SourceError as error:
            self._add_failure(address, f"{_strip_point(error)}; left out")
        try:
            return self._read_list(address, fetched) if fetched else []
        except SourceFormatError as error:
            self._add_failure(address, f"{_strip_point(error)}; left out")
            return []

    def _fetch(self, address: str) -> FetchedPage:
        self._check_allowed(address)
        fetched = self._site.fetch_list(address, limit=MAX_SITEMAP_BYTES)
        self._check_allowed(fetched.address)
        return fetched

    def _check_allowed(self, address: str) -> None:
        if not self._site.is_allowed(address):
            raise SourceRefusedError(
                f"The robots.txt of {extract_host(address)} does not let docent read "
                f"{redact_uri(address)}."
            )

    def _read_list(self, address: str, fetched: FetchedPage) -> list[str]:
        name = get_name(address)
        if is_llms_list(name) or is_llms_full(name):
            return self._read_llms(address, fetched, is_whole=is_llms_full(name))
        try:
            sitemap = parse_sitemap(fetched.data, fetched.address)
        except ValueError as error:
            raise SourceFormatError(f"{redact_uri(address)} is not a sitemap: {error}.") from error
        if sitemap.fault:
            count = len(sitemap.pages) + len(sitemap.sitemaps)
            whole = format_count(count, "whole address", "whole addresses")
            self._add_failure(address, f"is broken ({sitemap.fault}); read, with {whole}")
        self._add_pages(sitemap.pages)
        return list(sitemap.sitemaps)

    def _read_llms(self, address: str, fetched: FetchedPage, *, is_whole: bool) -> list[str]:
        if fetched.media_type == HTML:
            raise SourceFormatError(f"{redact_uri(address)} is a web page and not an llms.txt.")
        text = fetched.data.decode("utf-8-sig", errors="replace")
        if is_whole:
            self._found.parts += [
                part if part.address else PagePart(fetched.address, part.text)
                for part in split_llms_full(text, fetched.address)
            ]
            return []
        links = parse_llms(text, fetched.address)
        self._full += [link for link in links if is_llms_full(get_name(link))]
        self._add_pages(link for link in links if not is_list(link))
        return [link for link in links if is_llms_list(get_name(link))]

    def _add_pages(self, pages: Iterable[str]) -> None:
        self._found.addresses |= dict.fromkeys(pages)

    def _add_failure(self, address: str, reason: str) -> None:
        self._found.failures.append(f"{redact_uri(address)}: {reason}")


def _strip_point(error: SourceError) -> str:
    return str(error).rstrip(".")


def find_list_folder(home: str, addresses: Iterable[str]) -> str:
    """Return the folder of a sitemap; `/` for the whole host.

    By the protocol, a sitemap names only pages below its own folder. One that names none there is
    kept apart from the pages, and is for all.
    """
    folder = extract_folder(home)
    if is_llms_list(get_name(home)) or is_llms_full(get_name(home)):
        return "/"
    inside = any(urlsplit(each).path.startswith(folder) for each in addresses)
    return folder if inside else "/"
