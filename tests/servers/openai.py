"""A strict local LLM that speaks OpenAI's chat completions, for sync and async tests alike.

It runs in a thread of its own: `with OpenAIServer() as llm:`. What is wrong with a request, and
would be refused by OpenAI, is in `violations`.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from rag_core.settings import DEFAULT_LLM
from tests.servers.loopback import Loopback
from tests.servers.openai_dialects import Dialect, Frame, RefusedError
from tests.servers.openai_shapes import BadRequestError, Completion

API_KEY = "sk-docent-test"
Messages = list[dict[str, Any]]
Text = str | list[str]


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    path: str
    arguments: dict[str, Any]
    authorization: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def messages(self) -> Messages:
        """The conversation."""
        found: Messages = self.arguments.get("messages", [])
        return found


@dataclass(frozen=True)
class Fault:
    """A fault of the next request: a status, an end after some pieces of text, another body."""

    status: int | None = None
    retry_after: int | None = None
    cut_after: int | None = None
    garble_after: int | None = None
    body: bytes | None = None
    content_type: str = "text/event-stream"


class Gate:
    """Holds a stream until `open()` is called, from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, after: int) -> None:
        self.after = after
        self.is_open = False
        self._loop = loop
        self._open = asyncio.Event()

    def open(self) -> None:
        """Let the stream go on."""
        self.is_open = True
        self._loop.call_soon_threadsafe(self._open.set)

    async def wait(self) -> None:
        """Wait inside the server."""
        await self._open.wait()


def take_closed_gate(gates: deque[Gate]) -> Gate | None:
    """The next gate that is closed; those opened before anything came are passed over."""
    while gates:
        gate = gates.popleft()
        if not gate.is_open:
            return gate
    return None


