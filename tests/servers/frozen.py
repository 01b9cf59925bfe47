"""Peers that freeze: a server that accepts and never answers, and a proxy that can stop."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class SilentServer:
    """A server that takes connections and never says a word."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._accepted: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for each in [self._listener, *self._accepted]:
            each.close()

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def wait_for_request(self) -> bytes:
        """Return the beginning of a request, once one has come."""
        self._listener.settimeout(10)
        connection, _ = self._listener.accept()
        self._accepted.append(connection)
        connection.settimeout(10)
        return connection.recv(65_536)


class FreezingProxy:
    """Forwards connections to a port, of this machine by default, until it is frozen.

    A frozen one keeps its connections open and takes new ones, but passes nothing on, as a server
    that was stopped with SIGSTOP. `break_off()` closes everything, as a server that was killed;
    `restart()` is that server back at its old address.
    """

    def __init__(self, target: int, *, host: str = "127.0.0.1") -> None:
        self._target = host, target
        self._flowing = threading.Event()
        self._flowing.set()
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._start(self._accept, self._listener)
        return self

    def __exit__(self, *exc: object) -> None:
        self._flowing.set()
        self.break_off()

    @property
    def url(self) -> str:
        """Address of the proxy."""
        return f"http://127.0.0.1:{self.port}"

    def freeze(self) -> None:
        """Pass nothing on."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Pass everything on, also what came meanwhile."""
        self._flowing.set()

    def break_off(self) -> None:
        """Close all connections, and refuse new ones."""
        for each in [self._listener, *self._connections]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._connections.clear()

    def restart(self) -> None:
        """Listen at the same port again."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._start(self._accept, self._listener)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                self._connections += [near, far]
                self._start(self._forward, near, far)
                self._start(self._forward, far, near)

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flowing.wait()
                sink.sendall(data)

    def _start(self, run, *args: object) -> None:
        threading.Thread(target=run, args=args, daemon=True).start()
