"""Archives behind an address: downloaded when they changed, whole or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import httpx2

from ingest.errors import DownloadError, SourceFormatError, SourceRefusedError
from ingest.sources.archive.reader import inspect_archive
from ingest.sources.http.body import is_packed, iterate_body
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
    """A folder of what was downloaded: archives, repositories and pages of websites.

    Args:
        folder: path of the folder, which is made when it is needed.
        limits: limits of each source.
        network: the network and the time.
        prefers_stored: whether what is there is used as it is, without asking the server.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limits: Limits | None = None,
        network: Network | None = None,
        prefers_stored: bool = False,
    ) -> None:
        self.folder = folder
        self.prefers_stored = prefers_stored
        self.limits = limits or Limits()
        self.network = network or Network()

    def fetch(
        self, source: Source, *, progress: DownloadCallback = ignore_download_progress
    ) -> Path:
        """Return the path of an up-to-date snapshot of an archive.

        Nothing is downloaded if the server has no newer one. An exception from `progress` ends the
        download, also while it waits.

        Raises:
            SourceNotFoundError: the server has nothing there.
            SourceAccessError: the server wants a login.
            SourceFormatError: the download is not an archive.
            SourceRefusedError: the archive or a redirect could do harm, or the archive is too
                large.
            DownloadError: the server can't be reached, refuses, breaks off or takes too long.
        """
        snapshot = self._get_snapshot(source)
        if self.prefers_stored and snapshot.path.is_file():
            return snapshot.path
        deadline = Deadline(source, self.limits.seconds, self.network.clock)
        reporter = DownloadReporter(source.name, progress)
        try:
            with (
                translate_http_errors(source.redacted_uri),
                WebClient(source, self.network, check_cancelled=reporter.repeat_last) as web,
            ):
                self.network.build_retrying(reporter.repeat_last)(
                    self._download_once, web, source, deadline, reporter
                )
        except OSError as error:
            raise DownloadError(
                f"{source.redacted_uri} can't be stored in {self.folder}: "
                f"{error.strerror or error}."
            ) from error
        return snapshot.path

    def forget(self, source: Source) -> None:
        """Make the next download of an archive a full one.

        This is for a snapshot that can't be read.
        """
        self._get_snapshot(source).forget()

    def _get_snapshot(self, source: Source) -> Snapshot:
        return Snapshot(self.folder / f"{source.key}.archive")

    def _download_once(
        self, web: WebClient, source: Source, deadline: Deadline, progress: DownloadCallback
    ) -> None:
        validators = self._get_snapshot(source).read_validators()
        self.folder.mkdir(parents=True, exist_ok=True)
        part = _PartialDownload(self.folder / f"{source.key}.part")
        # Ask for the bytes as the server stores them: only these can be resumed.
        headers = {"Accept-Encoding": "identity", **validators.headers, **part.headers}
        with web.get(web.home, headers, seconds=self.limits.seconds) as response:
            if response.status_code == httpx2.codes.NOT_MODIFIED and validators.headers:
                part.remove()
                return
            if response.status_code == httpx2.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.remove()
                raise httpx2.RemoteProtocolError("the server can't resume the download")
            check_status(response, source.redacted_uri)
            part.receive(response, _DownloadMonitor(source, self.limits, deadline, progress))
        self._store_snapshot(source, part, _read_validators(response))

    def _store_snapshot(
        self, source: Source, part: _PartialDownload, validators: Validators
    ) -> None:
        """Make the finished download the snapshot, if it can be read."""
        try:
            inspect_archive(source, part.path)
        except (SourceFormatError, SourceRefusedError):
            part.remove()
            raise
        self._get_snapshot(source).replace(part.path, validators)
        part.remove()


@dataclass(frozen=True, slots=True)
class _DownloadMonitor:
    """Checks the limits of a download and reports its progress."""

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
    """An unfinished download, and beside it the validator to resume it with."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._validator_file = path.with_suffix(".resume")

    @property
    def headers(self) -> dict[str, str]:
        """Headers that ask for the rest; empty if there is nothing to resume."""
        size = self.path.stat().st_size if self.path.exists() else 0
        validator = (
            self._validator_file.read_text().strip() if self._validator_file.exists() else ""
        )
        return {"Range": f"bytes={size}-", "If-Range": validator} if size and validator else {}

    def receive(self, response: httpx2.Response, monitor: _DownloadMonitor) -> None:
        """Append the body to the file.

        If the connection breaks, the file keeps what came before.
        """
        try:
            self._write_body(response, monitor)
        except (SourceRefusedError, OSError):
            self.remove()
            raise

    def _write_body(self, response: httpx2.Response, monitor: _DownloadMonitor) -> None:
        received, total = self._locate_body(response)
        monitor.check(received, total)
        # A body that was packed on its way is unpacked: such parts can't be joined.
        is_encoded = is_packed(response)
        self._validator_file.write_text(
            "" if is_encoded else _read_validators(response).range_validator
        )
        with self.path.open("ab" if received else "wb") as file:
            for block in iterate_body(response):
                file.write(block)
                received += len(block)
                monitor.check(received, None if is_encoded else total)

    def _locate_body(self, response: httpx2.Response) -> tuple[int, int | None]:
        """Return the body's offset in the file, and the file's size.

        The size is None if the server does not say.
        """
        if response.status_code != httpx2.codes.PARTIAL_CONTENT:
            length = response.headers.get("content-length", "")
            return 0, int(length) if length.isdecimal() else None
        match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        size = self.path.stat().st_size if self.path.exists() else 0
        if match is None or int(match[1]) != size or not size:
            self.remove()
            raise httpx2.RemoteProtocolError("the server resumed at another offset")
        return size, int(match[2]) if match[2].isdecimal() else None

    def remove(self) -> None:
        """Delete the file and its validator."""
        self.path.unlink(missing_ok=True)
        self._validator_file.unlink(missing_ok=True)


def _read_validators(response: httpx2.Response) -> Validators:
    return Validators(
        etag=response.headers.get("etag", ""),
        last_modified=response.headers.get("last-modified", ""),
    )
