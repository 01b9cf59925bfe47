"""The search for one page of some sources, by what a person writes."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import PurePosixPath
from urllib.parse import urldefrag

from ingest.documents import Page
from ingest.errors import PageNotFoundError
from ingest.formats import is_wanted

MOST_NAMED = 8
"""Pages that a sentence names."""


def find_page(text: str, pages: Sequence[Page], failures: Sequence[str] = ()) -> Page:
    """Find the one page that a text means.

    Args:
        text: the path of a page, `source:path`, its address, also that of a section, or a part of
            the path.
        pages: the pages to search.
        failures: lines of the report; one about the page says why it is none.

    Returns:
        The page.

    Raises:
        PageNotFoundError: no page fits, or several; the sentence names them.
    """
    text = text.strip().removeprefix("./")
    address = _strip_address(text)
    exact = [
        page
        for page in pages
        if text in {page.path, _name_page(page), page.url}
        or (address and address == _strip_address(page.url))
    ]
    part = [page for page in pages if text.lower() in _name_page(page).lower()] if text else []
    fitting = exact or part or _list_tails(text, pages)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = [_name_page(page) for page in fitting[:MOST_NAMED]]
        more = [f"{len(fitting) - MOST_NAMED:,} more"] if len(fitting) > MOST_NAMED else []
        raise PageNotFoundError(
            f"{text!r} fits several pages, so write one in full: {', '.join(names + more)}."
        )
    if reasons := [line for line in failures if _is_about(line, text)]:
        raise PageNotFoundError(f"There is no page {text!r}: {reasons[0].rstrip('.')}.")
    suffix = PurePosixPath(text).suffix
    if suffix and not address and not is_wanted(text):
        raise PageNotFoundError(
            f"There is no page {text!r} in the sources; docent has no reader for {suffix} files."
        )
    if nearest := ", ".join(_list_nearest(text, pages)):
        raise PageNotFoundError(
            f"There is no page {text!r} in the sources; the nearest names are {nearest}."
        )
    raise PageNotFoundError(f"There is no page {text!r} in the sources.")


def _strip_address(text: str) -> str:
    """Return an address without anchor and last slash, or an empty text."""
    return urldefrag(text)[0].rstrip("/") if "://" in text else ""


def _list_tails(text: str, pages: Sequence[Page]) -> list[Page]:
    """List the pages that a path from elsewhere ends with."""
    fitting = [page for page in pages if text.endswith(f"/{page.path}")]
    longest = max((len(page.path) for page in fitting), default=0)
    return [page for page in fitting if len(page.path) == longest]


def _is_about(line: str, text: str) -> bool:
    """Return whether a line says why a page was left out."""
    path = line.partition(": ")[0]
    is_same = path.endswith(f"/{text}") or f"/{text}".endswith((f":{path}", f"/{path}"))
    return bool(path and text) and is_same and line.rstrip(".").endswith("left out")


def _name_page(page: Page) -> str:
    return f"{page.source}:{page.path}"


def _list_nearest(text: str, pages: Sequence[Page]) -> list[str]:
    """List the nearest names, by path and by file name."""
    by_name = {page.path.lower(): _name_page(page) for page in pages}
    by_name |= {page.path.lower().rpartition("/")[2]: _name_page(page) for page in pages}
    wanted = text.lower().rpartition(":")[2]
    close = get_close_matches(wanted, by_name, n=MOST_NAMED, cutoff=0.4)
    close += get_close_matches(wanted.rpartition("/")[2], by_name, n=MOST_NAMED, cutoff=0.4)
    return [*dict.fromkeys(by_name[name] for name in close)][:5]
