"""An archive behind an address: fetched when it changed, whole or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import httpx

from ingest.errors import DownloadError, SourceFormatError, SourceRefusedError
from ingest.sources.archive.reader import inspect_archive
from ingest.sources.http.cancellation import DownloadReporter
from ingest.sources.http.client import (
    Deadline,
    Limits,
    Network,
    WebClient,
    check_status,
    translate_http_errors,
)
from ingest.sources.http.snapshot import Snapshot, Validators
from ingest.sources.source import (
    DownloadCallback,
    DownloadProgress,
    Source,
    ignore_download_progress,
)

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class Downloads:
    """What is kept of remote sources, in one folder: an archive, a repository, a website's pages.

    Args:
        folder: where they lie; made when needed.
        limits: of each source.
        network: the edge to the network.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limits: Limits | None = None,
        network: Network | None = None,
    ) -> None:
        self.folder = folder
        self.limits = limits or Limits()
        self.network = network or Network()

    def fetch(
        self, source: Source, *, progress: DownloadCallback = ignore_download_progress
    ) -> Path:
        """Path of an up-to-date snapshot; nothing is downloaded when the server has no newer one.

        What `progress` raises ends it, also while it waits.

        Raises:
            SourceNotFoundError: the server has nothing there.
            SourceAccessError: it wants a login.
            SourceFormatError: what it has is no archive.
            SourceRefusedError: the archive or the way to it could do harm, or is too large.
            DownloadError: the server can't be reached, refuses, breaks off or takes too long.
        """
        snapshot = self._get_snapshot(source)
        deadline = Deadline(source, self.limits.seconds, self.network.clock)
        told = DownloadReporter(source.name, progress)
        try:
            with (
                translate_http_errors(source.redacted_uri),
                WebClient(source, self.network, look=told.repeat_last) as web,
            ):
                self.network.build_retrying(told.repeat_last)(
                    self._download_once, web, source, deadline, told
                )
        except OSError as error:
            raise DownloadError(
                f"{source.redacted_uri} can't be stored in {self.folder}: "
                f"{error.strerror or error}."
            ) from error
        return snapshot.path

    def forget(self, source: Source) -> None:
        """Make the next download of an archive a whole one: the snapshot can't be read."""
        self._get_snapshot(source).forget()

    def _get_snapshot(self, source: Source) -> Snapshot:
        return Snapshot(self.folder / f"{source.key}.archive")

    def _download_once(
        self, web: WebClient, source: Source, deadline: Deadline, progress: DownloadCallback
    ) -> None:
        known = self._get_snapshot(source).read_validators()
        self.folder.mkdir(parents=True, exist_ok=True)
        part = _PartialDownload(self.folder / f"{source.key}.part")
        # The bytes as they lie on the server: only these can be resumed.
        headers = {"Accept-Encoding": "identity", **known.headers, **part.headers}
        with web.get(web.home, headers) as response:
            if response.status_code == httpx.codes.NOT_MODIFIED and known.headers:
                part.remove()
                return
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.remove()
                raise httpx.RemoteProtocolError("the server has no more of it; begun anew")
            check_status(response, source.redacted_uri)
            part.receive(response, _DownloadMonitor(source, self.limits, deadline, progress))
        self._store_snapshot(source, part, _read_validators(response))

    def _store_snapshot(
        self, source: Source, part: _PartialDownload, validators: Validators
    ) -> None:
        """The finished download becomes the snapshot, if it is one that can be read."""
        try:
            inspect_archive(source, part.path)
        except (SourceFormatError, SourceRefusedError):
            part.remove()
            raise
        self._get_snapshot(source).replace(part.path, validators)
        part.remove()


@dataclass(frozen=True, slots=True)
class _DownloadMonitor:
    """Looks at a download while it runs."""

    source: Source
    limits: Limits
    deadline: Deadline
    progress: DownloadCallback

    def check(self, received: int, total: int | None) -> None:
        if max(received, total or 0) > self.limits.bytes:
            raise SourceRefusedError(
                f"{self.source.redacted_uri} is over {self.limits.bytes / 2**20:,.0f} MiB: raise "
                "DOCENT_DOWNLOAD_MAX_MB if this size is expected."
            )
        self.deadline.check()
        self.progress(DownloadProgress(self.source.name, received, total))


class _PartialDownload:
    """An unfinished download, and in a file beside it what lets the server resume it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_suffix(".resume")

    @property
    def headers(self) -> dict[str, str]:
        """Ask for the rest, if it still is the rest of the same file."""
        size = self.path.stat().st_size if self.path.exists() else 0
        validator = self._note.read_text().strip() if self._note.exists() else ""
        return {"Range": f"bytes={size}-", "If-Range": validator} if size and validator else {}

    def receive(self, response: httpx.Response, watch: _DownloadMonitor) -> None:
        """Write the body down; what came before the connection broke stays."""
        try:
            self._write_body(response, watch)
        except (SourceRefusedError, OSError):
            self.remove()
            raise

    def _write_body(self, response: httpx.Response, watch: _DownloadMonitor) -> None:
        start, total = self._locate_body(response)
        watch.check(start, total)
        # A body that is compressed on its way comes out unpacked: it can't be put together.
        encoded = response.headers.get("content-encoding", "identity") != "identity"
        self._note.write_text("" if encoded else _read_validators(response).range_validator)
        with self.path.open("ab" if start else "wb") as file:
            for block in response.iter_bytes():
                file.write(block)
                start += len(block)
                watch.check(start, None if encoded else total)

    def _locate_body(self, response: httpx.Response) -> tuple[int, int | None]:
        """Where the body begins in the file, and how long the file is."""
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            length = response.headers.get("content-length", "")
            return 0, int(length) if length.isdecimal() else None
        match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        size = self.path.stat().st_size if self.path.exists() else 0
        if match is None or int(match[1]) != size or not size:
            self.remove()
            raise httpx.RemoteProtocolError("the server resumes at another place; begun anew")
        return size, int(match[2]) if match[2].isdecimal() else None

    def remove(self) -> None:
        """Nothing is kept."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


def _read_validators(response: httpx.Response) -> Validators:
    return Validators(
        etag=response.headers.get("etag", ""),
        last_modified=response.headers.get("last-modified", ""),
    )
