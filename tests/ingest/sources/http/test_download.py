from __future__ import annotations

import io
import tarfile
import traceback
import zipfile
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from ingest.errors import (
    DownloadError,
    SourceAccessError,
    SourceFormatError,
    SourceNotFoundError,
    SourceRefusedError,
)
from ingest.formats import is_wanted
from ingest.sources import Downloads, Limits, Network, Source, read_source
from ingest.sources.source import DownloadProgress
from tests.ingest.sources.conftest import Clock
from tests.servers.web import Resource, WebServer

ZIP = "application/zip"


def zip_bytes(text: str = "# A\n\ntext") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.md", text)
    return buffer.getvalue()


def tar_bytes(pages: int = 20) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for number in range(pages):
            member = tarfile.TarInfo(f"{number}.md")
            member.size = 3_000
            archive.addfile(member, io.BytesIO(bytes(range(250)) * 12))
    return buffer.getvalue()


@pytest.fixture
def resource(web: WebServer) -> Resource:
    web.resources["/docs.zip"] = Resource(zip_bytes(), ZIP, etag='"1"')
    return web.resources["/docs.zip"]


@pytest.fixture
def source(web: WebServer, resource: Resource) -> Source:
    assert resource.body
    return Source("docs", f"{web.url}/docs.zip")


def names(downloads: Downloads) -> list[str]:
    """What lies there, but for the notes beside snapshots."""
    return sorted(path.name for path in downloads.folder.iterdir() if path.suffix != ".json")


def test_unchanged_is_not_downloaded_again(downloads, web, source, resource):
    first = downloads.fetch(source)
    body = first.read_bytes()
    web.clear()
    assert downloads.fetch(source) == first
    assert web.requests[0].headers["if-none-match"] == '"1"'
    assert web.body_bytes == 0
    resource.body, resource.etag = zip_bytes("new"), '"2"'
    downloads.fetch(source)
    assert first.read_bytes() != body
    assert names(downloads) == [first.name]


def test_last_modified_is_asked_for(downloads, web, source, resource):
    resource.etag, resource.last_modified = "", "Mon, 08 Jul 2024 00:00:00 GMT"
    downloads.fetch(source)
    web.clear()
    downloads.fetch(source)
    assert web.requests[0].headers["if-modified-since"] == resource.last_modified
    assert web.body_bytes == 0


def test_a_lost_snapshot_is_fetched_whole(downloads, web, source):
    downloads.fetch(source).unlink()
    web.clear()
    assert downloads.fetch(source).exists()
    assert "if-none-match" not in web.requests[0].headers


def test_trouble_that_passes_is_tried_again_after_as_long_as_the_server_asks(
    downloads, source, resource, clock
):
    resource.statuses, resource.headers = [503, 429], {"Retry-After": "7"}
    assert downloads.fetch(source).exists()
    assert sum(clock.slept) == 7.0 + 7.0


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"statuses": [404]}, SourceNotFoundError, "404"),
        ({"statuses": [410]}, SourceNotFoundError, "410"),
        ({"statuses": [403]}, SourceAccessError, "403"),
        ({"login": "Bearer other"}, SourceAccessError, "401"),
        ({"statuses": [500] * 4}, DownloadError, "500"),
        ({"statuses": [418]}, DownloadError, "418"),
        ({"body": b"<html>sign in</html>"}, SourceFormatError, "a web page"),
        ({"body": b"nothing"}, SourceFormatError, "not a readable zip"),
        ({"body": zip_bytes()[:-9]}, SourceFormatError, "not a readable zip"),
        ({"cuts": [5] * 4, "ranges": False}, DownloadError, "can't be downloaded: peer closed"),
    ],
)
def test_failures_say_what_and_show_no_secret(
    downloads, web, source, resource, change, error, said
):
    login = {"login": "Basic bWU6cGE1NQ=="}
    web.resources["/docs.zip?token=t0ken5"] = replace(resource, **login | change)
    secret = replace(source, uri=source.uri.replace("//", "//me:pa55@") + "?token=t0ken5")
    with pytest.raises(error, match=said) as caught:
        downloads.fetch(secret)
    assert str(caught.value).count(source.uri) == 1
    shown = "".join(traceback.format_exception(caught.value))
    assert "pa55" not in shown
    assert "t0ken5" not in shown


