"""The process that reads pages: one after the other, until docent closes its standard input."""

from __future__ import annotations

import os
import resource
import signal
import sys
from contextlib import suppress
from typing import BinaryIO

from ingest.documents import Document, Page, PageError
from ingest.formats import read_document
from ingest.loading.frames import parse_page, read_frame, serialise_outcome, write_frame

MEMORY_BYTES = 2**30
"""Memory that reading a page may take beyond what the process has at its start."""

READY = b"ready"
"""The first frame that the process writes, when it has started."""

# Errors that a parser may raise over one odd page; the other pages are still indexed.
_PAGE_ERRORS = (ValueError, TypeError, LookupError, RecursionError, AssertionError)
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def read_page(page: Page) -> Document | PageError:
    """Read a page; return the error of a broken one."""
    try:
        return read_document(page)
    except PageError as error:
        return error
    except _PAGE_ERRORS as error:
        return PageError(f"could not be read ({error})")


def serve_pages(requests: BinaryIO, replies: BinaryIO) -> None:
    """Read pages until the stream ends, or the memory does."""
    write_frame(replies, READY)
    while (payload := read_frame(requests)) is not None:
        try:
            reply = serialise_outcome(read_page(parse_page(payload)))
        except MemoryError:
            return  # what was allocated is lost in pieces: a new process goes on
        except RecursionError:
            reply = serialise_outcome(PageError("is nested too deeply"))
        write_frame(replies, reply)


def main() -> None:
    """Serve pages on standard input and output, within the limit of memory."""
    _end_with_parent()
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a parser prints must not stand between the frames.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _limit_memory()
    with suppress(BrokenPipeError):
        serve_pages(sys.stdin.buffer, replies)
    # Not by `sys.exit`: tearing down the modules would take longer than the rest.
    os._exit(0)


def _end_with_parent() -> None:
    """End with docent, also if it is killed; Linux only."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _limit_memory() -> None:
    """Limit the memory to `MEMORY_BYTES` more than now, where the system can."""
    with suppress(OSError, ValueError):
        with open("/proc/self/statm") as file:  # noqa: PTH123  (no path, a view of the kernel)
            pages = int(file.read().split()[0])
        limit = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
