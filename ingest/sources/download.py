"""An archive behind an address: fetched when it changed, whole or not at all."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter
from tenacity.wait import wait_base

from ingest.errors import DownloadError, SourceFormatError, SourceNotFoundError
from ingest.sources.base import Source
from rag_core.types import content_hash

MAX_BYTES = 1024 * 2**20
_ATTEMPTS = 4
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server said about the snapshot, to ask whether there is a newer one."""

    etag: str = ""
    last_modified: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The conditional part of the next request."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}


class ValidatorStore(Protocol):
    """Remembers the validators of each address; `ingest.ledger` does."""

    def validators(self, uri: str) -> Validators:
        """What was remembered; empty for an address never fetched."""

    def remember_validators(self, uri: str, validators: Validators) -> None:
        """Remember; empty ones make the next request fetch the whole."""


class Downloads:
    """Keeps one snapshot per address in a folder.

    Args:
        folder: where snapshots lie; made when needed.
        remembered: the validators of earlier downloads.
        client: makes the HTTP client; a test hands in its own transport.
        wait: pause between attempts.
    """

    def __init__(
        self,
        folder: Path,
        remembered: ValidatorStore,
        *,
        client: Callable[[], httpx.Client] | None = None,
        wait: wait_base | None = None,
    ) -> None:
        self._folder = folder
        self._remembered = remembered
        self._client = client or (lambda: httpx.Client(timeout=_TIMEOUT, follow_redirects=True))
        self._wait = wait or wait_exponential_jitter(initial=1, max=20)

    def fetch(self, source: Source) -> Path:
        """Path of an up-to-date snapshot; nothing is downloaded when the server has no newer one.

        Raises:
            SourceNotFoundError: the server has nothing there.
            SourceFormatError: what it has is not a zip, or too large.
            DownloadError: the server can't be reached, refuses or breaks off.
        """
        snapshot = self._folder / f"{content_hash(source.uri)[:16]}.zip"
        attempts = Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=self._wait,
            retry=retry_if_exception_type((httpx.TransportError, httpx.HTTPStatusError)),
            reraise=True,
        )
        try:
            attempts(self._attempt, source, snapshot)
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            # Not `from error`: its text has the whole address, password and token included.
            raise DownloadError(
                f"{source.shown_uri} can't be downloaded now (HTTP {status}): try again later."
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise DownloadError(
                f"{source.shown_uri} can't be downloaded: {error}; check the address and the "
                "network."
            ) from error
        except OSError as error:
            raise DownloadError(
                f"{source.shown_uri} can't be stored in {self._folder}: {error.strerror or error}."
            ) from error
        return snapshot

    def _attempt(self, source: Source, snapshot: Path) -> None:
        known = self._remembered.validators(source.uri) if snapshot.exists() else Validators()
        with (
            self._client() as client,
            client.stream("GET", source.uri, headers=known.headers) as response,
        ):
            if response.status_code == httpx.codes.NOT_MODIFIED and known.headers:
                return
            _check_status(source, response)
            self._store(source, snapshot, response)

    def _store(self, source: Source, snapshot: Path, response: httpx.Response) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        part = snapshot.with_suffix(".part")
        try:
            _write(source, part, response)
            # Forgotten first: a crash in between must never pair new validators with an old file.
            self._remembered.remember_validators(source.uri, Validators())
            os.replace(part, snapshot)  # noqa: PTH105  (atomic, and says so)
        finally:
            part.unlink(missing_ok=True)
        self._remembered.remember_validators(
            source.uri,
            Validators(
                etag=response.headers.get("etag", ""),
                last_modified=response.headers.get("last-modified", ""),
            ),
        )


def _check_status(source: Source, response: httpx.Response) -> None:
    status = response.status_code
    if status in {httpx.codes.NOT_FOUND, httpx.codes.GONE}:
        raise SourceNotFoundError(f"There is nothing at {source.shown_uri} (HTTP {status}).")
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
        response.raise_for_status()  # tried again
    if status != httpx.codes.OK:
        raise DownloadError(
            f"{source.shown_uri} can't be downloaded (HTTP {status}): check the address and who "
            "may read it."
        )


def _write(source: Source, part: Path, response: httpx.Response) -> None:
    written = 0
    with part.open("wb") as file:
        for block in response.iter_bytes():
            written += len(block)
            if written > MAX_BYTES:
                raise SourceFormatError(f"{source.shown_uri} is over {MAX_BYTES / 2**30:g} GiB.")
            file.write(block)
    if not zipfile.is_zipfile(part):
        raise SourceFormatError(f"{source.shown_uri} is not a readable zip file.")
