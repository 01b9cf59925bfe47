"""The service's side of the control socket: threads that execute the command line's requests."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bot.calls.requests import Answered, Ask, CallEvent, PageRequest
from bot.calls.requests import Progress as CallProgress
from bot.calls.schema import PageResult, SearchResult
from bot.control import endpoint
from bot.control.protocol import ControlRequest, Failure, build_version_error, decode, encode
from bot.control.socket_path import is_safe_folder
from bot.errors import ControlError, SyncStoppedError
from bot.index_service import IndexService
from bot.scope_check import check_scope
from ingest.report import Progress, ProgressCallback
from rag_core.errors import DocentError
from rag_core.types import AnswerDone, AnswerEvent, Hit, Passage, Question, RerankStarted, TextDelta

READ_SECONDS = 10.0
"""For the whole request; the work has no limit."""

MAX_REQUEST = 2**20
MAX_CONNECTIONS = 32
"""Each has a thread."""

_ROOT = 0

Part = TypeVar("Part")

logger = logging.getLogger(__name__)


class SearchPipeline(Protocol):
    """The part of the pipeline that the command line uses."""

    def stream(self, question: Question) -> Iterator[AnswerEvent]:
        """Yield the events of one answer."""

    def search(self, question: Question, *, limit: int) -> tuple[Passage, ...]:
        """Return passages, best first."""

    def search_dense(self, question: Question, *, limit: int) -> tuple[Hit, ...]:
        """Return the closest chunks by vectors alone."""


class CallLibrary(Protocol):
    """The library of the service, for threads."""

    def search_now(self, question: Question, *, limit: int) -> SearchResult:
        """Search for passages."""

    def read_page_now(self, page: PageRequest) -> PageResult:
        """Read a page, or a piece of it."""

    def stream(self, ask: Ask) -> Generator[CallEvent, None, None]:
        """Yield the events of one answer, with a beat in each silence."""


@dataclass(frozen=True, slots=True)
class RequestExecutor:
    """Executes the requests of the command line.

    Attributes:
        pipeline: answers and searches.
        index: syncs, checks and rolls back.
        library: what programs ask.
    """

    pipeline: SearchPipeline
    index: IndexService
    library: CallLibrary

    def execute(self, request: ControlRequest, send: Callable[[str, Any], None]) -> None:
        """Execute the request, and send its results.

        Raises:
            DocentError: the request failed.
            OSError: the client hung up, which also ends a sync.
        """
        match request.command:
            case "stream":
                self._stream_answer(self._read_question(request), send)
            case "search":
                question = self._read_question(request)
                send("passages", self.pipeline.search(question, limit=request.limit))
            case "by_embedding":
                question = self._read_question(request)
                send("hits", self.pipeline.search_dense(question, limit=request.limit))
            case "search_docs":
                question = _require(request.question)
                send("found", self.library.search_now(question, limit=request.limit))
            case "read_page":
                send("page", self.library.read_page_now(_require(request.page)))
            case "ask_docs":
                self._stream_call(_require(request.ask), send)
            case "roll_back":
                send("result", self.index.roll_back().as_json())
            case "check":
                send("checks", self.index.check(repair=request.repair))
            case "sync":
                outcome = self.index.sync_or_preview(
                    _require(request.sync), _build_progress_sender(send)
                )
                send("result", outcome.as_json())

    def _read_question(self, request: ControlRequest) -> Question:
        question = _require(request.question)
        check_scope(self.index.store, question.scope)
        return question

    def _stream_call(self, ask: Ask, send: Callable[[str, Any], None]) -> None:
        events = self.library.stream(ask)
        with contextlib.closing(events):
            for event in events:
                send(_name_call_event(event), event)

    def _stream_answer(self, question: Question, send: Callable[[str, Any], None]) -> None:
        for event in self.pipeline.stream(question):
            if isinstance(event, AnswerDone):
                send("answer", event.answer)
            elif isinstance(event, TextDelta):
                send("text", event)
            else:
                send("ranking" if isinstance(event, RerankStarted) else "searching", event)


class ControlServer:
    """Listens on a Unix socket that only its owner can open, or on a port with a secret."""

    def __init__(self, path: Path, executor: RequestExecutor) -> None:
        self._path = path
        self._executor = executor
        self._server: _Server | None = None

    def start(self) -> None:
        """Start listening, on a thread of its own.

        Raises:
            ControlError: the socket can't be created.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not is_safe_folder(self._path.parent):
                raise ControlError(
                    f"The folder {self._path.parent} is open to another user of this machine: "
                    "delete it."
                )
            # Only the process that holds the index creates the socket: this one is a leftover.
            self._path.unlink(missing_ok=True)
            self._server = _Server(self._path, self._executor)
        except OSError as error:
            raise ControlError(
                f"The control socket {self._path} can't be created: {error.strerror or error}."
            ) from error
        threading.Thread(
            target=self._server.serve_forever, name="control", daemon=True, args=(0.2,)
        ).start()

    def close(self) -> None:
        """Stop taking requests; running ones end by themselves."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 2 * MAX_CONNECTIONS

    def __init__(self, path: Path, executor: RequestExecutor) -> None:
        self.executor = executor
        self.door: endpoint.LoopbackDoor | None = None
        self._slots = threading.Semaphore(MAX_CONNECTIONS)
        if endpoint.HAS_UNIX_SOCKETS:
            self.address_family = socket.AF_UNIX
        # Port 0 is any free one.
        address: Any = str(path) if endpoint.HAS_UNIX_SOCKETS else ("127.0.0.1", 0)
        super().__init__(address, _Handler, bind_and_activate=False)
        self.server_bind()
        if endpoint.HAS_UNIX_SOCKETS:
            path.chmod(0o600)  # before a client can connect
        else:
            self.door = endpoint.LoopbackDoor.create(self.socket.getsockname()[1], path)
        self.server_activate()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Return whether to serve a client."""
        del client_address
        if self.door is None and not _is_own_user(request):
            logger.warning("A client of another user at the control socket was refused.")
            return False
        if not self._slots.acquire(blocking=False):
            logger.warning("A client was refused: the control socket has too many.")
            return False
        return True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a client, and let the next one in."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Handle one request at the outermost edge: no caller catches its errors."""
        try:
            self._serve_request()
        except DocentError as error:
            self._send("failure", Failure.of(error))
        except OSError:
            logger.info("The client at the control socket hung up.")
        except Exception as error:
            logger.exception("A request at the control socket failed unexpectedly.")
            sentence = f"The request failed unexpectedly ({type(error).__name__})."
            self._send("failure", Failure("DocentError", sentence))

    def _serve_request(self) -> None:
        line = self._read_line()
        if not line:
            return  # a client only tested whether the service runs
        kind, request = decode(line)
        if kind != "request":
            raise build_version_error()
        self.connection.settimeout(None)
        self.server.executor.execute(request, self._send_or_fail)

    def _read_line(self) -> bytes:
        """Read the line of a request; empty without the secret."""
        door = self.server.door
        if door is None:
            return read_request(self.connection)
        if not (nonce := read_request(self.connection).rstrip(b"\n")):
            return b""
        self.connection.sendall(door.compute_proof(nonce))
        sealed = read_request(self.connection)
        line = door.open(sealed) if sealed else b""
        if line is None:
            logger.warning("A client without the secret was refused at the control port.")
        return line or b""

    def _send_or_fail(self, kind: str, value: Any) -> None:
        if _has_hung_up(self.connection):
            raise BrokenPipeError
        self.connection.sendall(encode(kind, value))

    def _send(self, kind: str, value: Any) -> None:
        with contextlib.suppress(OSError):
            self.connection.sendall(encode(kind, value))


