"""A web server without manners: endless headers and bodies, odd codings, floods."""

from __future__ import annotations

import socketserver
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from tests.servers.in_thread import ServerInThread


@dataclass(frozen=True)
class Answer:
    """The answer to a request.

    Attributes:
        head: sent first, as it stands.
        again: sent over and over, until the client leaves.
        times: most repetitions; 0 for no end.
    """

    head: bytes
    again: bytes = b""
    times: int = 0


class HostileServer(ServerInThread):
    """Serves `answers` by path on 127.0.0.1.

    Attributes:
        now: a clock that goes on by a second with each endless repetition.
    """

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = answers
        self.now = 0.0
        super().__init__(_Handler)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        with suppress(OSError):  # the client has left, as it should
            path = self.rfile.readline().split()[1].decode()
            while self.rfile.readline().strip():
                continue
            self._send(self.server.owner.answers.get(path, NOTHING))

    def _send(self, answer: Answer) -> None:
        self.wfile.write(answer.head)
        count = 0
        while answer.again and (not answer.times or count < answer.times):
            self.wfile.write(answer.again)
            count += 1
            if not answer.times and len(answer.again) < 1_000:
                self.server.owner.now += 1.0


NOTHING = Answer(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
