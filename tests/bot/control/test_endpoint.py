"""The loopback port that stands for the control socket where there are no Unix sockets."""

from __future__ import annotations

import json
import logging
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.control import endpoint
from bot.control.client import ControlClient
from bot.control.endpoint import LoopbackDoor
from bot.control.protocol import ControlRequest, encode
from bot.control.server import ControlServer
from bot.control.socket_path import build_socket_path
from ingest.settings import IngestSettings
from rag_core.models.known_answers import CheckResult

CHECKS = (CheckResult("chunks", passed=True, says="1 chunk"),)


class Executor:
    """Answers each request with a check."""

    def __init__(self) -> None:
        self.requests: list[ControlRequest] = []

    def execute(self, request: ControlRequest, send: Callable[[str, Any], None]) -> None:
        self.requests.append(request)
        send("checks", CHECKS)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IngestSettings:
    """Settings of an index, on a system without Unix sockets."""
    monkeypatch.setattr(endpoint, "HAS_UNIX_SOCKETS", False)
    return IngestSettings.load(milvus_uri=str(tmp_path / "milvus.db"))


@pytest.fixture
def path(settings: IngestSettings) -> Path:
    found = build_socket_path(settings)
    assert found is not None
    return found


@pytest.fixture
def executor(path: Path) -> Iterator[Executor]:
    found = Executor()
    control = ControlServer(path, found)  # type: ignore[arg-type]
    control.start()
    yield found
    control.close()
    assert not path.exists()


def test_a_request_and_its_reply(executor, settings, path):
    client = ControlClient.find(settings)
    assert client is not None
    assert client.check(repair=True) == CHECKS
    assert executor.requests == [ControlRequest("check", repair=True)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("secret", ["", "wrong", "0" * 64])
def test_a_client_without_the_secret_is_refused(executor, path, caplog, secret):
    caplog.set_level(logging.WARNING)
    door = LoopbackDoor.read(path)
    line = encode("request", ControlRequest("check"))
    with door.connect(10) as connection:
        connection.sendall(LoopbackDoor(door.port, secret).seal(line))
        assert connection.recv(1) == b""
    assert executor.requests == []
    assert [each.message for each in caplog.records] == [
        "A client without the secret was refused at the control port."
    ]


def test_a_request_in_place_of_a_nonce_is_not_carried_out(executor, path):
    with socket.create_connection(("127.0.0.1", LoopbackDoor.read(path).port), 10) as connection:
        connection.sendall(encode("request", ControlRequest("check")))
        connection.shutdown(socket.SHUT_WR)
        assert len(connection.makefile("rb").read()) == 64  # its proof, and nothing else
    assert executor.requests == []


@pytest.mark.parametrize("words", [b"x" * 64, b"hello", b""])
def test_another_program_at_the_port_gets_no_request(settings, path, words):
    with socket.create_server(("127.0.0.1", 0)) as other:
        LoopbackDoor.create(other.getsockname()[1], path)
        heard: list[bytes] = []

        def answer() -> None:
            connection, _ = other.accept()
            with connection:
                heard.append(connection.recv(100))
                connection.sendall(words)
                connection.shutdown(socket.SHUT_WR)
                heard.append(connection.recv(100))

        thread = threading.Thread(target=answer)
        thread.start()
        assert ControlClient.find(settings) is None
        thread.join()
    assert len(heard[0]) == 33  # a nonce and its end
    assert heard[1] == b""


def test_a_service_that_was_killed_is_not_there(settings, path):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    LoopbackDoor.create(port, path)
    assert ControlClient.find(settings) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": "x", "secret": ""}', '{"port": 1}'])
def test_a_file_that_holds_no_port_is_no_service(settings, path, text):
    path.write_text(text)
    path.chmod(0o600)
    assert ControlClient.find(settings) is None


def test_a_file_that_others_may_read_is_not_believed(executor, settings, path):
    path.chmod(0o644)
    assert ControlClient.find(settings) is None
    assert executor.requests == []


def test_the_secret_is_another_one_each_time(tmp_path):
    doors = [LoopbackDoor.create(1, tmp_path / name) for name in "ab"]
    assert len({door.secret for door in doors}) == 2
    assert json.loads((tmp_path / "a").read_text())["secret"] == doors[0].secret
    with pytest.raises(FileExistsError):  # never into a file that another user has put there
        LoopbackDoor.create(1, tmp_path / "a")
