"""HTML pages as a crawler sees them: canonical address, links, text."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser

from ingest.formats.html_markup import shorten_markup
from ingest.sources.website.media_types import MARKDOWN
from ingest.sources.website.paths import resolve_link

MAX_LINKS = 10_000
"""Most links of a page that are followed."""


@dataclass(frozen=True, slots=True)
class PageLinks:
    """An HTML page as a crawler sees it.

    Attributes:
        canonical: its canonical address; empty for none.
        links: the addresses of its links.
        markdown: the address of the same page in Markdown; empty for none.
        text_hash: hash of its words; empty if it has none.
    """

    canonical: str = ""
    links: tuple[str, ...] = ()
    markdown: str = ""
    text_hash: str = ""


def parse_links(html: str, base: str) -> PageLinks:
    """Return the addresses that an HTML page names, and its hash.

    Broken links are left out, and those beyond `MAX_LINKS`.
    """
    reader = _LinkReader()
    # Markup that the parser can't read, such as `<![x[`, ends the links and not the page.
    with suppress(AssertionError, ValueError):
        reader.feed(shorten_markup(html))
        reader.close()
    base = resolve_link(base, reader.base) or base
    links = (resolve_link(base, link) for link in reader.links)
    return PageLinks(
        resolve_link(base, reader.canonical) if reader.canonical else "",
        tuple(dict.fromkeys(filter(None, links))),
        resolve_link(base, reader.markdown) if reader.markdown else "",
        reader.hash_text(),
    )


class _LinkReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.canonical = ""
        self.markdown = ""
        self.links: list[str] = []
        self._words = hashlib.sha256()
        self._has_words = False

    def hash_text(self) -> str:
        return self._words.hexdigest() if self._has_words else ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        address = values.get("href") or ""
        if tag == "a" and address and len(self.links) < MAX_LINKS:
            self.links.append(address)
        elif tag == "base":
            self.base = self.base or address
        elif tag == "link":
            relations = (values.get("rel") or "").lower().split()
            if "canonical" in relations:
                self.canonical = self.canonical or address
            elif "alternate" in relations and (values.get("type") or "").lower() == MARKDOWN:
                self.markdown = self.markdown or address

    # `<a/>` is `<a>` to a browser.
    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        for word in data.split():
            self._words.update(f"{word} ".encode(errors="replace"))
            self._has_words = True
