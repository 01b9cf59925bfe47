"""HTTP that can be cancelled while a server is silent."""

from __future__ import annotations

from collections.abc import Iterable
from ssl import SSLContext
from typing import Any

import httpcore2
import httpx2

from ingest.sources.http.cancellation import CHECK_SECONDS, CancelCheck


class CancellableTransport(httpx2.HTTPTransport):
    """A transport that checks for cancellation while it waits for a server.

    Args:
        check_cancelled: called before each read, and every `CHECK_SECONDS` of silence.
        proxy: address of a proxy; empty for none.
    """

    def __init__(self, check_cancelled: CancelCheck, *, proxy: str = "") -> None:
        super().__init__(proxy=proxy or None)
        # httpx2 has no option for it; a test makes sure that httpcore2 takes its sockets from here.
        vars(self._pool)["_network_backend"] = _Backend(check_cancelled)


class _Backend(httpcore2.SyncBackend):
    def __init__(self, check_cancelled: CancelCheck) -> None:
        self._check_cancelled = check_cancelled

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        self._check_cancelled()
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self._check_cancelled)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, check_cancelled: CancelCheck) -> None:
        self._stream = stream
        self._check_cancelled = check_cancelled

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        seconds_left = float("inf") if timeout is None else timeout
        while True:
            # Also while bytes come: a server may send one every now and then.
            self._check_cancelled()
            try:
                return self._stream.read(max_bytes, min(seconds_left, CHECK_SECONDS))
            except httpcore2.ReadTimeout:
                seconds_left -= CHECK_SECONDS
                if seconds_left <= 0:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _Stream(stream, self._check_cancelled)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
