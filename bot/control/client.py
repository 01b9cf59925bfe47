"""The command line's side of the control socket: have commands run in `docent serve`."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.calls.requests import Ask, CallEvent, PageRequest
from bot.calls.schema import PageResult, SearchResult
from bot.control import endpoint
from bot.control.protocol import ControlRequest, decode, encode, read_lines
from bot.control.socket_path import build_socket_path, is_private_socket
from bot.errors import ControlError
from ingest.report import Progress, ProgressCallback
from ingest.settings import IngestSettings
from rag_core.models.known_answers import CheckResult
from rag_core.types import AnswerDone, AnswerEvent, Hit, Passage, Question

_CONNECT_SECONDS = 5.0

_LAST_KINDS = {"answer", "passages", "hits", "checks", "result", "found", "page", "answered"}


class ControlClient:
    """Client of the running service, with one connection per request.

    `stream`, `search` and `search_dense` are those of `rag_core.pipeline.Pipeline`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def find(cls, settings: IngestSettings) -> ControlClient | None:
        """Connect to the service of the index; return None without one.

        Raises:
            ControlError: a service is there but refuses connections.
        """
        path = build_socket_path(settings)
        if path is None or not is_private_socket(path):
            return None
        control = cls(path)
        try:
            control._connect().close()
        except (ConnectionRefusedError, FileNotFoundError):
            return None  # a killed service left its socket
        except OSError as error:
            raise ControlError(
                f"The running `docent serve` can't be reached at {path}: {error.strerror}."
            ) from error
        return control

    def stream(self, question: Question) -> Iterator[AnswerEvent]:
        """Yield the events of one answer; the last is `AnswerDone`.

        Raises:
            DocentError: the pipeline failed in the service.
            ControlError: the service ended before its reply was complete.
        """
        for kind, data in self._ask(ControlRequest("stream", question)):
            yield AnswerDone(data) if kind == "answer" else data

    def search(self, question: Question, *, limit: int = 10) -> tuple[Passage, ...]:
        """Return at most `limit` passages, best first."""
        request = ControlRequest("search", question, limit)
        passages: tuple[Passage, ...] = self._request_result(request)
        return passages

    def search_dense(self, question: Question, *, limit: int = 10) -> tuple[Hit, ...]:
        """Return the closest chunks by vectors alone, at most `limit`."""
        request = ControlRequest("by_embedding", question, limit)
        hits: tuple[Hit, ...] = self._request_result(request)
        return hits

    def search_docs(self, question: Question, *, limit: int) -> SearchResult:
        """Search for a program: passages, best first, with their revision and age."""
        request = ControlRequest("search_docs", question, limit)
        found: SearchResult = self._request_result(request)
        return found

    def read_page(self, page: PageRequest) -> PageResult:
        """Read a page, or a piece of it."""
        read: PageResult = self._request_result(ControlRequest("read_page", page=page))
        return read

    def ask_docs(self, ask: Ask) -> Iterator[CallEvent]:
        """Yield the events of one answer; the last is `Answered`."""
        for _, data in self._ask(ControlRequest("ask_docs", ask=ask)):
            yield data

    def run(
        self, request: ControlRequest, progress: ProgressCallback | None = None
    ) -> dict[str, Any]:
        """Sync, preview or roll back; return the result as the command's JSON.

        Raises:
            DocentError: the request failed in the service; the class is the original error's.
            ControlError: the service ended before its reply was complete.
        """
        result: dict[str, Any] = self._request_result(request, progress)
        return result

    def check(self, *, repair: bool) -> tuple[CheckResult, ...]:
        """Compare the index with the ledger."""
        request = ControlRequest("check", repair=repair)
        checks: tuple[CheckResult, ...] = self._request_result(request)
        return checks

    def _request_result(
        self, request: ControlRequest, progress: Callable[[Progress], None] | None = None
    ) -> Any:
        result = None
        for kind, data in self._ask(request):
            if kind == "progress" and progress is not None:
                progress(data)
            elif kind != "progress":
                result = data
        return result

    def _ask(self, request: ControlRequest) -> Iterator[tuple[str, Any]]:
        """Yield each reply of the service, and raise its failure.

        Closing the generator ends the work in the service.
        """
        kind = ""
        with suppress(OSError), self._connect() as connection:
            connection.settimeout(None)
            connection.sendall(self._seal(encode("request", request)))
            for line in read_lines(connection):
                kind, data = decode(line)
                if kind == "failure":
                    raise data.to_error()
                yield kind, data
        if kind not in _LAST_KINDS:
            raise ControlError("The running `docent serve` broke off: see its log.")

    def _seal(self, line: bytes) -> bytes:
        if endpoint.HAS_UNIX_SOCKETS:
            return line
        return endpoint.LoopbackDoor.read(self._path).seal(line)

    def _connect(self) -> socket.socket:
        if not endpoint.HAS_UNIX_SOCKETS:
            return endpoint.LoopbackDoor.read(self._path).connect(_CONNECT_SECONDS)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_CONNECT_SECONDS)
        try:
            connection.connect(str(self._path))
        except OSError:
            connection.close()
            raise
        return connection
