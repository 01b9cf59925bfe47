"""The replies of another process, read with a limit of time on every system."""

from __future__ import annotations

import os
import queue
import select
import threading
from typing import BinaryIO

_PIECE_BYTES = 2**20
_WAITING_PIECES = 16


class ReplyPipe:
    """Reads a pipe.

    Windows can't wait for a pipe and a time at once, so there a thread reads it.

    Args:
        stream: the pipe; it is closed with this object.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._rest = b""
        self._pieces: queue.Queue[bytes] | None = None
        if not hasattr(select, "poll"):
            self._pieces = queue.Queue(_WAITING_PIECES)
            threading.Thread(target=self._fill, args=(self._pieces,), daemon=True).start()

    def read(self, size: int, seconds: float) -> bytes | None:
        """Read what has come.

        Args:
            size: most bytes.
            seconds: longest time to wait for the first byte.

        Returns:
            Some bytes, b"" at the end of the pipe, and None if nothing came in time.
        """
        if self._pieces is None:
            return self._read_now(size) if self._has_data(seconds) else None
        if not self._rest:
            try:
                self._rest = self._pieces.get(timeout=seconds)
            except queue.Empty:
                return None
            if not self._rest:
                self._pieces.put(b"")  # the end stays the end
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self) -> None:
        """Close the pipe; its writer must have ended."""
        while self._pieces is not None and self._pieces.get():
            pass  # the thread ends at the end of the pipe
        self._stream.close()

    def _has_data(self, seconds: float) -> bool:
        poller = select.poll()  # `select` knows the first 1,024 files only
        poller.register(self._stream.fileno(), select.POLLIN)
        return bool(poller.poll(seconds * 1000))

    def _read_now(self, size: int) -> bytes:
        return os.read(self._stream.fileno(), min(size, _PIECE_BYTES))

    def _fill(self, pieces: queue.Queue[bytes]) -> None:
        while piece := self._read_now(_PIECE_BYTES):
            pieces.put(piece)
        pieces.put(b"")
