"""Loading of sources and pages; each failure becomes a line in the report."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.documents import HardPageError, Page, PageError, SourcePages, WaitingPageError
from ingest.errors import SourceEmptyError, SourceError
from ingest.formats import is_wanted
from ingest.loading.chunker import Chunker
from ingest.loading.frames import Outcome, PageChunks
from ingest.loading.left_out import LeftOutFiles
from ingest.loading.near_empty import is_near_empty
from ingest.loading.pages import prepare_pages
from ingest.loading.reading import CancelCheck, PageReader, read_here
from ingest.loading.stored_chunks import StoredChunks
from ingest.loading.turns import NO_TURN, SHORT_TURN, TURNS
from ingest.report import Progress, ProgressCallback
from ingest.sources import DownloadProgress, Downloads, Source, SourceFiles, read_source
from ingest.sources.source import DownloadCallback
from ingest.spool import Spool
from rag_core.english import format_count
from rag_core.types import Chunk, PageKey

MAX_NOTES = 1_000
"""Most notes about chunks."""

_SHOWN_CHARACTERS = 60
_NONE_HARD: Mapping[str, str] = {}


def read_pages(
    sources: Sequence[Source], downloads: Downloads, *, progress: ProgressCallback
) -> tuple[tuple[SourcePages, ...], tuple[str, ...]]:
    """Read the pages of all sources that can be read.

    Args:
        sources: the sources to read.
        downloads: snapshots of remote sources.
        progress: gets the number of pages read so far.

    Returns:
        The pages of each source that could be read, and a readable line for each failure.

    Raises:
        SourceError: no source could be read; this is the error of the first one.
    """
    loaded: list[SourcePages] = []
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
        loaded.append(pages)
        failures += pages.failures
        count += len(pages.pages)
        progress(Progress("reading", count, count))
    if errors and not loaded:
        raise errors[0]
    return tuple(loaded), tuple(failures)


@dataclass(frozen=True, slots=True)
class ChunkedPages:
    """The chunks of some pages.

    Attributes:
        chunks: of all pages.
        failures: a readable line for each page without chunks, and for each note of a page.
        notes: a readable line for each page with a near-empty chunk.
        broken: source and path of the pages that could not be read; the next sync tries again.
        hard: of the pages that took too much time or memory, or that had no full turn, the reason
            by source and hash.
    """

    chunks: Sequence[Chunk]
    failures: tuple[str, ...]
    notes: tuple[str, ...]
    broken: frozenset[PageKey]
    hard: Mapping[tuple[str, str], str]


def chunk_pages(  # noqa: PLR0913  (the settings of one division)
    pages: Sequence[Page],
    chunker: Chunker,
    *,
    progress: ProgressCallback,
    read_documents: PageReader = read_here,
    hard: Mapping[str, str] = _NONE_HARD,
    folder: Path | None = None,
) -> ChunkedPages:
    """Divide all pages into chunks.

    Args:
        pages: the pages to read and divide.
        chunker: divides them.
        progress: gets the number of pages divided so far, and again while a page is read.
        read_documents: reads and divides the pages.
        hard: hashes of pages that are not tried again, or that are read first, each with the
            reason.
        folder: where the chunks wait; None for the system's temporary files.

    Returns:
        The chunks, and a line for the report about each page that has none.
    """
    chunks = StoredChunks(Spool(folder))
    failures: list[str] = []
    notes: list[str] = []
    broken: set[PageKey] = set()
    found_hard: dict[tuple[str, str], str] = {}
    done = 0

    def repeat_progress() -> None:
        progress(Progress("chunking", done, len(pages)))

    pages = _order_by_turn(pages, hard)
    with closing(_read_all(pages, chunker, repeat_progress, read_documents, hard)) as outcomes:
        for page, outcome in zip(pages, outcomes, strict=True):
            if isinstance(outcome, PageError):
                failures.append(f"{page.path}: {outcome}; left out")
                broken.add((page.source, page.path))
                if isinstance(outcome, HardPageError | WaitingPageError):
                    name = page.content_hash
                    # A page that had its short turn stays behind those that had none.
                    had_turn = hard.get(name) == SHORT_TURN and str(outcome) == NO_TURN
                    found_hard[page.source, name] = SHORT_TURN if had_turn else str(outcome)
            else:
                chunks.extend(outcome)
                failures += (f"{page.path}: {note}" for note in outcome.notes)
                notes += _describe_near_empty(page, outcome)
                if not outcome and page.data.strip():
                    failures.append(f"{page.path}: the page has no text")
            done += 1
            repeat_progress()
    return ChunkedPages(
        chunks, tuple(failures), tuple(notes[:MAX_NOTES]), frozenset(broken), found_hard
    )


def _describe_near_empty(page: Page, chunks: PageChunks) -> Iterator[str]:
    texts = [chunk.text for chunk in chunks if is_near_empty(chunk.text)]
    if texts:
        beginning = " ".join(texts[0].split())[:_SHOWN_CHARACTERS]
        count = format_count(len(texts), "chunk")
        yield f"{page.path}: {count} of {len(chunks):,} near-empty, such as “{beginning}”"


def _order_by_turn(pages: Sequence[Page], hard: Mapping[str, str]) -> Sequence[Page]:
    """Return the pages, those without a full turn first."""
    if not any(reason in TURNS for reason in hard.values()):
        return pages

    def find_turn(page: Page) -> int:
        reason = hard.get(page.content_hash)
        return TURNS.index(reason) if reason in TURNS else len(TURNS)

    return sorted(pages, key=find_turn)


def _read_all(
    pages: Sequence[Page],
    chunker: Chunker,
    check_cancelled: CancelCheck,
    read_documents: PageReader,
    hard: Mapping[str, str],
) -> Generator[Outcome, None, None]:
    """Yield the outcome of each page; read no hard one."""
    hard = {name: reason for name, reason in hard.items() if reason not in TURNS}
    hashes = [page.content_hash if hard else "" for page in pages]
    to_read = [page for page, name in zip(pages, hashes, strict=True) if name not in hard]
    with closing(read_documents(to_read, chunker, check_cancelled)) as outcomes:
        for name in hashes:
            yield HardPageError(hard[name]) if name in hard else next(outcomes)


def read_wanted_files(
    source: Source, downloads: Downloads, *, progress: DownloadCallback
) -> tuple[SourceFiles, LeftOutFiles]:
    """Read the documents of a source, and the files beside them.

    Args:
        source: the source.
        downloads: snapshots of remote sources.
        progress: called during a download; an exception from it ends the reading.

    Returns:
        The files, and those that docent has no reader for.

    Raises:
        SourceEmptyError: there are no documents; the sentence says what there is.
        SourceError: the source can't be read.
    """
    left_out = LeftOutFiles(source, is_wanted)
    try:
        return read_source(source, downloads, is_wanted=left_out.check, progress=progress), left_out
    except SourceEmptyError as error:
        if kinds := left_out.describe():
            raise SourceEmptyError(
                f"There are no documents in {source.redacted_uri}: it has {kinds}."
            ) from error
        raise


def _load_pages(source: Source, downloads: Downloads, progress: ProgressCallback) -> SourcePages:
    def report(state: DownloadProgress) -> None:
        if state.pages:
            progress(Progress("reading", state.pages, 0))
        else:
            progress(Progress("downloading", state.bytes // 2**10, (state.total or 0) // 2**10))

    files, left_out = read_wanted_files(source, downloads, progress=report)
    pages = prepare_pages(files)
    if not any(page.data.strip() for page in pages.pages):
        raise SourceEmptyError(f"There is no text in the documents of {source.redacted_uri}.")
    return replace(
        pages,
        failures=(*pages.failures, *_list_left_out(source, left_out)),
        notes=(*pages.notes, *_describe_addresses(pages)),
    )


def _list_left_out(source: Source, left_out: LeftOutFiles) -> Iterator[str]:
    if kinds := left_out.describe():
        yield f"{source.name}: {kinds}"


def _describe_addresses(pages: SourcePages) -> Iterator[str]:
    count = sum(not page.url.startswith(("http://", "https://")) for page in pages.pages)
    if count:
        yield (
            f"{pages.source}: {format_count(count, 'page has', 'pages have')} no web address, so "
            "answers can't link there: give the source a `site` or a `url` in DOCENT_SOURCES"
        )
