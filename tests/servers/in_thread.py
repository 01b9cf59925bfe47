"""A server of the standard library on 127.0.0.1, in a thread of its own."""

from __future__ import annotations

import socketserver
import threading
from typing import Self


class ServerInThread:
    """Serves from entry to exit; handlers find this object as `self.server.owner`."""

    def __init__(
        self,
        handler: type[socketserver.BaseRequestHandler],
        kind: type[socketserver.ThreadingTCPServer] = socketserver.ThreadingTCPServer,
    ) -> None:
        self._server = kind(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.owner = self
        # A short poll, so that a test ends soon after it is done.
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"
