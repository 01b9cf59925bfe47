"""The limits of the control socket."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.control import server
from bot.control.protocol import decode
from bot.control.server import MAX_CONNECTIONS, MAX_REQUEST, ControlServer, RequestExecutor
from bot.control.server import read_request as read
from bot.errors import ControlError


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A socket behind which nothing is asked for."""
    control = ControlServer(tmp_path / "docent.sock", RequestExecutor(None, None, None))
    control.start()
    yield tmp_path / "docent.sock"
    control.close()


def connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(str(path))
    return connection


def ask(path: Path, line: bytes) -> bytes:
    """Everything that comes back for a line."""
    with connect(path) as connection, connection.makefile("rb") as replies:
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        return replies.read()


@pytest.mark.parametrize(
    "line",
    [
        b"hello\n",
        b"\xff\xfe\n",
        b"[]\n",
        b"1\n",
        b"null\n",
        b"{}\n",
        b"[" * 100_000 + b"\n",
        b'{"kind": [], "data": 1}\n',
        b'{"kind": "failure", "data": {"kind": "DocentError", "says": "x"}}\n',
        b'{"kind": "request", "data": {"command": "stop"}}\n',
        b'{"kind": "request", "data": {"command": "search"}}\n',
        json.dumps({"kind": "request", "data": {"command": "sync", "evil": 1}}).encode() + b"\n",
        b'{"kind": "request"',
    ],
)
def test_a_malformed_line_gets_one_sentence(
    path: Path, line: bytes, caplog: pytest.LogCaptureFixture
):
    kind, failure = decode(ask(path, line))
    assert (kind, failure.kind) == ("failure", "ControlError")
    assert [each for each in caplog.records if each.exc_info] == []


def test_a_request_that_drips_has_one_deadline():
    here, there = socket.socketpair()
    ticks = itertools.count(0, 4)

    def drip() -> float:
        there.send(b"x")
        return next(ticks)

    with here, there, pytest.raises(TimeoutError):
        read(here, drip)


def test_a_request_without_end_is_refused():
    here, there = socket.socketpair()

    def pour() -> float:
        there.send(b"x" * 2**14)
        return 0.0

    with here, there, pytest.raises(ControlError):
        read(here, pour)
    assert MAX_REQUEST == 2**20


def test_one_client_too_many_is_refused_and_the_others_go_on(path: Path):
    held = [connect(path) for _ in range(MAX_CONNECTIONS)]
    with connect(path) as late:
        assert late.recv(1) == b""
    held[0].sendall(b"hello\n")
    assert b"failure" in held[0].recv(1000)
    for each in held:
        each.close()


def test_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "_ROOT", -1)
    monkeypatch.setattr(server.os, "getuid", lambda: 4242)
    with connect(path) as connection:
        assert connection.recv(1) == b""