class OpenAIServer:
    """See the module.

    Attributes:
        reply: the answer; a string is streamed word by word, a list piece by piece; or a function
            of the messages that gives either.
        models: names that exist; others get 404.
        hides_models: whether it has no list of them.
        listed: the names in its list, if they are others.
        shutdown_dates: the days on which models are switched off.
        contexts: tokens that models read and write, as vLLM says them.
        dialect: the server or gateway that it stands for; by default OpenAI.
        pace: seconds before each event of a stream.
        requests: all requests, refused ones too.
        violations: what was wrong with them.
    """

    api_key = API_KEY

    def __init__(self, reply: Text | Callable[[Messages], Text] = "All is well [1].") -> None:
        self.reply = reply
        self.models = {DEFAULT_LLM}
        self.hides_models = False
        self.listed: set[str] | None = None
        self.shutdown_dates: dict[str, str] = {}
        self.contexts: dict[str, int] = {}
        self.dialect = Dialect()
        self.pace = 0.0
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self._faults: deque[Fault] = deque()
        self._gates: deque[Gate] = deque()
        self._held: list[Gate] = []
        self._came = threading.Condition()
        self._loop = asyncio.new_event_loop()
        app = web.Application(client_max_size=8 * 2**20)
        app.router.add_post("/v1/chat/completions", self._completions)
        app.router.add_get("/v1/models", self._models)
        self._loopback = Loopback(app)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._loopback.start(), self._loop).result(10)
        return self

    def __exit__(self, *exc: object) -> None:
        for gate in self._held:
            gate.open()
        asyncio.run_coroutine_threadsafe(self._loopback.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def base_url(self) -> str:
        """Value of `OPENAI_BASE_URL`."""
        return f"http://127.0.0.1:{self._loopback.port}/v1"

    def fail(self, status: int, *, times: int = 1, retry_after: int | None = None) -> None:
        """Answer the next requests with 401, 429, 500 or another status."""
        self._faults.extend([Fault(status=status, retry_after=retry_after)] * times)

    def go_well(self) -> None:
        """Forget the faults that were ordered and did not happen yet."""
        self._faults.clear()

    def cut_off(self, *, after: int, times: int = 1) -> None:
        """Cut the connection of the next requests after so many pieces of text."""
        self._faults.extend([Fault(cut_after=after)] * times)

    def garble(self, *, after: int = 0, times: int = 1) -> None:
        """Send something that is not JSON after so many pieces of text."""
        self._faults.extend([Fault(garble_after=after)] * times)

    def send(self, *frames: Frame, content_type: str = "text/event-stream") -> None:
        """Answer the next request with these events and lines, and nothing else."""
        body = b"".join(map(_encode, frames))
        self._faults.append(Fault(body=body, content_type=content_type))

    def send_document(self, body: Any, *, content_type: str = "application/json") -> None:
        """Answer the next request with one JSON document, though it wants a stream."""
        self._faults.append(Fault(body=json.dumps(body).encode(), content_type=content_type))

    def hold(self, *, after: int = 0) -> Gate:
        """Hold the next stream before the piece `after`; 0 holds the first token."""
        gate = Gate(self._loop, after=after)
        self._gates.append(gate)
        self._held.append(gate)
        return gate

    def wait_for_requests(self, count: int = 1, *, timeout: float = 60) -> list[Request]:
        """All requests once there are `count`; blocks, so async tests use a thread.

        Raises:
            TimeoutError: there were fewer.
        """
        with self._came:
            if not self._came.wait_for(lambda: len(self.requests) >= count, timeout):
                raise TimeoutError(f"wanted {count} requests, got {self.requests}")
        return self.requests

    async def _models(self, request: web.Request) -> web.Response:
        self._record(request, {})
        if self.hides_models:
            return _error(404, "Not Found", None)
        names = [
            {"id": name, "object": "model", "owned_by": "local"}
            | {"shutdown_date": self.shutdown_dates.get(name)}
            | {"max_model_len": self.contexts.get(name)}
            for name in (self.models if self.listed is None else self.listed)
        ]
        return web.json_response({"object": "list", "data": names})

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        arguments = await request.json()
        self._record(request, arguments)
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return _error(401, "Incorrect API key provided.", "invalid_api_key")
        fault = self._faults.popleft() if self._faults else Fault()
        if fault.status is not None:
            return _error(fault.status, "told to fail", None, retry_after=fault.retry_after)
        if fault.body is not None:
            return web.Response(body=fault.body, headers={"Content-Type": fault.content_type})
        if refusal := self._refuse(arguments):
            return refusal
        completion = Completion(arguments, self._pieces(arguments["messages"]))
        if arguments.get("stream"):
            return await self._stream(request, completion, fault)
        return await self._whole(request, completion, fault)

    def _refuse(self, arguments: dict[str, Any]) -> web.Response | None:
        try:
            self.dialect.check(arguments)
        except RefusedError as error:
            return web.json_response(error.body, status=error.status)
        except BadRequestError as error:
            self.violations.append(str(error))
            return _error(400, str(error), error.code, param=error.param)
        if arguments["model"] not in self.models:
            return _error(404, f"The model {arguments['model']} does not exist", "model_not_found")
        return None

    async def _whole(
        self, request: web.Request, completion: Completion, fault: Fault
    ) -> web.StreamResponse:
        if gate := take_closed_gate(self._gates):
            await gate.wait()
        if fault.cut_after is not None and request.transport:
            request.transport.abort()
        if fault.garble_after is not None:
            return web.Response(text='{"id": "chatcmpl-1", "cho', content_type="application/json")
        return web.json_response(self.dialect.whole(completion))

    async def _stream(
        self, request: web.Request, completion: Completion, fault: Fault
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        gate = take_closed_gate(self._gates)
        await self._write(response, self.dialect.start(completion))
        for number, piece in enumerate([*completion.pieces, None]):
            if gate and number == gate.after:
                await gate.wait()
            if number == fault.cut_after and request.transport:
                request.transport.abort()
                return response
            if number == fault.garble_after:
                await response.write(b'data: {"id": "chatcmpl-1", "cho\n\n')
            if piece is not None:
                await self._write(response, self.dialect.piece(completion, piece))
        await self._write(response, self.dialect.end(completion))
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _write(self, response: web.StreamResponse, frames: Iterable[Frame]) -> None:
        for frame in frames:
            await asyncio.sleep(self.pace)
            await response.write(_encode(frame))

    def _pieces(self, messages: Messages) -> list[str]:
        reply = self.reply(messages) if callable(self.reply) else self.reply
        return re.findall(r"\s*\S+|\s+$", reply) if isinstance(reply, str) else reply

    def _record(self, request: web.Request, arguments: dict[str, Any]) -> None:
        with self._came:
            authorization = request.headers.get("Authorization", "")
            headers = dict(request.headers)
            self.requests.append(Request(request.path, arguments, authorization, headers))
            self._came.notify_all()


def _encode(frame: Frame) -> bytes:
    line = frame if isinstance(frame, str) else f"data: {json.dumps(frame)}"
    return f"{line}\n\n".encode()


def _error(
    status: int,
    message: str,
    code: str | None,
    *,
    retry_after: int | None = None,
    param: str | None = None,
) -> web.Response:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    body = {"message": message, "type": "error", "param": param, "code": code}
    return web.json_response({"error": body}, status=status, headers=headers)
