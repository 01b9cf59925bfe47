"""HTTP for sources: checked addresses and redirects, a token for one host, patience."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)
from tenacity.wait import wait_base

from ingest.errors import (
    DownloadError,
    SourceAccessError,
    SourceNotFoundError,
    SourceRefusedError,
)
from ingest.sources.address.uri import redact_uri
from ingest.sources.http.address_guard import AddressGuard, Resolver, resolve_host
from ingest.sources.http.cancellation import CHECK_SECONDS, CancelCheck, skip_cancel_check
from ingest.sources.http.credentials import build_authorization
from ingest.sources.http.pinned_transport import PinnedTransport, get_default_port
from ingest.sources.source import Source

USER_AGENT = "docent"
TRANSIENT_ERRORS = (httpx.TransportError, httpx.HTTPStatusError)
"""Trouble that may pass: tried again."""

_ATTEMPTS = 4
_MAX_REDIRECTS = 10
_MAX_RETRY_AFTER = 60.0
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_LOGIN = {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
_GONE = {httpx.codes.NOT_FOUND, httpx.codes.GONE}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one source is downloaded: bytes, and seconds it may take."""

    bytes: int = 1024 * 2**20
    seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Network:
    """The edge to the network, and time: a test hands in its own."""

    transport: Callable[[], httpx.BaseTransport] | None = None
    resolve: Resolver = resolve_host
    wait: wait_base = field(default_factory=lambda: wait_exponential_jitter(initial=1, max=20))
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def pause(self, seconds: float, look: CancelCheck) -> None:
        """Sleep, and look about first and every half second."""
        look()
        while seconds > 0:
            self.sleep(min(seconds, CHECK_SECONDS))
            look()
            seconds -= CHECK_SECONDS

    def build_retrying(self, look: CancelCheck) -> Retrying:
        """Tries again what may pass, and waits as long as a server asks for."""
        return Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=self._compute_wait,
            sleep=lambda seconds: self.pause(seconds, look),
            retry=retry_if_exception_type(TRANSIENT_ERRORS),
            reraise=True,
        )

    def _compute_wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = ""
        if isinstance(error, httpx.HTTPStatusError):
            asked = error.response.headers.get("retry-after", "")
        if asked.isdecimal():
            return min(float(asked), _MAX_RETRY_AFTER)
        return float(self.wait(state))


class Deadline:
    """Ends a download that takes too long."""

    def __init__(self, source: Source, seconds: float, clock: Callable[[], float]) -> None:
        self._source = source
        self._minutes = seconds / 60
        self._clock = clock
        self._end = clock() + seconds

    def check(self) -> None:
        """Do nothing while there is time.

        Raises:
            DownloadError: there is none left.
        """
        if self._clock() > self._end:
            raise DownloadError(
                f"{self._source.redacted_uri} took over {self._minutes:g} minutes: try again, or "
                "raise DOCENT_DOWNLOAD_MAX_MINUTES."
            )


def _accept_any(_: str) -> bool:
    return True


class WebClient:
    """GETs for one source; connections are kept between them.

    Args:
        source: whose host may be private, and gets the token.
        network: the edge to the network.
        look: called while a server is silent; what it raises ends the waiting.

    Raises:
        SourceAccessError: the variable that `token_env` names is not set.
    """

    def __init__(
        self, source: Source, network: Network, *, look: CancelCheck = skip_cancel_check
    ) -> None:
        self._source = source
        self._home = httpx.URL(source.uri).copy_with(userinfo=b"", fragment=None)
        self._authorization = build_authorization(source, httpx.URL(source.uri).userinfo.decode())
        gate = AddressGuard(
            self._home.host, allow_private=source.allow_private, resolve=network.resolve
        )

        def make(proxy: str) -> httpx.BaseTransport:
            from ingest.sources.http.cancellable_transport import CancellableTransport

            if network.transport and not proxy:
                return network.transport()
            return CancellableTransport(look, proxy=proxy)

        transport = PinnedTransport(gate, make)
        headers = {"User-Agent": USER_AGENT}
        self._client = httpx.Client(transport=transport, timeout=_TIMEOUT, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def home(self) -> str:
        """The source's address, without user and password."""
        return str(self._home)

    @contextmanager
    def get(
        self, url: str, headers: Mapping[str, str], *, follows: Callable[[str], bool] = _accept_any
    ) -> Iterator[httpx.Response]:
        """The response to one GET after all redirects; its body is not read yet.

        A redirect that is not to be followed is itself the response; its `next_request` says where
        it leads.

        Raises:
            SourceRefusedError: a redirect leads where it must not.
            httpx.HTTPError: the server can't be reached or breaks off.
        """
        request = self._client.build_request("GET", url, headers=self._build_headers(url, headers))
        for _ in range(_MAX_REDIRECTS):
            response = self._client.send(request, stream=True)
            try:
                following = response.next_request
                if following is None or not follows(str(following.url)):
                    yield response
                    return
                request = self._check_redirect(request, following)
            finally:
                response.close()
        raise SourceRefusedError(f"{redact_uri(url)} is redirected over {_MAX_REDIRECTS} times.")

    def _build_headers(self, url: str, headers: Mapping[str, str]) -> dict[str, str]:
        if self._authorization and _extract_origin(httpx.URL(url)) == _extract_origin(self._home):
            return {**headers, "Authorization": self._authorization}
        return dict(headers)

    def _check_redirect(self, last: httpx.Request, following: httpx.Request) -> httpx.Request:
        """The next hop; httpx has taken the token out where it leads to another host."""
        if following.url.scheme not in {"http", "https"}:
            raise SourceRefusedError(
                f"{self._source.redacted_uri} leads to an address that is not http:// or https://."
            )
        if self._authorization and last.url.scheme == "https" != following.url.scheme:
            raise SourceRefusedError(
                f"{self._source.redacted_uri} leads from https:// to http://, where its token "
                "could be read by others."
            )
        return following


def check_status(response: httpx.Response, shown: str) -> None:
    """Do nothing where the body is there.

    Raises:
        SourceNotFoundError: there is nothing.
        SourceAccessError: it wants a login.
        httpx.HTTPStatusError: trouble that may pass.
        DownloadError: anything else.
    """
    status = response.status_code
    if status in _GONE:
        raise SourceNotFoundError(f"There is nothing at {shown} (HTTP {status}).")
    if status in _LOGIN:
        raise SourceAccessError(
            f"{shown} needs another login (HTTP {status}): check its `token_env` and who may read "
            "it."
        )
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
        response.raise_for_status()
    if status not in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
        raise DownloadError(
            f"{shown} can't be downloaded (HTTP {status}): check the address and who may read it."
        )


@contextmanager
def translate_http_errors(shown: str) -> Iterator[None]:
    """Turn what httpx raises into a sentence without the parts of the address that are secret.

    Raises:
        DownloadError: the server can't be reached, is busy or breaks off.
    """
    try:
        yield
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        # Not `from error`: its text has the whole address, password and token included.
        raise DownloadError(
            f"{shown} can't be downloaded now (HTTP {status}): try again later."
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadError(
            f"{shown} can't be downloaded: {error or type(error).__name__}; check the address and "
            "the network."
        ) from error


def _extract_origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or get_default_port(url)
