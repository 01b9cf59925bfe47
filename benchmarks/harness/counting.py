"""Counters for a sync: writes to the store, and bytes of bodies that it downloads."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from rag_core.protocols import VectorStore

_WRITING = {"create", "delete", "insert", "seal", "switch", "write_spec", "drop"}


class CountedStore:
    """A store whose writing calls are counted."""

    def __init__(self, store: VectorStore) -> None:
        self._store = store
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        self.writes += name in _WRITING
        return getattr(self._store, name)


class Server(ThreadingHTTPServer):
    """Serves one file, with an ETag; counts what it sends."""

    def __init__(self, file: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.data = file.read_bytes()
        self.etag = f'"{hashlib.sha256(self.data).hexdigest()}"'
        self.body_bytes = 0

    @property
    def address(self) -> Any:
        """Address of the file."""
        return f"http://127.0.0.1:{self.server_port}/docs.zip"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers["If-None-Match"] == self.server.etag:
            self._head(HTTPStatus.NOT_MODIFIED, 0)
            return
        self._head(HTTPStatus.OK, len(self.server.data))
        self.server.body_bytes += len(self.server.data)
        self.wfile.write(self.server.data)

    def _head(self, status: HTTPStatus, length: int) -> None:
        self.send_response(status)
        self.send_header("ETag", self.server.etag)
        if status == HTTPStatus.OK:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def counting_server(file: Path) -> Iterator[Server]:
    """The server for the time of a `with` block."""
    server = Server(file)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