def test_what_takes_too_long_to_answer(tmp_path, network, source):
    def handler(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("no answer in time", request=request)

    slow = replace(network, transport=lambda: httpx2.MockTransport(handler))
    with pytest.raises(DownloadError, match="no answer in time"):
        Downloads(tmp_path, network=slow).fetch(source)


def test_what_comes_too_slowly(tmp_path, network, source, clock: Clock):
    def drip():
        for block in (b"PK", b"..", b".."):
            clock.now += 40
            yield block

    slow = replace(
        network,
        transport=lambda: httpx2.MockTransport(lambda _: httpx2.Response(200, content=drip())),
    )
    downloads = Downloads(tmp_path, limits=Limits(seconds=60), network=slow)
    with pytest.raises(DownloadError, match="took over 1 minutes"):
        downloads.fetch(source)


def test_a_failed_download_leaves_the_snapshot(downloads, source, resource):
    snapshot = downloads.fetch(source)
    body = snapshot.read_bytes()
    resource.body, resource.etag = b"broken", '"2"'
    with pytest.raises(SourceFormatError):
        downloads.fetch(source)
    small = Downloads(downloads.folder, limits=Limits(bytes=1000), network=downloads.network)
    for length in (True, False):
        resource.body, resource.length = zip_bytes("x" * 5000), length
        with pytest.raises(SourceRefusedError, match="over 0 MiB"):
            small.fetch(source)
    assert snapshot.read_bytes() == body
    assert names(downloads) == [snapshot.name]


def test_a_cut_off_download_without_a_length_is_noticed(downloads, web, source):
    whole = tar_bytes()
    web.resources["/docs.tgz"] = Resource(whole[: len(whole) - 90], ZIP, length=False)
    with pytest.raises(SourceFormatError, match="damaged or cut off"):
        downloads.fetch(replace(source, uri=f"{web.url}/docs.tgz"))
    assert names(downloads) == []


def test_a_broken_connection_is_resumed_where_it_broke(downloads, web, source, resource):
    resource.body, resource.cuts = zip_bytes("text " * 2_000), [4_000, 3_000]
    assert downloads.fetch(source).read_bytes() == resource.body
    asked = [seen.headers.get("range") for seen in web.requests]
    assert asked == [None, "bytes=4000-", "bytes=7000-"]
    assert web.body_bytes == len(resource.body)


def test_an_unfinished_download_is_resumed_by_the_next_sync(downloads, web, source, resource):
    snapshot = downloads.fetch(source)
    before = snapshot.read_bytes()
    resource.body, resource.etag = zip_bytes("text " * 2_000), '"2"'
    resource.cuts = [1_000] * 4
    with pytest.raises(DownloadError):
        downloads.fetch(source)
    assert snapshot.read_bytes() == before
    web.clear()
    downloads.fetch(source)
    assert snapshot.read_bytes() == resource.body
    assert web.body_bytes == len(resource.body) - 4_000
    assert names(downloads) == [snapshot.name]


def test_a_file_that_changed_meanwhile_is_not_put_together(downloads, source, resource):
    resource.body, resource.cuts = zip_bytes("old " * 2_000), [4_000] * 4
    resource.ranges = False
    with pytest.raises(DownloadError):
        downloads.fetch(source)
    resource.body, resource.etag, resource.ranges = zip_bytes("new " * 3_000), '"2"', True
    assert downloads.fetch(source).read_bytes() == resource.body


def test_a_weak_etag_resumes_nothing(downloads, web, source, resource):
    resource.body, resource.etag, resource.cuts = zip_bytes("text " * 2_000), 'W/"1"', [4_000]
    assert downloads.fetch(source).read_bytes() == resource.body
    assert "range" not in web.requests[1].headers


@pytest.mark.parametrize("answer", [416, 206])
def test_a_server_that_resumes_wrongly_is_asked_anew(
    tmp_path, network: Network, source, answer: int
):
    whole = zip_bytes("text " * 1_000)
    asked = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.headers.get("range"))
        if len(asked) == 1:
            return httpx2.Response(200, content=cut_off(whole[:2_000]), headers={"etag": '"1"'})
        if len(asked) == 2:
            return httpx2.Response(
                answer, headers={"content-range": "bytes 0-9/10"}, content=iter([b"?"])
            )
        return httpx2.Response(200, content=iter([whole]))

    broken = replace(network, transport=lambda: httpx2.MockTransport(handler))
    downloads = Downloads(tmp_path / "s", network=broken)
    assert downloads.fetch(source).read_bytes() == whole
    assert asked == [None, "bytes=2000-", None]


