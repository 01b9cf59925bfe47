"""Sources become pages, and pages chunks; one that fails is a line in the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.documents import Page, PageError, SourcePages
from ingest.errors import SourceEmptyError, SourceError
from ingest.formats import is_wanted, read_document
from ingest.loading.chunker import Chunker
from ingest.loading.pages import prepare_pages
from ingest.report import Progress, ProgressCallback
from ingest.sources import DownloadProgress, Downloads, Source, read_source
from rag_core.types import Chunk, PageKey

# What a parser may raise over one odd page. The others are indexed all the same.
_PAGE_ERRORS = (ValueError, TypeError, LookupError, RecursionError, AssertionError)


def read_pages(
    sources: Sequence[Source], downloads: Downloads, *, progress: ProgressCallback
) -> tuple[tuple[SourcePages, ...], tuple[str, ...]]:
    """Pages of each source that can be read, and readable lines about what can't.

    Raises:
        SourceError: no source could be read; the first one's error.
    """
    found: list[SourcePages] = []
    failures: list[str] = []
    errors: list[SourceError] = []
    count = 0
    progress(Progress("reading", 0, 0))
    for source in sources:
        try:
            pages = _load_pages(source, downloads, progress)
        except SourceError as error:
            errors.append(error)
            failures.append(f"{source.name}: {error}")
            continue
        found.append(pages)
        failures += pages.failures
        count += len(pages.pages)
        progress(Progress("reading", count, count))
    if errors and not found:
        raise errors[0]
    return tuple(found), tuple(failures)


@dataclass(frozen=True, slots=True)
class ChunkedPages:
    """Pages as they were divided.

    Attributes:
        chunks: of all pages.
        failures: readable lines about pages that have none.
        broken: source and path of pages that could not be read, which is tried again.
    """

    chunks: tuple[Chunk, ...]
    failures: tuple[str, ...]
    broken: frozenset[PageKey]


def chunk_pages(
    pages: Sequence[Page], chunker: Chunker, *, progress: ProgressCallback
) -> ChunkedPages:
    """Divide all pages; of one that can't be read, the report has a line."""
    chunks: list[Chunk] = []
    failures: list[str] = []
    broken: set[PageKey] = set()
    for number, page in enumerate(pages, 1):
        try:
            divided = chunker.split_document(read_document(page))
        except PageError as error:
            failures.append(f"{page.path}: {error}; left out")
            broken.add((page.source, page.path))
        except _PAGE_ERRORS as error:
            failures.append(f"{page.path}: could not be read ({error}); left out")
            broken.add((page.source, page.path))
        else:
            chunks += divided
            if not divided and page.data.strip():
                failures.append(f"{page.path}: the page has no text")
        progress(Progress("chunking", number, len(pages)))
    return ChunkedPages(tuple(chunks), tuple(failures), frozenset(broken))


def _load_pages(source: Source, downloads: Downloads, progress: ProgressCallback) -> SourcePages:
    def received(now: DownloadProgress) -> None:
        if now.pages:
            progress(Progress("reading", now.pages, 0))
        else:
            progress(Progress("downloading", now.bytes // 2**10, (now.total or 0) // 2**10))

    pages = prepare_pages(read_source(source, downloads, is_wanted=is_wanted, progress=received))
    if not any(page.data.strip() for page in pages.pages):
        raise SourceEmptyError(f"There is no text in the documents of {source.redacted_uri}.")
    return pages
