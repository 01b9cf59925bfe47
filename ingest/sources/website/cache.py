"""A cache of a website's pages, so that unchanged ones are not downloaded again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path

_INDEX = "pages.json"


@dataclass(frozen=True, slots=True)
class CachedPage:
    """A page as the server described it.

    Attributes:
        address: address of the page, after redirects.
        content_type: Content-Type of the response.
        etag: ETag of the response, to ask for a newer page.
        last_modified: date of the response, likewise.
        canonical: address that the server names as the page's own; empty for none.
        body: name of the file; each body has its own, so that no page gets another's body.
    """

    address: str
    content_type: str
    etag: str
    last_modified: str
    canonical: str = ""
    body: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """Headers that make the next request conditional."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}


class PageCache:
    """A folder of bodies, and an index of their pages.

    A page that is missing or broken in it is fetched again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pages = _load_index(folder / _INDEX)

    @property
    def is_empty(self) -> bool:
        """True if nothing was downloaded."""
        return not self._pages

    def get(self, address: str) -> CachedPage | None:
        """Return the cached page of an address; None if there is none."""
        page = self._pages.get(address)
        return page if page and (self._folder / page.body).is_file() else None

    def read_body(self, page: CachedPage) -> bytes:
        """Return the body of a page that `get` returned."""
        return (self._folder / page.body).read_bytes()

    def put(self, address: str, page: CachedPage, body: bytes) -> None:
        """Store a page and its body.

        Args:
            address: address that was asked for.
            page: the page, without the name of its body.
            body: bytes of the response.
        """
        name = f"{hashlib.sha256(body).hexdigest()[:32]}.body"
        self._folder.mkdir(parents=True, exist_ok=True)
        if not (self._folder / name).is_file():
            _write(self._folder / name, body)
        self._pages[address] = replace(page, body=name)

    def keep_only(self, addresses: Collection[str]) -> None:
        """Remove all addresses but these from the index."""
        for address in self._pages.keys() - set(addresses):
            del self._pages[address]

    def save(self) -> None:
        """Write the index, and delete the bodies that it does not name."""
        self._folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({address: asdict(page) for address, page in self._pages.items()})
        _write(self._folder / _INDEX, text.encode())
        named = {page.body for page in self._pages.values()}
        for body in self._folder.glob("*.body"):
            if body.name not in named:
                body.unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(data)
    os.replace(part, path)  # noqa: PTH105  (atomic)


def _load_index(path: Path) -> dict[str, CachedPage]:
    try:
        pages = json.loads(path.read_bytes())
        return {address: CachedPage(**page) for address, page in pages.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
