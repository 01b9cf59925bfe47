from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace

import httpx2
import pytest

from ingest.sources import DownloadProgress, Downloads, Network, Source, read_source
from ingest.sources.http.client import WebClient
from tests.ingest.sources.conftest import Clock
from tests.servers.web import Resource, WebServer


class StoppedError(Exception):
    """An exception that ends a sync."""


def stopping(when: Callable[[], bool]) -> Callable[[DownloadProgress], None]:
    def watch(_: DownloadProgress) -> None:
        if when():
            raise StoppedError

    return watch


def test_a_pause_looks_about_first_and_every_half_second(network: Network, clock: Clock):
    looks: list[float] = []
    network.pause(1.25, lambda: looks.append(clock.now))
    assert clock.slept == [0.5, 0.5, 0.25]
    assert looks == [1000.0, 1000.5, 1001.0, 1001.25]


def test_a_stop_ends_the_wait_for_a_server_that_asked_for_patience(
    downloads: Downloads, web: WebServer, clock: Clock
):
    web.resources["/a.zip"] = Resource(b"", statuses=[503] * 9, headers={"Retry-After": "60"})
    source = Source("docs", f"{web.url}/a.zip")
    with pytest.raises(StoppedError):
        downloads.fetch(source, progress=stopping(lambda: clock.now > 1010))
    assert sum(clock.slept) == 10.5
    assert web.paths() == ["/a.zip"]


def test_a_stop_ends_the_wait_that_a_robots_txt_asks_for(
    downloads: Downloads, site: WebServer, clock: Clock
):
    site.resources["/robots.txt"] = Resource(b"User-agent: *\nCrawl-delay: 20\n", "text/plain")
    site.resources["/"] = Resource(b'<h1>Home</h1><a href="/b">B</a>')
    with pytest.raises(StoppedError):
        read_source(
            Source("docs", f"{site.url}/"),
            downloads,
            is_wanted=lambda _: True,
            progress=stopping(lambda: clock.now > 1005),
        )
    assert clock.now < 1006
    assert site.paths() == ["/robots.txt", "/"]


def test_a_stop_ends_the_wait_for_a_silent_server(network: Network, monkeypatch):
    monkeypatch.setattr("ingest.sources.http.cancellable_transport.CHECK_SECONDS", 0.01)
    looks = iter(range(1000))

    def check() -> None:
        if next(looks) > 2:
            raise StoppedError

    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = Source("docs", f"http://127.0.0.1:{silent.getsockname()[1]}/x")
        client = WebClient(source, network, check_cancelled=check)
        with client, pytest.raises(StoppedError), client.get(client.home, {}):
            pytest.fail("it never answers")
    assert next(looks) < 10


def test_silence_still_has_an_end(network: Network, monkeypatch):
    monkeypatch.setattr("ingest.sources.http.cancellable_transport.CHECK_SECONDS", 0.01)
    monkeypatch.setattr("ingest.sources.http.client._TIMEOUT", httpx2.Timeout(10.0, read=0.03))
    looked: list[None] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = Source("docs", f"http://127.0.0.1:{silent.getsockname()[1]}/x")
        client = WebClient(source, network, check_cancelled=lambda: looked.append(None))
        with client, pytest.raises(httpx2.ReadTimeout), client.get(client.home, {}):
            pytest.fail("it never answers")
    assert len(looked) > 1


def test_a_proxy_is_watched_too(network: Network, monkeypatch):
    monkeypatch.setattr("ingest.sources.http.cancellable_transport.CHECK_SECONDS", 0.01)
    looks = iter(range(1000))

    def check() -> None:
        if next(looks) > 2:
            raise StoppedError

    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{silent.getsockname()[1]}")
        here = replace(network, resolve=lambda *_: ("93.184.216.34",))
        client = WebClient(Source("docs", "http://example.com/x"), here, check_cancelled=check)
        with client, pytest.raises(StoppedError), client.get(client.home, {}):
            pytest.fail("it never answers")
