"""The pages of a crawl: each text once, under the address that readers should see."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from ingest.sources.source import RawFile, Source
from ingest.sources.website.fetcher import FetchedPage
from ingest.sources.website.media_types import MARKDOWN, MDX, SNIFFED_BYTES, describe_content
from ingest.sources.website.paths import (
    build_kin_key,
    build_page_path,
    extract_page_name,
    is_home,
)
from ingest.spool import Content, Keeper
from rag_core.types import hash_content


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page as it was fetched, and the address that it says is its own.

    Attributes:
        address: its address, after redirects.
        canonical: the address that it names; its own if it names none.
        twin: address of the same page for people; empty for none.
        text_hash: hash of its words; empty if they are not known.
        fetched: the page; in a store, only with the beginning of its bytes.
        content: its bytes, in memory or in a spool.
    """

    address: str
    canonical: str
    twin: str
    text_hash: str
    fetched: FetchedPage
    content: Content = b""


class PageStore:
    """The pages of a crawl.

    Args:
        source: the website.
        keep: keeps the bytes of pages.
    """

    def __init__(self, source: Source, keep: Keeper) -> None:
        self._source = source
        self._keep = keep
        self._pages: list[StoredPage] = []
        self._bodies: set[str] = set()
        self._kin: set[tuple[str, str]] = set()
        self._claims: dict[str, set[str]] = defaultdict(set)
        self._keys: set[str] = set()
        self._texts: dict[str, str] = {}
        self._copies = 0

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, page: StoredPage) -> None:
        """Store a page; one with the text of another is only counted."""
        data = page.fetched.data
        body = hashlib.sha256(data).hexdigest()
        page = replace(page, text_hash=page.text_hash or body)
        kin = (build_kin_key(page.address), page.text_hash)
        if body in self._bodies or kin in self._kin:
            self._copies += 1
            return
        self._bodies.add(body)
        self._kin.add(kin)
        beginning = replace(page.fetched, data=data[:SNIFFED_BYTES])
        page = replace(page, fetched=beginning, content=self._keep(data))
        self._pages.append(page)
        self._texts.setdefault(page.address, page.text_hash)
        was_believed = self._is_believed(page.canonical)
        if _is_claim(page):
            self._claims[page.canonical].add(page.text_hash)
        if was_believed and not self._is_believed(page.canonical):
            self._keys |= {each.address for each in self._pages if _has_claim(each, page.canonical)}
        self._keys.add(self._choose_key(page))

    def list_files(self, twins: Mapping[str, str]) -> list[RawFile]:
        """Return the pages, ordered by path.

        Each has a path of its own. A page in Markdown is left out if its twin, which `twins`
        names, is there.
        """
        pages = self._choose_pages()
        for markdown, twin in twins.items():
            page = pages.pop(markdown, None) if markdown != twin else None
            if page is not None:
                pages.setdefault(twin, page)
        by_path: dict[str, list[str]] = defaultdict(list)
        for key, page in pages.items():
            by_path[_build_path(key, page)].append(key)
        files = []
        for path, keys in by_path.items():
            first = min(keys, key=lambda key: (not key.endswith(f"/{path}"), key))
            for key in keys:
                distinct = path if key == first else _add_to_name(path, hash_content(key)[:6])
                files.append(self._build_file(distinct, key, pages[key]))
        return sorted(files, key=lambda file: file.path)[: self._source.max_pages]

    def count_copies(self) -> int:
        """Return how many pages were left out because others have their text."""
        return self._copies + len(self._pages) - len(self._choose_pages())

    def _choose_pages(self) -> dict[str, StoredPage]:
        """Return one page for each address.

        A page at its own address goes first.
        """
        chosen: dict[str, StoredPage] = {}
        for page in self._pages:
            key = self._choose_key(page)
            if key not in chosen or (key == page.address != chosen[key].address):
                chosen[key] = page
        return chosen

    def _choose_key(self, page: StoredPage) -> str:
        if page.twin:
            return page.twin
        is_same = self._texts.get(page.canonical) == page.text_hash
        is_believed = is_same or not _is_claim(page) or self._is_believed(page.canonical)
        return page.canonical if is_believed else page.address

    def _is_believed(self, canonical: str) -> bool:
        """Return whether pages with other names may be this one.

        A template that is set up wrong names one address, mostly the home page, on every page.
        """
        return len(self._claims[canonical]) <= (0 if is_home(canonical) else 1)

    def _build_file(self, path: str, key: str, page: StoredPage) -> RawFile:
        fetched = page.fetched
        kind = describe_content(fetched.content_type, fetched.media_type)
        return RawFile(path, self._source.build_page_url(path, key), page.content, kind)


def _is_claim(page: StoredPage) -> bool:
    """Return whether a page claims to be one with another name."""
    if extract_page_name(page.canonical) != extract_page_name(page.address):
        return True
    has_query = bool(urlsplit(page.address).query)
    return page.canonical != page.address and has_query and is_home(page.canonical)


def _has_claim(page: StoredPage, canonical: str) -> bool:
    return page.canonical == canonical and _is_claim(page)


def _build_path(key: str, page: StoredPage) -> str:
    # A page in Markdown keeps its own name, also if another address is cited.
    address = page.address if page.fetched.media_type in {MARKDOWN, MDX} else key
    return build_page_path(address, page.fetched.media_type)


def _add_to_name(path: str, addition: str) -> str:
    name = PurePosixPath(path)
    return str(name.with_name(f"{name.stem}-{addition}{name.suffix}"))
