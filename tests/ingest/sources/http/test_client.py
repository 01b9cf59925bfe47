from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from ingest.errors import DownloadError, SourceAccessError, SourceRefusedError
from ingest.sources import Network, Source
from ingest.sources.http.client import WebClient
from tests.servers.web import Resource, WebServer

PUBLIC, PRIVATE = ("93.184.216.34",), ("10.0.0.7",)
HOSTS = {"example.com": PUBLIC, "cdn.example.net": PUBLIC, "intranet": PRIVATE}


def fetch(source: Source, network: Network) -> tuple[str, bytes]:
    with WebClient(source, network) as client, client.get(client.home, {}) as response:
        response.read()
        return str(response.url), response.content


@pytest.fixture
def internet(network: Network) -> Callable[..., Network]:
    """A network of named hosts whose answers are made by a function."""

    def made(answer: Callable[[httpx2.Request], httpx2.Response]) -> Network:
        return replace(
            network,
            transport=lambda: httpx2.MockTransport(answer),
            resolve=lambda host, _: HOSTS.get(host) or (host,),
        )

    return made


def leading_to(place: str) -> Callable[[httpx2.Request], httpx2.Response]:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/start":
            return httpx2.Response(302, headers={"location": place})
        token = request.headers.get("authorization", "none")
        return httpx2.Response(200, text=f"{request.headers['host']} {request.url.host} {token}")

    return answer


def test_a_public_redirect_is_followed_without_the_token(internet, monkeypatch):
    monkeypatch.setenv("DOCS_TOKEN", "t0ken")
    source = Source("docs", "https://example.com/start", token_env="DOCS_TOKEN")
    url, body = fetch(source, internet(leading_to("https://cdn.example.net/x")))
    assert url == "https://cdn.example.net/x"
    assert body == b"cdn.example.net 93.184.216.34 none"
    _, body = fetch(source, internet(leading_to("/x")))
    assert body == b"example.com 93.184.216.34 Bearer t0ken"
    _, body = fetch(source, internet(leading_to("https://example.com:8443/x")))
    assert body == b"example.com:8443 93.184.216.34 none"
    upgraded = replace(source, uri="http://example.com/start")
    _, body = fetch(upgraded, internet(leading_to("https://example.com/x")))
    assert body == b"example.com 93.184.216.34 none"


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1/latest",
        "http://intranet/x",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://[fd00::1]/",
        "http://0.0.0.0/",
    ],
)
def test_a_redirect_into_a_private_network_is_refused(internet, place: str):
    source = Source("docs", "http://example.com/start")
    with pytest.raises(SourceRefusedError, match="private network"):
        fetch(source, internet(leading_to(place)))
    allowed = replace(source, allow_private=True)
    assert fetch(allowed, internet(leading_to(place)))[0].rstrip("/") == place.rstrip("/")


def test_a_host_that_is_named_may_be_private_but_no_other(internet):
    source = Source("docs", "http://10.0.0.7/start")
    assert fetch(source, internet(leading_to("/x")))[0] == "http://10.0.0.7/x"
    for place in ("http://10.0.0.8/x", "http://10.0.0.7:8080/x", "https://10.0.0.7/x"):
        with pytest.raises(SourceRefusedError, match=r"leads to 10\.0\.0\.[78], .*private"):
            fetch(source, internet(leading_to(place)))


def test_what_a_name_leads_to_is_private_only_by_the_option(internet):
    source = Source("docs", "http://intranet/start")
    with pytest.raises(SourceRefusedError, match=r"^intranet is in a private network"):
        fetch(source, internet(leading_to("/x")))
    allowed = replace(source, allow_private=True)
    assert fetch(allowed, internet(leading_to("/x")))[0] == "http://intranet/x"


@pytest.mark.parametrize(
    "place", ["http://169.254.169.254/x", "http://[fe80::1]/", "http://metadata/"]
)
def test_nobody_is_led_to_a_metadata_server(internet, place: str):
    source = Source("docs", "http://example.com/start", allow_private=True)
    with pytest.raises(SourceRefusedError, match="metadata address"):
        fetch(source, internet(leading_to(place)))
    with pytest.raises(SourceRefusedError, match="metadata address"):
        fetch(replace(source, uri=place), internet(leading_to("/x")))


