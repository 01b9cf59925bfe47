"""Sources become pages, and pages chunks; one that fails is a line in the report."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.chunk import Chunker
from ingest.documents import Page, PageError, Pages
from ingest.errors import SourceEmptyError, SourceError
from ingest.formats import is_wanted, read_document
from ingest.prepare import prepare
from ingest.report import Progress, ProgressCallback
from ingest.sources import Downloads, Source, read_source
from rag_core.types import Chunk

# What a parser may raise over one odd page. The others are indexed all the same.
_PAGE_ERRORS = (ValueError, TypeError, LookupError, RecursionError, AssertionError)


def read_pages(
    sources: Sequence[Source], downloads: Downloads, *, progress: ProgressCallback
) -> tuple[tuple[Pages, ...], tuple[str, ...]]:
    """Pages of each source that can be read, and readable lines about what can't.

    Raises:
        SourceError: no source could be read; the first one's error.
    """
    found: list[Pages] = []
    failures: list[str] = []
    errors: list[SourceError] = []
    count = 0
    progress(Progress("reading", 0, 0))
    for source in sources:
        try:
            pages = _read(source, downloads)
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


def chunk_pages(
    pages: Sequence[Page], chunker: Chunker, *, progress: ProgressCallback
) -> tuple[tuple[Chunk, ...], tuple[str, ...]]:
    """Chunks of all pages, and readable lines about pages that have none."""
    chunks: list[Chunk] = []
    failures: list[str] = []
    for number, page in enumerate(pages, 1):
        try:
            divided = chunker.chunks(read_document(page))
        except PageError as error:
            failures.append(f"{page.path}: {error}; left out")
        except _PAGE_ERRORS as error:
            failures.append(f"{page.path}: could not be read ({error}); left out")
        else:
            chunks += divided
            if not divided and page.data.strip():
                failures.append(f"{page.path}: the page has no text")
        progress(Progress("chunking", number, len(pages)))
    return tuple(chunks), tuple(failures)


def _read(source: Source, downloads: Downloads) -> Pages:
    pages = prepare(read_source(source, downloads, wanted=is_wanted))
    if not any(page.data.strip() for page in pages.pages):
        raise SourceEmptyError(f"There is no text in the documents of {source.shown_uri}.")
    return pages
