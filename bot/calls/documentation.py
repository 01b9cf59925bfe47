"""The documentation as programs read it: searched, and page by page."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

from bot.calls.requests import PageRequest
from bot.calls.schema import PageResult, SearchResult
from bot.index_service import read_page_labels
from bot.scope_check import check_scope
from ingest.errors import StateError
from rag_core.models.token_estimate import estimate_tokens
from rag_core.protocols import VectorStore
from rag_core.types import Chunk, LiveIndex, Passage, Question, Scope

PIECE_TOKENS = 4_500
"""Most tokens of one piece of a page, estimated; the fields around it need some, too."""

_MOST_CANDIDATES = 5
_NAME_TOKENS = 900
"""Most tokens of the names of sections, estimated."""

logger = logging.getLogger(__name__)


class PassageFinder(Protocol):
    """The part of the pipeline that a search needs."""

    def search(self, question: Question, *, limit: int) -> tuple[Passage, ...]:
        """Return passages, best first."""

    def require_live_index(self) -> LiveIndex:
        """Return the live version."""


class Documentation:
    """Searches the index, and reads its pages; every method blocks.

    Args:
        pipeline: searches.
        store: holds the index.
        read_as_of: returns when sources were last read; None if that is not known.
    """

    def __init__(
        self,
        pipeline: PassageFinder,
        store: VectorStore,
        read_as_of: Callable[[Collection[str]], datetime | None],
    ) -> None:
        self._pipeline = pipeline
        self._store = store
        self._read_as_of = read_as_of

    def search(self, question: Question, *, limit: int) -> SearchResult:
        """Search for passages.

        Args:
            question: with the scope to search.
            limit: most passages.

        Returns:
            The passages, best first.

        Raises:
            QuestionError: the question is empty or too long, or no page is in its scope.
            DocentError: the index or a model can't be used.
        """
        check_scope(self._store, question.scope)
        revision = self._pipeline.require_live_index().spec.revision
        passages = self._pipeline.search(question, limit=limit)
        as_of = self.read_as_of(question.scope.sources)
        return SearchResult.of(question.text, passages, revision=revision, as_of=as_of)

    def check_scope(self, scope: Scope) -> None:
        """Refuse a scope without pages.

        Raises:
            QuestionError: no page is in it.
        """
        check_scope(self._store, scope)

    def read_page(self, page: PageRequest) -> PageResult:
        """Read a page, or a piece of it.

        Returns:
            The page; one with the status `not_found` names pages or sections that are there.

        Raises:
            StoreError: the index can't be used.
        """
        live = self._pipeline.require_live_index()
        place, _, anchor = page.place.strip().partition("#")
        chunks = self._find_chunks(live, place, page.source)
        as_of = self.read_as_of([chunks[0].source] if chunks else [])
        if not chunks:
            candidates = self._list_near_pages(place)
            result = PageResult(status="not_found", candidates=candidates)
        else:
            result = _build_page(chunks, page.section.strip() or anchor, page.offset)
        return result.model_copy(update={"revision": live.spec.revision, "as_of": as_of})

    def read_as_of(self, sources: Collection[str]) -> datetime | None:
        """Return when sources were last read; None if that is not known."""
        try:
            return self._read_as_of(sources)
        except StateError as error:
            logger.warning("It is not known when the documentation was last read: %s", error)
            return None

    def _find_chunks(self, live: LiveIndex, place: str, source: str) -> list[Chunk]:
        """Return the chunks of the first page at a place."""
        slashed = f"{place}/" if not place.endswith("/") else place.rstrip("/")
        for each in dict.fromkeys((place, slashed, place.lstrip("/"))):
            chunks = self._store.read_pages_at(live.collection, each, source=source) if each else []
            if chunks:
                return [chunk for chunk in chunks if chunk.page_key == chunks[0].page_key]
        return []

    def _list_near_pages(self, place: str) -> list[str]:
        """Return the paths of pages that may have been meant."""
        paths = sorted({page.path for page in read_page_labels(self._store) or ()})
        wanted = place.partition("://")[2] or place
        name = wanted.rstrip("/").rpartition("/")[2].partition(".")[0].casefold()
        named = [path for path in paths if name and name in path.casefold()]
        near = difflib.get_close_matches(wanted, paths, n=_MOST_CANDIDATES, cutoff=0.5)
        return list(dict.fromkeys([*near, *named]))[:_MOST_CANDIDATES]


def _build_page(chunks: Sequence[Chunk], section: str, offset: int) -> PageResult:
    """Build a piece of a page, or of one section."""
    first = chunks[0]
    paths = (" > ".join(_drop_title(chunk)) for chunk in chunks)
    sections = list(dict.fromkeys(path for path in paths if path))
    page = PageResult(
        status="found",
        source=first.source,
        path=first.path,
        url=first.url.partition("#")[0],
        title=first.title,
        version=first.version,
        language=first.language,
        section=section,
        sections=_cut_names(sections),
        offset=offset,
    )
    headings = _find_section(chunks, section)
    wanted = [chunk for chunk in chunks if chunk.headings[: len(headings)] == headings]
    pieces = wanted[offset:] if headings or not section else []
    if not pieces:
        near = difflib.get_close_matches(section, sections, n=_MOST_CANDIDATES, cutoff=0.3)
        candidates = near or sections[:_MOST_CANDIDATES]
        return page.model_copy(update={"status": "not_found", "candidates": candidates})
    texts: list[str] = []
    used, before = 0, _drop_title(wanted[offset - 1]) if offset else ()
    for chunk in pieces:
        text = _render_chunk(chunk, before)
        used += estimate_tokens(text)
        if texts and used > PIECE_TOKENS:
            break
        texts.append(text)
        before = _drop_title(chunk)
    end = offset + len(texts)
    next_offset = end if end < len(wanted) else None
    return page.model_copy(update={"text": "\n\n".join(texts), "next_offset": next_offset})


def _cut_names(names: Sequence[str]) -> list[str]:
    """Return the first names, as many as fit beside a piece."""
    kept: list[str] = []
    used = 0
    for name in names:
        used += estimate_tokens(name) + 2
        if used > _NAME_TOKENS:
            return [*kept, f"... and {len(names) - len(kept)} more sections"]
        kept.append(name)
    return kept


def _find_section(chunks: Sequence[Chunk], section: str) -> tuple[str, ...]:
    """Find a section; return its headings, none if it is missing.

    It is named by its heading, by its whole path of headings, or by its anchor.
    """
    wanted = section.lstrip("#").strip().casefold()
    for chunk in chunks if wanted else ():
        folded = [heading.casefold() for heading in chunk.headings]
        shown = len(folded) - len(_drop_title(chunk))
        for depth in range(1, len(folded) + 1):
            whole, below = " > ".join(folded[:depth]), " > ".join(folded[shown:depth])
            if wanted in {folded[depth - 1], whole, below}:
                return chunk.headings[:depth]
        if wanted == chunk.url.partition("#")[2].casefold():
            return chunk.headings
    return ()


def _drop_title(chunk: Chunk) -> tuple[str, ...]:
    """Return the headings without a first one that repeats the title."""
    return chunk.headings[1:] if chunk.headings[:1] == (chunk.title,) else chunk.headings


def _render_chunk(chunk: Chunk, before: Sequence[str]) -> str:
    """Return the text of a chunk below its new headings."""
    headings = _drop_title(chunk)
    shared = 0
    while shared < min(len(before), len(headings)) and before[shared] == headings[shared]:
        shared += 1
    new = range(shared, len(headings))
    lines = [f"{'#' * min(level + 2, 6)} {headings[level]}" for level in new]
    return "\n\n".join([*lines, chunk.text])
