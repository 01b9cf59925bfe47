"""HTTP that can be ended while a server is silent."""

from __future__ import annotations

from collections.abc import Iterable
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from ingest.sources.http.cancellation import CHECK_SECONDS, CancelCheck


class CancellableTransport(httpx.HTTPTransport):
    """HTTP that looks about while a server is silent.

    Args:
        look: called twice a second then.
        proxy: address of a proxy; empty for none.
    """

    def __init__(self, look: CancelCheck, *, proxy: str = "") -> None:
        super().__init__(proxy=proxy or None)
        # httpx has no option for it; a test holds that this is where httpcore has its sockets from.
        vars(self._pool)["_network_backend"] = _Backend(look)


class _Backend(httpcore.SyncBackend):
    def __init__(self, look: CancelCheck) -> None:
        self._look = look

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        self._look()
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self._look)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, look: CancelCheck) -> None:
        self._stream = stream
        self._look = look

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = float("inf") if timeout is None else timeout
        while True:
            try:
                return self._stream.read(max_bytes, min(left, CHECK_SECONDS))
            except httpcore.ReadTimeout:
                left -= CHECK_SECONDS
                if left <= 0:
                    raise
            self._look()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _Stream(stream, self._look)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
