"""The search for one page of some sources, by what a person writes."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from ingest.documents import Page
from ingest.errors import PageNotFoundError

MOST_NAMED = 8
"""Pages that a sentence names."""


def find_page(text: str, pages: Sequence[Page]) -> Page:
    """Find the one page that a text means.

    Args:
        text: the path of a page, `source:path`, its address, or a part of the path.
        pages: the pages to search.

    Returns:
        The page.

    Raises:
        PageNotFoundError: no page fits, or several; the sentence names them.
    """
    text = text.strip()
    exact = [page for page in pages if text in {page.path, _name_page(page), page.url}]
    part = [page for page in pages if text.lower() in _name_page(page).lower()] if text else []
    fitting = exact or part
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = [_name_page(page) for page in fitting[:MOST_NAMED]]
        more = [f"{len(fitting) - MOST_NAMED:,} more"] if len(fitting) > MOST_NAMED else []
        raise PageNotFoundError(
            f"{text!r} fits several pages, so write one in full: {', '.join(names + more)}."
        )
    if nearest := ", ".join(_list_nearest(text, pages)):
        raise PageNotFoundError(
            f"There is no page {text!r} in the sources; the nearest names are {nearest}."
        )
    raise PageNotFoundError(f"There is no page {text!r} in the sources.")


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
