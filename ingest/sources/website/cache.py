"""Pages of a website as they were fetched, so that an unchanged one is not downloaded again."""

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
    """What the server said about a page.

    Attributes:
        address: where the page was, after redirects.
        content_type: as the server says.
        etag: of the page, to ask for a newer one.
        last_modified: likewise.
        body: name of the file; another body has another one, so that the two never mix.
    """

    address: str
    content_type: str
    etag: str
    last_modified: str
    body: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The conditional part of the next request."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}


class PageCache:
    """A folder of bodies and an index of what they are; what is broken is fetched again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pages = _load_index(folder / _INDEX)

    def get(self, address: str) -> CachedPage | None:
        """What is known of an address, if the body is there."""
        page = self._pages.get(address)
        return page if page and (self._folder / page.body).is_file() else None

    def read_body(self, page: CachedPage) -> bytes:
        """The body of a page that `get` gave."""
        return (self._folder / page.body).read_bytes()

    def put(self, address: str, page: CachedPage, body: bytes) -> None:
        """Keep a body."""
        name = f"{hashlib.sha256(body).hexdigest()[:32]}.body"
        self._folder.mkdir(parents=True, exist_ok=True)
        if not (self._folder / name).is_file():
            _write(self._folder / name, body)
        self._pages[address] = replace(page, body=name)

    def keep_only(self, addresses: Collection[str]) -> None:
        """Forget what is not a page of the site any more."""
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
    os.replace(part, path)  # noqa: PTH105  (atomic, and says so)


def _load_index(path: Path) -> dict[str, CachedPage]:
    try:
        read = json.loads(path.read_bytes())
        return {address: CachedPage(**page) for address, page in read.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
