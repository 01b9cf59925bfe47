"""Reading of pages with a deadline, in one process of its own that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from ingest.documents import HardPageError, Page, PageError
from ingest.errors import IngestError
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
from ingest.loading.reply_pipe import ReplyPipe
from ingest.loading.turns import Turns

PAGE_SECONDS = 20.0
"""Longest time that a page may compute to be read and divided."""

WALL_FACTOR = 10
"""A page that does not compute, or on a busy machine, ends after so many times its limit."""

_START_SECONDS = 60.0
_CHECK_SECONDS = 0.2
_MODULE = "ingest.loading.reading_process"
_ROOT = Path(__file__).parents[2]
_KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT", "TZ")
_FROM_OUTSIDE = {
    -9,
    -signal.SIGTERM,
}  # SIGKILL, which Windows lacks; the kernel's or a person's, not a parser's

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
        yield read_page(page.load(), chunker)


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
    not count. After some such pages of a source, each further one has a short turn; one that needs
    more is read when the others are, while the time of its source lasts.

    Args:
        pages: the pages to read.
        chunker: divides them.
        check_cancelled: called while docent waits; an exception from it ends the process.
        seconds: longest time that a page may compute.
        clock: returns the time in seconds.

    Yields:
        The outcome of each page.

    Raises:
        IngestError: the process can't be started.
    """
    reader = _Reader(chunker, check_cancelled, clock)
    turns = Turns(reader, seconds, clock)
    outcomes: dict[int, Outcome] = {}
    position = 0
    try:
        for number, outcome in turns.read(pages):
            outcomes[number] = outcome
            while position in outcomes:
                yield outcomes.pop(position)
                position += 1
    finally:
        reader.close()


class _Reader:
    """Reads pages by one process after the other."""

    def __init__(
        self, chunker: Chunker, check_cancelled: CancelCheck, clock: Callable[[], float]
    ) -> None:
        self._chunker = chunker
        self._check_cancelled = check_cancelled
        self._clock = clock
        self._process: _ReadingProcess | None = None
        self.was_late = False
        """True if the last page ended its process by taking too long."""

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
        self.was_late = outcome is None and self._process.is_late
        if outcome is None:
            outcome = self._process.describe_end()
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
        self._late = PageError()
        self.is_late = False
        self._process = _start_process()
        # With pipes, Popen always has both.
        self._requests = cast("BinaryIO", self._process.stdin)
        self._replies = ReplyPipe(cast("BinaryIO", self._process.stdout))
        try:
            is_ready = self._read_frame(_Limit(None, _START_SECONDS, clock)) == READY
        except BaseException:
            self.close()
            raise
        if not is_ready:
            self.close()
            raise _build_start_error("it ended at once")
        self._send(serialise_chunker(chunker))

    def read(self, page: Page, seconds: float) -> Outcome | None:
        """Return the outcome of a page; None if the process failed."""
        limit = _Limit(self._process.pid, seconds, self._clock)
        self._send(serialise_page(page))
        while (payload := self._read_frame(limit)) is not None:
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
            limit.extend(self._clock() - began)
        return None

    def describe_end(self) -> PageError:
        """Return the reason why there was no outcome."""
        if self.is_late:
            return self._late
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

    def _read_frame(self, limit: _Limit) -> bytes | None:
        head = self._read_bytes(LENGTH.size, limit)
        size = LENGTH.unpack(head)[0] if head else MAX_REPLY_BYTES + 1
        return self._read_bytes(size, limit) if size <= MAX_REPLY_BYTES else None

    def _read_bytes(self, size: int, limit: _Limit) -> bytes | None:
        """Return this many bytes; None if process or time ends before."""
        data = bytearray()
        while len(data) < size:
            block = self._replies.read(size - len(data), _CHECK_SECONDS)
            if block is None:
                self._check_cancelled()
            # Also where there is data: a process may ask for tokens without an end.
            if late := limit.find_excess():
                self.is_late, self._late = True, late
                return None
            if block == b"":
                return None
            data += block or b""
        return bytes(data)


class _Limit:
    """The time of a page: what its process computes, and much later what the clock says.

    So a page has the same time on a busy machine as on an idle one.
    """

    def __init__(self, pid: int | None, seconds: float, clock: Callable[[], float]) -> None:
        self._pid = pid
        self._seconds = seconds
        self._clock = clock
        self._used = self._read_used()
        self._wall = seconds if self._used is None else seconds * WALL_FACTOR
        self._deadline = clock() + self._wall

    def extend(self, seconds: float) -> None:
        """Move the end, since the process waited so long."""
        self._deadline += seconds

    def find_excess(self) -> PageError | None:
        """Return the error of too long a page; else None."""
        used = self._read_used()
        if used is not None and self._used is not None and used - self._used > self._seconds:
            return HardPageError(_describe_excess(self._seconds))
        return PageError(_describe_excess(self._wall)) if self._clock() > self._deadline else None

    def _read_used(self) -> float | None:
        return None if self._pid is None else _read_cpu_seconds(self._pid)


def _describe_excess(seconds: float) -> str:
    return f"took longer than {seconds:.3g} {'second' if seconds == 1 else 'seconds'} to read"


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


def _read_cpu_seconds(pid: int) -> float | None:
    """Return the processor time of a process; None where it is unknown."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):  # not Linux
        return None


def _build_start_error(reason: str) -> IngestError:
    return IngestError(f"The process that reads pages can't be started: {reason}.")
