"""The HTTP server of every port that docent opens: limits first, refusals in one line."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Routes = Mapping[tuple[str, str], Handler]
"""Handlers by method and path; one for GET answers HEAD too."""

LOG_SECONDS = 60.0
"""Between two lines about refused requests, however many there are."""

_METHODS = ("GET", "POST")
_NETWORK_BITS = 64
"""One customer has at least so large an IPv6 network to himself."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """The most that one address, or one request, may take.

    Attributes:
        body_bytes: longest body.
        header_seconds: from the first byte of a request, or the connection, to its last header.
        body_seconds: from there to the last byte of the body.
        idle_seconds: between two requests on a connection.
        connections: most connections of one address at a time.
        all_connections: most connections of all addresses together.
    """

    body_bytes: int = 2**20
    header_seconds: float = 10.0
    body_seconds: float = 10.0
    idle_seconds: float = 75.0
    connections: int = 100
    all_connections: int = 500


class RefusedError(Exception):
    """A request that is answered with a status alone; the reason is for the log.

    Where programs call, the answer may say more: a JSON text, and headers.
    """

    def __init__(
        self,
        status: HTTPStatus,
        reason: str,
        *,
        json_text: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.json_text = json_text
        self.headers = dict(headers or {})


class HttpServer:
    """Serves routes on one port, within limits."""

    def __init__(
        self,
        routes: Routes,
        *,
        limits: HttpLimits | None = None,
        cancels: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the routes.

        Args:
            routes: what is served; everything else is not found.
            limits: for addresses and requests.
            cancels: whether a handler is cancelled when its client hangs up.
            clock: seconds, for the lines about refusals.
        """
        self._routes = routes
        self._cancels = cancels
        self._limits = limits or HttpLimits()
        self._refusals = _RefusalLog(clock)
        self._runner: web.ServerRunner | None = None

    @property
    def is_open(self) -> bool:
        """True while the server listens."""
        return self._runner is not None and bool(self._runner.addresses)

    async def open(self, host: str, port: int) -> None:
        """Listen on the port.

        Raises:
            OSError: the port is taken or not allowed, or the address is not this machine's.
        """
        server = _Server(self._answer, self._limits, self._refusals, cancels=self._cancels)
        self._runner = web.ServerRunner(server, shutdown_timeout=5)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except UnicodeError as error:
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL)) from error

    async def stop_listening(self) -> None:
        """Accept no more connections; requests go on."""
        if self._runner is not None:
            for site in list(self._runner.sites):
                await site.stop()

    async def close(self) -> None:
        """Accept no more requests; those under way may end."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request at the outermost edge: no caller catches its errors."""
        try:
            return await self._find_handler(request)(request)
        except RefusedError as refusal:
            self._refusals.record(refusal.status, str(request.remote), str(refusal))
            return _build_refusal(refusal.status, refusal.json_text, refusal.headers)
        except ConnectionError:  # the client has hung up
            return _build_refusal(HTTPStatus.BAD_REQUEST)
        except Exception:
            logger.exception("A request to %s failed unexpectedly.", request.path)
            return _build_refusal(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _find_handler(self, request: web.BaseRequest) -> Handler:
        method = "GET" if request.method == "HEAD" else request.method
        if handler := self._routes.get((method, request.path)):
            return handler
        if allowed := [each for each in _METHODS if (each, request.path) in self._routes]:
            raise RefusedError(
                HTTPStatus.METHOD_NOT_ALLOWED, "the method", headers={"Allow": ", ".join(allowed)}
            )
        raise RefusedError(HTTPStatus.NOT_FOUND, "the path")


async def read_body(request: web.BaseRequest, limits: HttpLimits) -> bytes:
    """Return the whole body.

    Raises:
        RefusedError: it is too long, too slow, compressed or broken.
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a compressed body")
    if (request.content_length or 0) > limits.body_bytes:
        raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the announced length")
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limits.body_bytes:
                    raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the length")
    except TimeoutError as error:
        raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, "a slow body") from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "a broken body") from error
    return bytes(body)


def _build_refusal(
    status: HTTPStatus, json_text: str = "", headers: Mapping[str, str] | None = None
) -> web.Response:
    """Build an answer that ends the connection."""
    response = web.Response(
        status=status,
        text=json_text or f"{status.phrase}\n",
        content_type="application/json" if json_text else "text/plain",
        headers={"Server": "docent", **(headers or {})},
    )
    response.force_close()
    return response


def _find_network(peer: object) -> str:
    """Return the IPv4 address, or the IPv6 network.

    Either counts as one address. Headers such as X-Forwarded-For are not believed: anyone can
    write them.
    """
    try:
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])  # type: ignore[index]
    except (ValueError, TypeError, IndexError):
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _NETWORK_BITS), strict=False))


class _RefusalLog:
    """Writes one line about refusals now and then, so that a flood does not fill the log."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next: float | None = None
        self._silent = 0

    def record(self, status: HTTPStatus, peer: str, reason: str) -> None:
        """Count a refusal; write a line if the last is old enough."""
        now = self._clock()
        if self._next is not None and now < self._next:
            self._silent += 1
            return
        logger.warning(
            "A request from %s was refused with %d (%s); %d others since the last such line.",
            peer,
            status,
            reason,
            self._silent,
        )
        self._next, self._silent = now + LOG_SECONDS, 0


class _Server(web.Server):
    """Makes a connection of each one that is accepted."""

    def __init__(
        self, handler: Handler, limits: HttpLimits, refusals: _RefusalLog, *, cancels: bool
    ) -> None:
        super().__init__(
            self._begin,
            access_log=None,
            handler_cancellation=cancels,
            auto_decompress=False,
            keepalive_timeout=limits.idle_seconds,
            lingering_time=2.0,
        )
        self._handler = handler
        self.limits = limits
        self.refusals = refusals
        self.counts: Counter[str] = Counter()

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    async def _begin(self, request: web.BaseRequest) -> web.StreamResponse:
        request.protocol.stop_waiting()  # type: ignore[attr-defined]
        return await self._handler(request)


class _Connection(web.RequestHandler):
    """A connection that is counted, and has a deadline for its headers."""

    __slots__ = ("_deadline", "_network", "_server")

    def __init__(self, server: _Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._server = server
        self._network: str | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, or close it at once."""
        network = _find_network(transport.get_extra_info("peername"))
        counts, limits = self._server.counts, self._server.limits
        if counts[network] >= limits.connections or counts.total() >= limits.all_connections:
            self._server.refusals.record(
                HTTPStatus.SERVICE_UNAVAILABLE, network, "too many connections"
            )
            self.force_close()
            transport.abort()  # type: ignore[attr-defined]
            return
        counts[network] += 1
        self._network = network
        super().connection_made(transport)
        self._begin_waiting()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count the connection no longer."""
        self.stop_waiting()
        if self._network is not None:
            self._server.counts[self._network] -= 1
            self._server.counts += Counter()  # drops those at zero
            self._network = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Give the next request's headers their time from its first byte."""
        if self._deadline is None and self._current_request is None:
            self._begin_waiting()
        super().data_received(data)

    def stop_waiting(self) -> None:
        """Let the headers have come."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _begin_waiting(self) -> None:
        self._deadline = self._loop.call_later(self._server.limits.header_seconds, self._end_late)

    def _end_late(self) -> None:
        self._server.refusals.record(
            HTTPStatus.REQUEST_TIMEOUT, str(self._network), "slow or missing headers"
        )
        self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Refuse what is not an HTTP request, in one line.

        Args:
            request: stands for it.
            status: the answer's.
            exc: what the parser says.
            message: the same for people, who do not get it.
        """
        del message
        self.stop_waiting()
        self._server.refusals.record(HTTPStatus(status), str(request.remote), type(exc).__name__)
        return _build_refusal(HTTPStatus(status))
