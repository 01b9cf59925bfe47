from __future__ import annotations

import io
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tenacity import wait_none

from ingest.errors import DownloadError, SourceFormatError, SourceNotFoundError
from ingest.ledger import Ledger
from ingest.sources import Downloads, Source, download

SOURCE = Source("docs", "https://me:secret@example.com/docs.zip")


def zip_bytes(text: str = "# A\n\ntext") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.md", text)
    return buffer.getvalue()


class Server:
    """Answers requests from a list, and notes them."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def downloads(ledger: Ledger, tmp_path: Path) -> Callable[[Server], Downloads]:
    def make(server: Server) -> Downloads:
        return Downloads(
            tmp_path / "snapshots",
            ledger,
            client=lambda: httpx.Client(transport=httpx.MockTransport(server)),
            wait=wait_none(),
        )

    return make


def ok(body: bytes, **headers: str) -> httpx.Response:
    return httpx.Response(200, content=body, headers=headers)


def test_unchanged_is_not_downloaded_again(downloads):
    server = Server(ok(zip_bytes(), etag='"1"'), httpx.Response(304), ok(zip_bytes("new")))
    first = downloads(server).fetch(SOURCE)
    body = first.read_bytes()
    assert downloads(server).fetch(SOURCE) == first
    assert first.read_bytes() == body
    assert server.requests[1].headers["if-none-match"] == '"1"'
    downloads(server).fetch(SOURCE)
    assert first.read_bytes() != body
    assert sorted(path.name for path in first.parent.iterdir()) == [first.name]


def test_last_modified_is_asked_for(downloads):
    moment = "Mon, 08 Jul 2024 00:00:00 GMT"
    server = Server(ok(zip_bytes(), **{"last-modified": moment}), httpx.Response(304))
    downloads(server).fetch(SOURCE)
    downloads(server).fetch(SOURCE)
    assert server.requests[1].headers["if-modified-since"] == moment


def test_a_lost_snapshot_is_fetched_whole(downloads):
    server = Server(ok(zip_bytes(), etag='"1"'), ok(zip_bytes(), etag='"1"'))
    downloads(server).fetch(SOURCE).unlink()
    assert downloads(server).fetch(SOURCE).exists()
    assert "if-none-match" not in server.requests[1].headers


def test_trouble_that_passes_is_tried_again(downloads):
    server = Server(httpx.ConnectError("no route"), httpx.Response(503), ok(zip_bytes()))
    assert downloads(server).fetch(SOURCE).exists()


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (httpx.Response(404), SourceNotFoundError, "404"),
        (httpx.Response(403), DownloadError, "403"),
        (httpx.Response(500), DownloadError, "500"),
        (httpx.ReadTimeout("too slow"), DownloadError, "too slow"),
        (ok(b"<html>sign in</html>"), SourceFormatError, "not a readable zip"),
    ],
)
def test_failures_say_what_and_show_no_secret(downloads, answer, error, said: str):
    with pytest.raises(error, match=said) as caught:
        downloads(Server(*[answer] * 4)).fetch(SOURCE)
    assert "https://example.com/docs.zip" in str(caught.value)
    assert "me:secret" not in "".join(traceback.format_exception(caught.value))


def test_a_failed_download_leaves_the_snapshot(downloads, monkeypatch: pytest.MonkeyPatch):
    server = Server(ok(zip_bytes(), etag='"1"'), ok(b"broken"), ok(zip_bytes("x" * 5000)))
    snapshot = downloads(server).fetch(SOURCE)
    body = snapshot.read_bytes()
    with pytest.raises(SourceFormatError):
        downloads(server).fetch(SOURCE)
    monkeypatch.setattr(download, "MAX_BYTES", 1000)
    with pytest.raises(SourceFormatError, match="over"):
        downloads(server).fetch(SOURCE)
    assert snapshot.read_bytes() == body
    assert [path.name for path in snapshot.parent.iterdir()] == [snapshot.name]


def test_a_folder_that_can_not_be_written(ledger: Ledger, tmp_path: Path):
    (tmp_path / "file").write_text("")
    client = httpx.Client(transport=httpx.MockTransport(Server(ok(zip_bytes()))))
    with pytest.raises(DownloadError, match="can't be stored"):
        Downloads(tmp_path / "file" / "snapshots", ledger, client=lambda: client).fetch(SOURCE)
