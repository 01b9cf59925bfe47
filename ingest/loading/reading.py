"""Reading of pages with a deadline, in one process of its own that can be killed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from ingest.documents import HardPageError, Page, PageError
from ingest.errors import IngestError
from ingest.formats import BINARY, detect_format
from ingest.loading.chunker import Chunker
from ingest.loading.frames import (
    LENGTH,
    MAX_REPLY_BYTES,
    Outcome,
    TextsToCount,
    parse_reply,
    serialise_chunker,
    serialise_counts,
    serialise_page,
    write_frame,
)
from ingest.loading.reading_process import MEMORY_BYTES, OUT_OF_MEMORY, READY, read_page

PAGE_SECONDS = 20.0
"""Longest time that a page may take to read and divide."""

BYTES_PER_DEADLINE = 2 * 2**20
"""A PDF or office file has `PAGE_SECONDS` more for each so many bytes."""

MAX_PAGE_SECONDS = 120.0
"""Longest time for the largest of them."""

MOST_LATE = 5
"""Pages of a source that may take all of their time in a sync, or end the process."""

SHORT_SECONDS = 1.0
"""Longest time for each page of the source after those."""

MOST_ENDED = 50
"""Pages of a source that may end the process in a sync, after which no more of it are read."""

_START_SECONDS = 60.0
_CHECK_SECONDS = 0.2
_MODULE = "ingest.loading.reading_process"
_ROOT = Path(__file__).parents[2]
_KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TZ")
_FROM_OUTSIDE = {-signal.SIGKILL, -signal.SIGTERM}  # the kernel's or a person's, not a parser's

CancelCheck = Callable[[], None]
"""Called while a page is read; an exception from it ends the reading."""

PageReader = Callable[[Sequence[Page], Chunker, CancelCheck], Generator[Outcome, None, None]]
"""Yields the outcome of each page, in their order."""


def read_here(
    pages: Sequence[Page], chunker: Chunker, check_cancelled: CancelCheck
) -> Generator[Outcome, None, None]:
    """Read and divide pages in this process, without a deadline.

    Args:
        pages: the pages to read.
        chunker: divides them.
        check_cancelled: not called.

    Yields:
        The outcome of each page.
    """
    del check_cancelled
    for page in pages:
        yield read_page(page, chunker)


def read_apart(
    pages: Sequence[Page],
    chunker: Chunker,
    check_cancelled: CancelCheck,
    *,
    seconds: float = PAGE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Outcome, None, None]:
    """Read and divide pages in a process of its own.

    A page that takes too long or too much memory, or that ends the process, is an error; the next
    one is read by a new process. The chunker's tokens are counted here, and the time of that does
    not count.

    Args:
        pages: the pages to read.
        chunker: divides them.
        check_cancelled: called while docent waits; an exception from it ends the process.
        seconds: longest time for a page.
        clock: returns the time in seconds.

    Yields:
        The outcome of each page.

    Raises:
        IngestError: the process can't be started.
    """
    reader = _Reader(chunker, check_cancelled, clock)
    patience = _Patience(seconds)
    try:
        for page in pages:
            allowed = patience.limit_seconds(page)
            if allowed is None:
                yield PageError(f"was not read, because {MOST_ENDED} pages before it were too much")
                continue
            outcome = reader.read(page, allowed)
            if reader.has_ended:
                patience.record_end(page)
            yield outcome
    finally:
        reader.close()


class _Patience:
    """The time that pages have, which gets shorter the more pages of a source end the process."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ended: Counter[str] = Counter()

    def limit_seconds(self, page: Page) -> float | None:
        """Return the seconds for a page; None to leave it out."""
        ended = self._ended[page.source]
        if ended >= MOST_ENDED:
            return None
        if ended >= MOST_LATE:
            return min(SHORT_SECONDS, self._seconds)
        if detect_format(page.path, page.media_type) not in BINARY:
            return self._seconds
        more = len(page.data) / BYTES_PER_DEADLINE
        return min(self._seconds * (1 + more), max(MAX_PAGE_SECONDS, self._seconds))

    def record_end(self, page: Page) -> None:
        """Record that a page ended the process."""
        self._ended[page.source] += 1


