"""Local servers, and downloads that neither wait nor reach beyond them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tenacity import wait_none

from ingest.sources import Downloads, Limits, Network
from tests.servers.git import GitServer
from tests.servers.web import WebServer


class Clock:
    """A clock that moves only during a sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def network(clock: Clock) -> Network:
    return Network(wait=wait_none(), sleep=clock.sleep, clock=clock)


@pytest.fixture
def downloads(tmp_path: Path, network: Network) -> Downloads:
    return Downloads(tmp_path / "snapshots", limits=Limits(), network=network)


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server
    assert server.violations == []


@pytest.fixture
def site() -> Iterator[WebServer]:
    """A website: its robots.txt comes first."""
    with WebServer(robots=True) as server:
        yield server
    assert server.violations == []


@pytest.fixture
def git_server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "repositories") as server:
        yield server
