"""Reading of pages with a deadline, in one process of its own that can be killed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from ingest.documents import Document, Page, PageError
from ingest.errors import IngestError
from ingest.loading.frames import (
    LENGTH,
    MAX_REPLY_BYTES,
    parse_outcome,
    serialise_page,
    write_frame,
)
from ingest.loading.reading_process import MEMORY_BYTES, READY, read_page

PAGE_SECONDS = 20.0
"""Longest time that a page may take to read."""

_START_SECONDS = 60.0
_CHECK_SECONDS = 0.2
_MODULE = "ingest.loading.reading_process"
_ROOT = Path(__file__).parents[2]
_KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TZ")
_OUT_OF_MEMORY = {0, -signal.SIGKILL}  # the process ended itself, or the kernel did

CancelCheck = Callable[[], None]
"""Called while a page is read; an exception from it ends the reading."""

Outcome = Document | PageError
"""A document, or the reason why there is none."""

PageReader = Callable[[Sequence[Page], CancelCheck], Generator[Outcome, None, None]]
"""Yields the outcome of each page, in their order."""


def read_here(
    pages: Sequence[Page], check_cancelled: CancelCheck
) -> Generator[Outcome, None, None]:
    """Read pages in this process, without a deadline."""
    del check_cancelled
    yield from map(read_page, pages)


def read_apart(
    pages: Sequence[Page],
    check_cancelled: CancelCheck,
    *,
    seconds: float = PAGE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Outcome, None, None]:
    """Read pages in a process that ends with the last one.

    A page that takes too long or too much memory, or that ends the process, is an error; the next
    one is read by a new process. While the caller uses a document, the next page is read already.

    Args:
        pages: the pages to read.
        check_cancelled: called while docent waits; an exception from it ends the process.
        seconds: longest time for a page.
        clock: returns the time in seconds.

    Yields:
        The outcome of each page.

    Raises:
        IngestError: the process can't be started.
    """
    reader: _ReadingProcess | None = None
    try:
        for number, page in enumerate(pages):
            if reader is None:
                reader = _ReadingProcess(check_cancelled, clock)
                reader.send(page)
            outcome = reader.receive(page, seconds)
            if outcome is None:
                outcome = reader.describe_end(seconds)
                reader.close()
                reader = None
            elif number + 1 < len(pages):
                reader.send(pages[number + 1])
            yield outcome
    finally:
        if reader is not None:
            reader.close()


class _ReadingProcess:
    """One process that reads pages."""

    def __init__(self, check_cancelled: CancelCheck, clock: Callable[[], float]) -> None:
        self._check_cancelled = check_cancelled
        self._clock = clock
        self._is_late = False
        self._process = _start_process()
        # With pipes, Popen always has both.
        self._requests = cast("BinaryIO", self._process.stdin)
        self._replies = cast("BinaryIO", self._process.stdout)
        try:
            is_ready = self._read_frame(clock() + _START_SECONDS) == READY
        except BaseException:
            self.close()
            raise
        if not is_ready:
            self.close()
            raise _build_start_error("it ended at once")

    def send(self, page: Page) -> None:
        """Send a page to read."""
        try:
            write_frame(self._requests, serialise_page(page))
        except OSError:
            self._process.kill()  # it has ended: `receive` finds that

    def receive(self, page: Page, seconds: float) -> Outcome | None:
        """Return the outcome of a sent page; None if the process failed."""
        payload = self._read_frame(self._clock() + seconds)
        try:
            return parse_outcome(payload, page) if payload is not None else None
        except ValueError:
            return None

    def describe_end(self, seconds: float) -> PageError:
        """Return the reason why there was no outcome."""
        if self._is_late:
            return PageError(f"took longer than {seconds:g} seconds to read")
        self._process.kill()
        if self._process.wait() in _OUT_OF_MEMORY:
            return PageError(f"needs more than {MEMORY_BYTES // 2**30} GiB of memory to read")
        return PageError("made the process end that reads pages")

    def close(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        self._replies.close()
        with suppress(OSError):  # what was not sent is of no use any more
            self._requests.close()

    def _read_frame(self, deadline: float) -> bytes | None:
        head = self._read_bytes(LENGTH.size, deadline)
        size = LENGTH.unpack(head)[0] if head else MAX_REPLY_BYTES + 1
        return self._read_bytes(size, deadline) if size <= MAX_REPLY_BYTES else None

    def _read_bytes(self, size: int, deadline: float) -> bytes | None:
        """Return this many bytes; None if process or time ends before."""
        stream, data = self._replies.fileno(), bytearray()
        poller = select.poll()  # `select` knows the first 1,024 files only
        poller.register(stream, select.POLLIN)
        while len(data) < size:
            if not poller.poll(_CHECK_SECONDS * 1000):
                self._check_cancelled()
                self._is_late = self._clock() > deadline
                if self._is_late:
                    return None
                continue
            block = os.read(stream, min(size - len(data), 2**20))
            if not block:
                return None
            data += block
        return bytes(data)


def _start_process() -> subprocess.Popen[bytes]:
    # No secret of docent's is in the environment: a parser may have a fault.
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    paths = filter(None, (str(_ROOT), os.environ.get("PYTHONPATH")))
    environment |= {"PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"}
    try:
        return subprocess.Popen(  # noqa: S603  (no shell, and fixed arguments)
            [sys.executable, "-P", "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C is docent's: it ends the process itself
        )
    except OSError as error:
        raise _build_start_error(error.strerror or str(error)) from error


def _build_start_error(reason: str) -> IngestError:
    return IngestError(f"The process that reads pages can't be started: {reason}.")