def read_request(connection: socket.socket, clock: Callable[[], float] = time.monotonic) -> bytes:
    """Read the line of a request; empty if the client says nothing.

    Raises:
        TimeoutError: it took too long, all its pieces together.
        ControlError: the line is too long.
    """
    end, line = clock() + READ_SECONDS, bytearray()
    while b"\n" not in line:
        if (left := end - clock()) <= 0:
            raise TimeoutError
        connection.settimeout(left)
        piece = connection.recv(2**16)
        if not piece:
            break
        line += piece
        if len(line) > MAX_REQUEST:
            raise build_version_error()
    return bytes(line)


def _name_call_event(event: CallEvent) -> str:
    if isinstance(event, Answered):
        return "answered"
    if isinstance(event, CallProgress):
        return "note"
    return "text" if isinstance(event, TextDelta) else "searching"


def _is_own_user(connection: socket.socket) -> bool:
    """Return True if the client runs as this user or as root.

    Only Linux tells; elsewhere the mode of the socket decides alone.
    """
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", found)[1] in {os.getuid(), _ROOT}


def _has_hung_up(connection: socket.socket) -> bool:
    """Return True if the client has closed the connection.

    A local socket accepts one last write without an error.
    """
    # Not by MSG_DONTWAIT, which Windows lacks.
    connection.settimeout(0)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(None)


def _build_progress_sender(send: Callable[[str, Any], None]) -> ProgressCallback:
    def send_progress(progress: Progress) -> None:
        try:
            send("progress", progress)
        except OSError as error:
            raise SyncStoppedError("The sync was stopped by hand.") from error

    return send_progress


def _require(part: Part | None) -> Part:
    if part is None:
        raise build_version_error()
    return part
