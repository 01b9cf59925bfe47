"""A local model server that behaves as vLLM, TEI or Infinity does, errors included.

It runs in a thread of its own: `with InferenceServer("tei") as server:`. Its embeddings are of
words, so that texts with the same words are neighbours; it scores a passage by the words that it
shares with the query. Fields that a server does not know are in `violations`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from aiohttp import web

from tests.servers.inference_dialects import DIALECTS, Arguments, Kind, RefusedError
from tests.servers.loopback import Loopback
from tests.servers.openai import Gate, take_closed_gate

EMBEDDER = "Qwen/Qwen3-Embedding-0.6B"
RERANKER = "Qwen/Qwen3-Reranker-0.6B"
Answer = Any
Spoil = Callable[[Any], Any]


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    path: str
    arguments: Arguments
    authorization: str

    @property
    def texts(self) -> list[str]:
        """Texts to embed or score."""
        names = ("input", "documents", "texts")
        return next((self.arguments[name] for name in names if name in self.arguments), [])


@dataclass(frozen=True)
class Fault:
    """A fault of the next request: an error, an end without an answer, a spoilt answer."""

    status: int | None = None
    retry_after: str | None = None
    cut: bool = False
    spoil: Spoil | None = None


class InferenceServer:
    """See the module.

    Attributes:
        api_key: wanted as a bearer token; None wants none.
        models: names that exist; TEI does not look at them.
        dimension: length of a vector.
        scale: of the scores; (a, b) gives a * overlap + b, so logits with (20, -10).
        requests: all requests, refused ones too.
        violations: fields that were not known.
        failing: a path whose requests are answered with 500 until it is empty again.
    """

    def __init__(self, kind: Kind = "vllm", *, api_key: str | None = None) -> None:
        self.dialect = DIALECTS[kind]()
        self.api_key = api_key
        self.models = {EMBEDDER, RERANKER}
        self.dimension = 32
        self.scale = (1.0, 0.0)
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self.failing = ""
        self._frozen: tuple[str, Gate] | None = None
        self._faults: deque[Fault] = deque()
        self._gates: deque[Gate] = deque()
        self._held: list[Gate] = []
        self._came = threading.Condition()
        self._loop = asyncio.new_event_loop()
        app = web.Application(client_max_size=2 * 10**6)
        for path in self.dialect.embeddings:
            app.router.add_post(path, self._serve(self._embeddings, self.dialect.embedding_fields))
        for path in self.dialect.rerank:
            app.router.add_post(path, self._serve(self._rerank, self.dialect.rerank_fields))
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
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self._loopback.port}"

    @property
    def embedding_url(self) -> str:
        """Value of `DOCENT_EMBEDDING_URL`."""
        return self.url + self.dialect.embeddings[0]

    @property
    def rerank_url(self) -> str:
        """Value of `DOCENT_RERANK_URL`."""
        return self.url + self.dialect.rerank[0]

    def fail(self, status: int, *, times: int = 1, retry_after: str | None = None) -> None:
        """Answer the next requests with 401, 429, 500 or another status."""
        self._faults.extend([Fault(status=status, retry_after=retry_after)] * times)

    def cut_off(self, *, times: int = 1) -> None:
        """End the connection of the next requests without an answer."""
        self._faults.extend([Fault(cut=True)] * times)

    def spoil(self, change: Spoil) -> None:
        """Change the next answer; a string is sent as it is."""
        self._faults.append(Fault(spoil=change))

    def go_well(self, *, times: int = 1) -> None:
        """Answer the next requests as they should be, before what was ordered after this."""
        self._faults.extend([Fault()] * times)

    def hold(self) -> Gate:
        """Hold the next request until the gate is opened."""
        gate = Gate(self._loop, after=0)
        self._gates.append(gate)
        self._held.append(gate)
        return gate

    def freeze(self, path: str) -> Gate:
        """Hold every request to a path until the gate is opened."""
        self._frozen = (path, Gate(self._loop, after=0))
        self._held.append(self._frozen[1])
        return self._frozen[1]

    def wait_for_requests(self, count: int = 1, *, timeout: float = 60) -> list[Request]:
        """All requests once there are `count`; blocks.

        Raises:
            TimeoutError: there were fewer.
        """
        with self._came:
            if not self._came.wait_for(lambda: len(self.requests) >= count, timeout):
                raise TimeoutError(f"wanted {count} requests, got {self.requests}")
        return self.requests

    def _serve(self, answer: Callable[[Arguments], Answer], fields: frozenset[str]) -> Any:
        async def handler(request: web.Request) -> web.StreamResponse:
            arguments = await request.json()
            self._record(request, arguments)
            if gate := take_closed_gate(self._gates):
                await gate.wait()
            if self._frozen and self._frozen[0] == request.path:
                await self._frozen[1].wait()
            if self.failing == request.path:
                return _json(500, self.dialect.error(500, "told to fail"))
            if not self._knows(request):
                return _json(401, self.dialect.error(401, "Unauthorized"))
            fault = self._faults.popleft() if self._faults else Fault()
            if fault.cut and request.transport:
                request.transport.abort()
            if fault.status is not None:
                body = self.dialect.error(fault.status, "told to fail")
                return _json(fault.status, body, retry_after=fault.retry_after)
            try:
                body = answer(arguments)
            except RefusedError as error:
                return _json(error.status, error.body)
            self.violations += sorted(set(arguments) - fields)
            return _json(200, fault.spoil(body) if fault.spoil else body)

        return handler

    def _embeddings(self, arguments: Arguments) -> Answer:
        texts = self.dialect.check(arguments, models=self.models)
        rows = [
            {"object": "embedding", "index": index, "embedding": self.vector(text)}
            for index, text in enumerate(texts)
        ]
        return {
            "object": "list",
            "data": rows[::-1],  # the index says which is which, not the order
            "model": self.dialect.served(arguments.get("model", "")),
            "usage": {"prompt_tokens": 9, "total_tokens": 9},
        }

    def _rerank(self, arguments: Arguments) -> Answer:
        texts = self.dialect.check(arguments, models=self.models)
        scores = [self.score(arguments["query"], text) for text in texts]
        ranking = sorted(enumerate(scores), key=lambda pair: -pair[1])
        return self.dialect.ranked(arguments.get("model", ""), ranking, texts)

    def vector(self, text: str) -> list[float]:
        """A bag of words, not normalised; the same text has the same vector."""
        vector = np.full(self.dimension, 0.01)
        for word in _words(text):
            vector[int(hashlib.sha256(word.encode()).hexdigest(), 16) % self.dimension] += 1
        found: list[float] = vector.tolist()
        return found

    def score(self, query: str, text: str) -> float:
        """The share of the query's words that the text has."""
        asked = _words(query)
        share = len(asked & _words(text)) / max(len(asked), 1)
        return share * self.scale[0] + self.scale[1]

    def _knows(self, request: web.Request) -> bool:
        authorization = request.headers.get("Authorization", "")
        return self.api_key is None or authorization == f"Bearer {self.api_key}"

    def _record(self, request: web.Request, arguments: Arguments) -> None:
        with self._came:
            authorization = request.headers.get("Authorization", "")
            self.requests.append(Request(request.path, arguments, authorization))
            self._came.notify_all()


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _json(status: int, body: Any, *, retry_after: str | None = None) -> web.Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    if isinstance(body, str):
        return web.Response(status=status, text=body, headers=headers)
    return web.Response(
        status=status, text=json.dumps(body), content_type="application/json", headers=headers
    )