class _Reader:
    """Reads pages by one process after the other."""

    def __init__(
        self, chunker: Chunker, check_cancelled: CancelCheck, clock: Callable[[], float]
    ) -> None:
        self._chunker = chunker
        self._check_cancelled = check_cancelled
        self._clock = clock
        self._process: _ReadingProcess | None = None

    @property
    def has_ended(self) -> bool:
        """True if the last page ended its process."""
        return self._process is None

    def read(self, page: Page, seconds: float) -> Outcome:
        """Return the outcome of a page; read again after a kill."""
        outcome = self._try(page, seconds)
        return self._try(page, seconds) if isinstance(outcome, _KilledError) else outcome

    def _try(self, page: Page, seconds: float) -> Outcome:
        if self._process is None:
            self._process = _ReadingProcess(self._chunker, self._check_cancelled, self._clock)
        outcome = self._process.read(page, seconds)
        if outcome is None:
            outcome = self._process.describe_end(seconds)
            self.close()
        return outcome

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.close()
            self._process = None


class _KilledError(PageError):
    """The process was ended from outside, which need not be the page's fault."""


class _ReadingProcess:
    """One process that reads and divides pages."""

    def __init__(
        self, chunker: Chunker, check_cancelled: CancelCheck, clock: Callable[[], float]
    ) -> None:
        self._chunker = chunker
        self._check_cancelled = check_cancelled
        self._clock = clock
        self._is_late = False
        self._used = 0.0
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
        self._send(serialise_chunker(chunker))

    def read(self, page: Page, seconds: float) -> Outcome | None:
        """Return the outcome of a page; None if the process failed."""
        self._used = _read_cpu_seconds(self._process.pid)
        self._send(serialise_page(page))
        deadline = self._clock() + seconds
        while (payload := self._read_frame(deadline)) is not None:
            try:
                reply = parse_reply(payload, page)
            except ValueError:
                return None
            if not isinstance(reply, TextsToCount):
                return reply
            # A question in Slack may come first, which is not the page's fault.
            began = self._clock()
            self._check_cancelled()
            self._send(serialise_counts(self._chunker.tokenizer.count_tokens(reply)))
            deadline += self._clock() - began
        return None

    def describe_end(self, seconds: float) -> PageError:
        """Return the reason why there was no outcome."""
        if self._is_late:
            # A page that was late on a busy machine, or in a short time, may be read another time.
            used = _read_cpu_seconds(self._process.pid) - self._used
            is_hard = seconds >= PAGE_SECONDS and used >= seconds / 2
            sentence = f"took longer than {seconds:.3g} seconds to read"
            return HardPageError(sentence) if is_hard else PageError(sentence)
        self._process.kill()
        status = self._process.wait()
        if status == OUT_OF_MEMORY:
            gibibytes = MEMORY_BYTES // 2**30
            return HardPageError(f"needs more than {gibibytes} GiB of memory to read")
        if status in _FROM_OUTSIDE:
            ended = f"the process that read it was ended by signal {-status}"
            return _KilledError(f"{ended}; perhaps the machine has too little memory")
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return PageError(f"made the process end that reads pages ({how})")

    def close(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        self._replies.close()
        with suppress(OSError):  # what was not sent is of no use any more
            self._requests.close()

    def _send(self, payload: bytes) -> None:
        # If the process has ended, the next reading finds that.
        with suppress(OSError):
            write_frame(self._requests, payload)

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
            has_data = poller.poll(_CHECK_SECONDS * 1000)
            if not has_data:
                self._check_cancelled()
            # Also where there is data: a process may ask for tokens without an end.
            self._is_late = self._clock() > deadline
            if self._is_late:
                return None
            if not has_data:
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


def _read_cpu_seconds(pid: int) -> float:
    """Return the processor time of a process; 0 where it is unknown."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def _build_start_error(reason: str) -> IngestError:
    return IngestError(f"The process that reads pages can't be started: {reason}.")
