"""HTTP clients that keep to a question's deadline, and end at once when it is cancelled.

The time-outs of HTTP clients begin anew with each byte, and a thread that waits for a silent server
can't be told to stop. So docent wraps the network backend of a client: each read gets what is left
of the time, and a cancelled question shuts its socket down.
"""

from __future__ import annotations

import socket
from typing import Any

from rag_core.cancellation import check_cancelled, stop_when_cancelled
from rag_core.deadline import is_time_over, limit_seconds


def make_interruptible(client: Any) -> None:
    """Wrap the network backend of a client of httpx2.

    httpx2 has no option for it that keeps proxies and other defaults as they are; a test makes
    sure that sockets come from here.
    """
    own, by_address = vars(client)["_transport"], vars(client)["_mounts"]
    for transport in (own, *by_address.values()):
        if pool := getattr(transport, "_pool", None):
            vars(pool)["_network_backend"] = _Backend(vars(pool)["_network_backend"])


class _Backend:
    """A network backend of httpcore2 that opens interruptible streams."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def connect_tcp(self, *place: Any, timeout: float | None = None, **options: Any) -> _Stream:
        check_cancelled()
        stream = self._backend.connect_tcp(*place, timeout=limit_seconds(timeout), **options)
        return _Stream(stream)

    def connect_unix_socket(
        self, *place: Any, timeout: float | None = None, **options: Any
    ) -> _Stream:
        check_cancelled()
        limit = limit_seconds(timeout)
        return _Stream(self._backend.connect_unix_socket(*place, timeout=limit, **options))


class _Stream:
    """A network stream of httpcore2."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        # A server that never pauses would meet no time-out.
        if is_time_over():
            raise TimeoutError("the time for the question is over")
        with stop_when_cancelled(self._shutdown):
            data: bytes = self._stream.read(max_bytes, timeout=limit_seconds(timeout))
        check_cancelled()
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with stop_when_cancelled(self._shutdown):
            self._stream.write(buffer, timeout=limit_seconds(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *context: Any, timeout: float | None = None, **options: Any) -> _Stream:
        with stop_when_cancelled(self._shutdown):
            stream = self._stream.start_tls(*context, timeout=limit_seconds(timeout), **options)
        return _Stream(stream)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _shutdown(self) -> None:
        """Wake the thread that reads, from another thread."""
        connection = self._stream.get_extra_info("socket")
        try:
            # That of SSLSocket would also take the encryption from under the reader.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
        except (OSError, TypeError):
            return  # closed meanwhile