def cut_off(data: bytes):
    yield data
    raise httpx2.RemoteProtocolError("peer closed connection")


def test_progress_is_told(downloads, source, resource):
    seen: list[DownloadProgress] = []
    downloads.fetch(source, progress=seen.append)
    size = len(resource.body)
    assert DownloadProgress("docs", 0, size) in seen
    assert seen[-1] == DownloadProgress("docs", size, size)


def test_a_folder_that_can_not_be_written(tmp_path: Path, network, source):
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="can't be stored"):
        Downloads(tmp_path / "file" / "s", network=network).fetch(source)


def test_what_another_host_downloaded_is_not_trusted(downloads, web, source, tmp_path):
    """Two hosts with one state database: each has snapshots, and asks for what it has not."""
    downloads.fetch(source)
    other = Downloads(tmp_path / "other", network=downloads.network)
    assert other.fetch(source).read_bytes() == downloads.fetch(source).read_bytes()
    assert "if-none-match" not in web.requests[1].headers


@pytest.mark.parametrize("note", [b"", b"[]", b'{"size": 1, "etag": ""}', b'{"etag": "x"}', None])
def test_a_snapshot_whose_note_does_not_fit_is_downloaded_again(
    downloads, web, source, resource, note
):
    snapshot = downloads.fetch(source)
    if note is None:
        snapshot.write_bytes(b"another file")
    else:
        snapshot.with_suffix(".json").write_bytes(note)
    web.clear()
    downloads.fetch(source)
    assert "if-none-match" not in web.requests[0].headers
    assert snapshot.read_bytes() == resource.body


def test_a_download_that_is_stopped_leaves_the_snapshot(downloads, source, resource):
    snapshot = downloads.fetch(source)
    before = snapshot.read_bytes()
    resource.body, resource.etag = zip_bytes("text " * 2_000), '"2"'

    def stop(_: DownloadProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        downloads.fetch(source, progress=stop)
    assert snapshot.read_bytes() == before
    downloads.fetch(source)
    assert snapshot.read_bytes() == resource.body


def test_an_archive_with_a_damaged_entry_is_downloaded_again(downloads, web, source, resource):
    whole = {"a.md": "# A", "b.md": "# B"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in whole.items():
            archive.writestr(name, text)
    resource.body = buffer.getvalue()
    snapshot = downloads.fetch(source)
    snapshot.write_bytes(resource.body.replace(b"# A", b"# X", 1))

    def read() -> list[str]:
        found = read_source(source, downloads, is_wanted=is_wanted)
        return [*(file.path for file in found.files), *found.failures]

    assert read() == ["b.md", "a.md: is damaged"]
    assert read() == ["a.md", "b.md"]
    web.clear()
    assert read() == ["a.md", "b.md"]
    assert web.body_bytes == 0
