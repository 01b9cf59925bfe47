"""The limits of the HTTP server: connections, headers, bodies, and lines in the log."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from bot.http_server import HttpLimits, HttpServer, _find_network, read_body
from tests.bot.conftest import free_port

FOREVER = 3600.0


@dataclass
class Served:
    """A server that echoes bodies, and its connections."""

    port: int
    connections: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection, which is closed at the end of the test."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.connections.append(writer)
        return reader, writer

    async def ask(self, request: bytes) -> bytes:
        """Everything that comes back until the server hangs up."""
        reader, writer = await self.connect()
        writer.write(request)
        return await reader.read()


@contextlib.asynccontextmanager
async def serve(limits: HttpLimits, clock=lambda: 0.0) -> AsyncIterator[Served]:
    async def echo(request: web.BaseRequest) -> web.Response:
        return web.Response(body=await read_body(request, limits))

    async def fail(request: web.BaseRequest) -> web.Response:
        raise KeyError(request.path)

    routes = {("POST", "/echo"): echo, ("GET", "/fail"): fail}
    server = HttpServer(routes, limits=limits, clock=clock)
    served = Served(free_port())
    await server.open("127.0.0.1", served.port)
    try:
        yield served
    finally:
        for each in served.connections:
            each.close()
        await server.close()


def request(body: bytes = b"hi", *lines: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    head = [b"POST /echo HTTP/1.1", b"Host: docent", b"Connection: close", *(lines or (length,))]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


async def test_headers_that_come_too_slowly_end_the_connection():
    async with serve(HttpLimits(header_seconds=0.01)) as served:
        assert await served.ask(b"") == b""
        assert await served.ask(b"POST /echo HTTP/1.1\r\nX-A: ") == b""


async def test_a_second_request_has_its_time_too():
    async with serve(HttpLimits(header_seconds=0.01)) as served:
        reader, writer = await served.connect()
        writer.write(request().replace(b"Connection: close\r\n", b""))
        assert (await reader.readuntil(b"\r\n\r\nhi")).startswith(b"HTTP/1.1 200")
        writer.write(b"POST /ec")
        assert await reader.read() == b""


async def test_a_body_that_comes_too_slowly_is_refused():
    async with serve(HttpLimits(body_seconds=0.01)) as served:
        answer = await served.ask(request(b"h", b"Content-Length: 2"))
    assert answer.startswith(b"HTTP/1.1 408")
    assert answer.endswith(b"\r\n\r\nRequest Timeout\n")


@pytest.mark.parametrize(
    ("size", "status"), [(2**20, b"HTTP/1.1 200"), (2**20 + 1, b"HTTP/1.1 413")]
)
async def test_bodies_end_at_their_limit_however_they_come(size: int, status: bytes):
    body = b"x" * size
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (size, body)
    async with serve(HttpLimits()) as served:
        assert (await served.ask(request(body))).startswith(status)
        answer = await served.ask(request(chunked, b"Transfer-Encoding: chunked"))
        assert answer.startswith(status)


async def test_broken_chunks_are_refused(caplog: pytest.LogCaptureFixture):
    async with serve(HttpLimits()) as served:
        answer = await served.ask(request(b"zz\r\nhi\r\n", b"Transfer-Encoding: chunked"))
    assert b" 400 " in answer.split(b"\r\n")[0]
    assert "Traceback" not in caplog.text


async def test_an_address_has_its_number_of_connections_and_gets_them_back():
    async with serve(HttpLimits(connections=3, header_seconds=FOREVER)) as served:
        held = [await served.connect() for _ in range(3)]
        reader, writer = held[0]
        writer.write(request().replace(b"Connection: close\r\n", b""))
        await reader.readuntil(b"\r\n\r\nhi")  # the server knows all three
        with contextlib.suppress(ConnectionError):
            assert await served.ask(request()) == b""
        writer.write(request())
        assert (await reader.read()).endswith(b"hi")
        assert (await served.ask(request())).endswith(b"hi")


async def test_all_addresses_together_have_a_limit():
    limits = HttpLimits(all_connections=1, header_seconds=FOREVER)
    async with serve(limits) as served:
        reader, writer = await served.connect()
        writer.write(request().replace(b"Connection: close\r\n", b""))
        await reader.readuntil(b"\r\n\r\nhi")
        with contextlib.suppress(ConnectionError):
            assert await served.ask(request()) == b""


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("::ffff:192.0.2.7", 1, 0, 0), "192.0.2.7"),
        (("2001:db8::1", 1, 0, 0), "2001:db8::/64"),
        (("2001:db8::ffff:1", 1, 0, 0), "2001:db8::/64"),
        (("fe80::1%eth0", 1, 0, 2), "fe80::/64"),
        (None, ""),
        ("", ""),
    ],
)
def test_an_ipv6_network_counts_as_one_address(peer: object, network: str):
    assert _find_network(peer) == network


async def test_a_flood_is_one_line_a_minute_with_a_number(caplog: pytest.LogCaptureFixture):
    now = [0.0]
    async with serve(HttpLimits(), clock=lambda: now[0]) as served:
        for _ in range(5):
            await served.ask(b"nonsense\r\n\r\n")
        assert len(caplog.messages) == 1
        now[0] = 61.0
        await served.ask(b"GET / HTTP/1.1\r\nHost: docent\r\n\r\n")
    assert len(caplog.messages) == 2
    assert "404 (the path); 4 others" in caplog.messages[1]


async def test_a_fault_of_docents_own_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture):
    async with serve(HttpLimits()) as served:
        answer = await served.ask(b"GET /fail HTTP/1.1\r\nHost: docent\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500")
    assert answer.endswith(b"\r\n\r\nInternal Server Error\n")
    assert [line.levelno for line in caplog.records if line.exc_info] == [logging.ERROR]


@pytest.mark.parametrize("host", ["203.0.113.1", "a" * 70])
async def test_an_address_of_another_machine_is_an_error_of_the_system(host: str):
    with pytest.raises(OSError, match=r"\w"):
        await HttpServer({}).open(host, free_port())
