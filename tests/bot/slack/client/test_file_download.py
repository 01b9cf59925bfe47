"""Shared files come from Slack's hosts alone, within limits."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client import file_download
from bot.slack.client.file_download import Download, FileDownloads
from tests.servers.loopback import Loopback

TOKEN = "xoxb-secret"


class Host:
    """A host that serves what it is told to, and keeps the tokens that it saw."""

    def __init__(self) -> None:
        self.replies: dict[str, web.Response] = {}
        self.tokens: list[str | None] = []
        self._app = web.Application()
        self._app.router.add_get("/{path:.*}", self._serve)
        self.loopback = Loopback(self._app)

    async def _serve(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers.get("Authorization"))
        reply = self.replies[request.match_info["path"]]
        # A response can be sent only once.
        return web.Response(status=reply.status, headers=reply.headers.copy(), body=reply.body)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.loopback.port}/{path}"


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = Host()
    await host.loopback.start()
    yield host
    await host.loopback.stop()


@pytest.fixture
async def other() -> AsyncIterator[Host]:
    host = Host()
    await host.loopback.start()
    yield host
    await host.loopback.stop()


def downloads(host: Host) -> FileDownloads:
    return FileDownloads(AsyncWebClient(token=TOKEN, base_url=host.url("api/")))


async def fetch(host: Host, url: str, *, limit: int = 1_000) -> Download | None:
    return await downloads(host).download(url, head=10, tail=4, limit=limit)


def serve(body: bytes) -> web.Response:
    return web.Response(body=body, headers={"Content-Disposition": "attachment"})


@pytest.mark.parametrize(
    ("body", "limit", "found"),
    [
        (b"", 1_000, Download(b"")),
        (b"0123456789", 1_000, Download(b"0123456789")),
        (b"0123456789ab", 1_000, Download(b"0123456789", b"ab")),
        (b"0123456789abcdefgh", 1_000, Download(b"0123456789", b"efgh", 4)),
        (b"0123456789abcdefgh", 18, Download(b"0123456789", b"", 8)),
    ],
)
async def test_beginning_and_end_are_read(host: Host, body: bytes, limit: int, found: Download):
    host.replies["f"] = serve(body)
    assert await fetch(host, host.url("f"), limit=limit) == found
    assert host.tokens == [f"Bearer {TOKEN}"]


async def test_the_token_goes_to_no_other_host(host: Host, other: Host):
    other.replies["f"] = serve(b"bait")
    assert await fetch(host, other.url("f")) is None
    host.replies["f"] = web.Response(status=302, headers={"Location": other.url("f")})
    assert await fetch(host, host.url("f")) is None
    assert other.tokens == []


@pytest.mark.parametrize(
    "url",
    [
        "http://files.slack.com/f",
        "https://files.slack.com.evil.example/f",
        "https://files.slack.com@evil.example/f",
        "https://drive.example/f",
        "file:///etc/passwd",
        "https://[x",
        "",
    ],
)
async def test_only_slacks_file_hosts_are_asked(host: Host, url: str):
    assert await fetch(host, url) is None


async def test_a_redirect_within_slack_is_followed(host: Host):
    host.replies["f"] = web.Response(status=302, headers={"Location": "/g"})
    host.replies["g"] = serve(b"text")
    assert await fetch(host, host.url("f")) == Download(b"text")


async def test_a_redirect_to_no_url_is_not_followed(host: Host):
    host.replies["f"] = web.Response(status=302, headers={"Location": "https://[x"})
    assert await fetch(host, host.url("f")) is None


async def test_redirects_without_end_are_given_up(host: Host):
    host.replies["f"] = web.Response(status=302, headers={"Location": "/f"})
    assert await fetch(host, host.url("f")) is None


@pytest.mark.parametrize(
    "reply",
    [
        web.Response(text="<html>Sign in</html>", content_type="text/html"),
        web.Response(status=403),
        web.Response(status=404),
    ],
)
async def test_a_login_page_and_a_refusal_are_no_file(
    host: Host, reply: web.Response, caplog: pytest.LogCaptureFixture
):
    host.replies["f"] = reply
    assert await fetch(host, host.url("f")) is None
    assert "files:read" in caplog.text
    assert TOKEN not in caplog.text


async def test_a_page_that_was_shared_is_a_file(host: Host):
    host.replies["page.html"] = web.Response(text="<p>hi</p>", content_type="text/html")
    assert await fetch(host, host.url("page.html")) == Download(b"<p>hi</p>")


async def test_a_host_that_does_not_answer_costs_only_its_file(host: Host, monkeypatch):
    monkeypatch.setattr(file_download, "DOWNLOAD_SECONDS", 0.001)
    assert await fetch(host, host.url("f")) is None
