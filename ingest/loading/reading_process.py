"""The process that reads and divides pages, until docent closes its standard input."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO

from ingest.documents import Page, PageError
from ingest.formats import read_document
from ingest.loading.chunker import Chunker
from ingest.loading.frames import (
    Outcome,
    PageChunks,
    parse_chunker,
    parse_counts,
    parse_page,
    read_frame,
    serialise_outcome,
    serialise_texts,
    write_frame,
)
from ingest.loading.outline import NO_OUTLINE, build_outline

MEMORY_BYTES = 2**30
"""Memory that reading a page may take beyond what the process has at its start."""

READY = b"ready"
"""The first frame that the process writes, when it has started."""

OUT_OF_MEMORY = 77
"""The exit status of a process that reached its limit of memory."""

# Errors that a parser may raise over one odd page; the other pages are still indexed.
_PAGE_ERRORS = (ValueError, TypeError, LookupError, RecursionError, AssertionError)
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_COUNTED_CHARS = 500_000  # characters of texts that are counted at once


def read_page(page: Page, chunker: Chunker) -> Outcome:
    """Read and divide a page; return the error of a broken one."""
    try:
        document = read_document(page)
        chunks = chunker.split_document(document)
        outline = build_outline(page, document, chunks) if chunker.keeps_outline else NO_OUTLINE
        return PageChunks(chunks, document.notes, outline)
    except PageError as error:
        return error
    except _PAGE_ERRORS as error:
        return PageError(f"could not be read ({error})")


class _AskedTokenizer:
    """The tokenizer of docent's process, which alone has the model's files."""

    def __init__(self, requests: BinaryIO, replies: BinaryIO, max_tokens: int) -> None:
        self._requests = requests
        self._replies = replies
        self.max_tokens = max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Ask for the tokens of each text, batch by batch.

        Raises:
            BrokenPipeError: docent reads no more pages.
        """
        counts: list[int] = []
        for batch in _split_texts(texts):
            write_frame(self._replies, serialise_texts(batch))
            payload = read_frame(self._requests)
            if payload is None:
                raise BrokenPipeError
            counts += parse_counts(payload)
        return counts


def _split_texts(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    length = 0
    for text in texts:
        if batch and length + len(text) > _COUNTED_CHARS:
            yield batch
            batch, length = [], 0
        batch.append(text)
        length += len(text) + 1
    if batch:
        yield batch


def serve_pages(requests: BinaryIO, replies: BinaryIO) -> None:
    """Read and divide pages until the stream ends.

    The first frame says how pages are divided. While a page is divided, a frame may ask for the
    tokens of texts; the next request answers it.

    Raises:
        MemoryError: what was allocated is lost in pieces, so a new process should go on.
    """
    write_frame(replies, READY)
    settings = read_frame(requests)
    if settings is None:
        return
    max_tokens, budget, keeps_outline = parse_chunker(settings)
    tokenizer = _AskedTokenizer(requests, replies, max_tokens)
    chunker = Chunker(tokenizer, budget=budget, keeps_outline=keeps_outline)
    while (payload := read_frame(requests)) is not None:
        page = parse_page(payload)
        try:
            reply = serialise_outcome(read_page(page, chunker), page)
        except RecursionError:
            reply = serialise_outcome(PageError("is nested too deeply"), page)
        write_frame(replies, reply)


def main() -> None:
    """Serve pages on standard input and output, within the limit of memory."""
    _end_with_parent()
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a parser prints must not stand between the frames.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _limit_memory()
    try:
        serve_pages(sys.stdin.buffer, replies)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BrokenPipeError:
        pass  # docent has ended, or does so now
    # Not by `sys.exit`: tearing down the modules would take longer than the rest.
    os._exit(0)


def _end_with_parent() -> None:
    """End with docent, also if it is killed; Linux only."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _limit_memory() -> None:
    """Limit the memory to `MEMORY_BYTES` more than now, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with suppress(OSError, ValueError):
        with open("/proc/self/statm") as file:  # noqa: PTH123  (no path, a view of the kernel)
            pages = int(file.read().split()[0])
        limit = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
