"""The local web server notes what no polite client does."""

from __future__ import annotations

import httpx2
import pytest

from tests.servers.web import Resource, WebServer

NAMED = {"User-Agent": "docent"}


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "no name"),
        (NAMED | {"If-Range": '"1"'}, "If-Range without Range"),
        (NAMED | {"If-Range": 'W/"1"', "Range": "bytes=1-"}, "weak"),
        (NAMED | {"Authorization": "Bearer x"}, "a login"),
    ],
)
def test_what_is_impolite_is_noted(headers, said: str):
    with WebServer() as server:
        server.resources["/a"] = Resource(b"body")
        httpx2.get(f"{server.url}/a", headers=headers)
        assert said in server.violations[0]


def test_robots_come_first():
    with WebServer(robots=True) as server:
        httpx2.get(f"{server.url}/a", headers=NAMED)
        assert server.violations == ["/a: before robots.txt"]


def test_what_is_known_is_not_sent_again():
    with WebServer() as server:
        server.resources["/a"] = Resource(b"body", etag='"1"')
        known = NAMED | {"If-None-Match": '"1"'}
        assert httpx2.get(f"{server.url}/a", headers=known).status_code == 304
        piece = NAMED | {"Range": "bytes=2-", "If-Range": '"1"'}
        assert httpx2.get(f"{server.url}/a", headers=piece).content == b"dy"
        assert server.body_bytes == 2