def test_a_local_server_may_not_lead_to_another_private_host(web: WebServer, network: Network):
    web.resources["/docs.zip"] = Resource(location="http://192.168.0.1/docs.zip")
    with pytest.raises(SourceRefusedError, match=r"192\.168\.0\.1"):
        fetch(Source("docs", f"{web.url}/docs.zip"), network)


def test_a_name_is_asked_once_so_that_it_can_not_change_its_answer(network: Network):
    answers = [PUBLIC, PRIVATE]
    seen = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.url.host)
        return httpx2.Response(200)

    rebinding = replace(
        network,
        transport=lambda: httpx2.MockTransport(answer),
        resolve=lambda *_: answers.pop(0),
    )
    fetch(Source("docs", "http://example.com/"), rebinding)
    assert seen == ["93.184.216.34"]


def test_the_next_address_is_tried_where_one_takes_no_connection(network: Network):
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "93.184.216.34":
            raise httpx2.ConnectError("no route")
        return httpx2.Response(200, text=request.url.host)

    two = replace(
        network,
        transport=lambda: httpx2.MockTransport(answer),
        resolve=lambda *_: ("93.184.216.34", "2606:2800::1"),
    )
    assert fetch(Source("docs", "https://example.com/"), two)[1] == b"2606:2800::1"


def test_a_token_is_not_sent_from_https_to_http(internet, monkeypatch):
    monkeypatch.setenv("DOCS_TOKEN", "t0ken")
    source = Source("docs", "https://example.com/start", token_env="DOCS_TOKEN")
    with pytest.raises(SourceRefusedError, match="from https:// to http://"):
        fetch(source, internet(leading_to("http://example.com/x")))
    open_ = replace(source, token_env="")
    assert fetch(open_, internet(leading_to("http://example.com/x")))[1].endswith(b"none")


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://example.com/x"])
def test_a_redirect_to_another_kind_of_address(internet, place: str):
    with pytest.raises(SourceRefusedError, match="not http:// or https://"):
        fetch(Source("docs", "http://example.com/start"), internet(leading_to(place)))


def test_redirects_without_end(internet):
    with pytest.raises(SourceRefusedError, match="over 10 times"):
        fetch(Source("docs", "http://example.com/start"), internet(leading_to("/start")))


def test_a_proxy_of_the_environment_is_asked(web: WebServer, network: Network, monkeypatch):
    monkeypatch.setenv("http_proxy", web.url)
    monkeypatch.setenv("no_proxy", "")

    def resolve(host: str, port: int) -> tuple[str, ...]:
        raise OSError(f"no {host}:{port}")

    web.resources["http://example.com/x"] = Resource(b"through the proxy")
    source = Source("docs", "http://example.com/x")
    assert fetch(source, replace(network, resolve=resolve))[1] == b"through the proxy"


def test_a_token_comes_from_the_environment_or_the_file(web: WebServer, network, monkeypatch):
    source = Source("docs", f"{web.url}/x", token_env="DOCS_TOKEN")
    with pytest.raises(SourceAccessError, match="DOCS_TOKEN"):
        WebClient(source, network)
    Path(".env").write_text("DOCS_TOKEN=from-file\n")
    web.resources["/x"] = Resource(b"in", login="Bearer from-file")
    assert fetch(source, network)[1] == b"in"
    monkeypatch.setenv("DOCS_TOKEN", "me:pa55")
    web.resources["/x"] = Resource(b"in", login="Basic bWU6cGE1NQ==")
    assert fetch(source, network)[1] == b"in"


def test_a_token_that_is_none_is_not_shown(network, monkeypatch):
    monkeypatch.setenv("DOCS_TOKEN", "a\nb")
    source = Source("docs", "https://example.com/x", token_env="DOCS_TOKEN")
    with pytest.raises(SourceAccessError) as caught:
        WebClient(source, network)
    assert "a\nb" not in str(caught.value)


def test_a_host_that_does_not_exist(downloads, network):
    def resolve(*_: object) -> tuple[str, ...]:
        raise OSError("not known")

    downloads.network = replace(network, resolve=resolve)
    with pytest.raises(DownloadError, match=r"no-such-host\.example has no address"):
        downloads.fetch(Source("docs", "https://no-such-host.example/docs.zip"))


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..b.example"])
def test_a_name_that_can_not_be_one_is_a_sentence(downloads, host):
    with pytest.raises(DownloadError, match="can't be downloaded"):
        downloads.fetch(Source("docs", f"https://{host}/docs.zip"))
