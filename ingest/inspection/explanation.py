"""The explanation of a page: how docent reads it, without an index."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Any

from ingest.documents import Page, PageError
from ingest.inspection.page_search import find_page
from ingest.loading.chunker import Chunker, Tokenizer
from ingest.loading.loader import read_pages
from ingest.loading.outline import HeadingOutline, LeftOutText
from ingest.loading.reading import read_apart
from ingest.report import ProgressCallback, ignore_progress
from ingest.sources import Downloads, Source
from rag_core.types import Chunk

NO_TEXT = "the page has no text of its own, so it gives no chunks"
"""The note on a page that is empty or only leads to other pages."""


@dataclass(frozen=True, slots=True)
class ChunkExplanation:
    """A chunk of the page, as it is embedded.

    Attributes:
        number: its place on the page, from 1.
        tokens: tokens of its heading path and text.
        heading_path: title and headings above it.
        url: its address.
        text: its text.
    """

    number: int
    tokens: int
    heading_path: str
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A page as docent reads it.

    Attributes:
        source: name of its source.
        path: its path in the source.
        url: its address.
        title: its title.
        maker: name of the site maker; empty if unknown.
        anchors: the rule of its anchors.
        headings: its headings with their anchors.
        chunks: its chunks.
        left_out: text that is in no chunk, and why.
        notes: lines of the report about the page.
        error: the reason if the page can't be read, else empty.
    """

    source: str
    path: str
    url: str
    title: str
    maker: str
    anchors: str
    headings: tuple[HeadingOutline, ...] = ()
    chunks: tuple[ChunkExplanation, ...] = ()
    left_out: tuple[LeftOutText, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as plain data."""
        return asdict(self)


def explain_page(
    text: str,
    sources: Sequence[Source],
    downloads: Downloads,
    tokenizer: Tokenizer,
    *,
    progress: ProgressCallback = ignore_progress,
) -> Explanation:
    """Read one page of some sources, and explain how it is read.

    Args:
        text: path of the page, see `find_page`.
        sources: the sources to search; only the one that the text names is read, if it names one.
        downloads: snapshots of remote sources.
        tokenizer: counts tokens as the embedder does.
        progress: gets the progress of reading the sources.

    Returns:
        The explanation.

    Raises:
        PageNotFoundError: no page fits, or several.
        SourceError: no source could be read.
    """
    named = [source for source in sources if text.startswith(f"{source.name}:")]
    loaded, failures = read_pages(named or sources, downloads, progress=progress)
    page = find_page(text, [page for pages in loaded for page in pages.pages], failures)
    chunker = Chunker(tokenizer, keeps_outline=True)
    with closing(read_apart([page], chunker, lambda: None)) as outcomes:
        outcome = next(outcomes)
    plain = Explanation(
        page.source,
        page.path,
        page.url,
        page.title or page.stem,
        page.maker,
        page.anchors,
        notes=_list_notes(page, failures),
    )
    if isinstance(outcome, PageError):
        return replace(plain, error=str(outcome))
    return replace(
        plain,
        title=outcome.outline.title,
        headings=outcome.outline.headings,
        chunks=_explain_chunks(outcome, tokenizer),
        left_out=outcome.outline.left_out,
        notes=(*plain.notes, *outcome.notes, *([] if outcome else [NO_TEXT])),
    )


def _explain_chunks(chunks: Sequence[Chunk], tokenizer: Tokenizer) -> tuple[ChunkExplanation, ...]:
    counts = tokenizer.count_tokens([chunk.embedding_text for chunk in chunks])
    return tuple(
        ChunkExplanation(chunk.position + 1, tokens, chunk.heading_path, chunk.url, chunk.text)
        for chunk, tokens in zip(chunks, counts, strict=True)
    )


def _list_notes(page: Page, failures: Sequence[str]) -> tuple[str, ...]:
    beginning = f"{page.path}: "
    return tuple(line.removeprefix(beginning) for line in failures if line.startswith(beginning))
