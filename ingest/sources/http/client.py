"""HTTP for sources: checked addresses and redirects, retries, a token for one host."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

import httpx2
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
from ingest.sources.http.body import ACCEPTED_ENCODINGS
from ingest.sources.http.cancellation import CHECK_SECONDS, CancelCheck, skip_cancel_check
from ingest.sources.http.credentials import build_authorization
from ingest.sources.http.pinned_transport import PinnedTransport, get_default_port
from ingest.sources.source import Source

USER_AGENT = "docent"
TRANSIENT_ERRORS = (httpx2.TransportError, httpx2.HTTPStatusError)
"""Failures that may pass: the request is sent again."""

_SCHEMES = {"http", "https"}
_ATTEMPTS = 4
_MAX_REDIRECTS = 10
_MAX_RETRY_AFTER = 60.0
RESPONSE_SECONDS = 120.0
"""Longest time of a response; that of an archive has the limit of its source."""

_TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
_LOGIN = {httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN}
_GONE = {httpx2.codes.NOT_FOUND, httpx2.codes.GONE}


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one source's download.

    Attributes:
        bytes: most bytes that are downloaded.
        seconds: longest time that a download may take.
    """

    bytes: int = 1024 * 2**20
    seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Network:
    """The network and the time, which tests replace.

    Attributes:
        transport: makes the transport of each host; None for the one that docent uses.
        resolve: returns the addresses of a host.
        wait: seconds between two attempts, if the server does not say.
        sleep: sleeps for a number of seconds.
        clock: returns the time in seconds.
    """

    transport: Callable[[], httpx2.BaseTransport] | None = None
    resolve: Resolver = resolve_host
    wait: wait_base = field(default_factory=lambda: wait_exponential_jitter(initial=1, max=20))
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def pause(self, seconds: float, check_cancelled: CancelCheck) -> None:
        """Sleep; check for cancellation first, and then every half second."""
        check_cancelled()
        while seconds > 0:
            self.sleep(min(seconds, CHECK_SECONDS))
            check_cancelled()
            seconds -= CHECK_SECONDS

    def build_retrying(self, check_cancelled: CancelCheck) -> Retrying:
        """Return the retries of a request, for failures that may pass.

        Between two attempts, they wait as long as the server asks for.
        """
        return Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=self._compute_wait,
            sleep=lambda seconds: self.pause(seconds, check_cancelled),
            retry=retry_if_exception_type(TRANSIENT_ERRORS),
            reraise=True,
        )

    def _compute_wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        retry_after = ""
        if isinstance(error, httpx2.HTTPStatusError):
            retry_after = error.response.headers.get("retry-after", "")
        if retry_after.isdecimal():
            return min(float(retry_after), _MAX_RETRY_AFTER)
        return float(self.wait(state))


class Deadline:
    """The time limit of one download."""

    def __init__(self, source: Source, seconds: float, clock: Callable[[], float]) -> None:
        self._source = source
        self._minutes = seconds / 60
        self._clock = clock
        self._end = clock() + seconds

    def check(self) -> None:
        """Check that there is time left.

        Raises:
            DownloadError: the time is over.
        """
        if self._clock() > self._end:
            raise DownloadError(
                f"{self._source.redacted_uri} took over {self._minutes:g} minutes: try again, or "
                "raise DOCENT_DOWNLOAD_MAX_MINUTES."
            )


def _accept_any(_: str) -> bool:
    return True


class WebClient:
    """Sends GETs for one source and keeps the connections open between them.

    Args:
        source: the source; its host may be private, and is sent the token.
        network: the network and the time.
        check_cancelled: called while a server is silent; an exception from it ends the wait.

    Raises:
        SourceAccessError: the variable that `token_env` names is not set.
    """

    def __init__(
        self, source: Source, network: Network, *, check_cancelled: CancelCheck = skip_cancel_check
    ) -> None:
        self._source = source
        self._network = network
        self._end = float("inf")
        self._home = httpx2.URL(source.uri).copy_with(userinfo=b"", fragment=None)
        self._authorization = build_authorization(source, httpx2.URL(source.uri).userinfo.decode())
        guard = AddressGuard(
            self._home.host,
            self._home.port or get_default_port(self._home),
            allow_private=source.allow_private,
            resolve=network.resolve,
        )

        def check_waiting() -> None:
            check_cancelled()
            self._check_time()

        def build_transport(proxy: str) -> httpx2.BaseTransport:
            from ingest.sources.http.cancellable_transport import CancellableTransport

            if network.transport and not proxy:
                return network.transport()
            return CancellableTransport(check_waiting, proxy=proxy)

        transport = PinnedTransport(guard, build_transport)
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED_ENCODINGS}
        self._client = httpx2.Client(transport=transport, timeout=_TIMEOUT, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def home(self) -> str:
        """Address of the source, without user and password."""
        return str(self._home)

    @contextmanager
    def get(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        should_follow: Callable[[str], bool] = _accept_any,
        seconds: float = RESPONSE_SECONDS,
    ) -> Iterator[httpx2.Response]:
        """Send a GET, follow its redirects, and yield the last response.

        Args:
            url: an absolute address.
            headers: headers of the request; the source's own host gets the token, too.
            should_follow: returns whether to follow a redirect to an address.
            seconds: longest time for the response with its redirects and its body.

        Yields:
            the response, its body not read yet. A redirect that is not followed is itself the
            response, and its `next_request` says where it leads.

        Raises:
            SourceRefusedError: a redirect leads where it must not, or there are too many.
            DownloadError: the response takes longer than `seconds`.
            httpx2.HTTPError: the server can't be reached or breaks off.
        """
        self._end = self._network.clock() + seconds
        request = self._client.build_request("GET", url, headers=self._build_headers(url, headers))
        for _ in range(_MAX_REDIRECTS):
            response = self._client.send(request, stream=True)
            try:
                next_request = response.next_request
                is_web = next_request is not None and next_request.url.scheme in _SCHEMES
                if next_request is None or (is_web and not should_follow(str(next_request.url))):
                    yield response
                    return
                request = self._check_redirect(request, next_request)
            finally:
                response.close()
        raise SourceRefusedError(f"{redact_uri(url)} is redirected over {_MAX_REDIRECTS} times.")

    def _check_time(self) -> None:
        """Check that a response does not take for ever.

        A server may send a byte a second.
        """
        if self._network.clock() > self._end:
            raise DownloadError(f"{self._source.redacted_uri} is too slow: try again later.")

    def _build_headers(self, url: str, headers: Mapping[str, str]) -> dict[str, str]:
        if self._authorization and _extract_origin(httpx2.URL(url)) == _extract_origin(self._home):
            return {**headers, "Authorization": self._authorization}
        return dict(headers)

    def _check_redirect(
        self, previous: httpx2.Request, next_request: httpx2.Request
    ) -> httpx2.Request:
        """Return the next request of a safe redirect, without foreign token."""
        if next_request.url.scheme not in _SCHEMES:
            raise SourceRefusedError(
                f"{self._source.redacted_uri} leads to an address that is not http:// or https://."
            )
        if self._authorization and previous.url.scheme == "https" != next_request.url.scheme:
            raise SourceRefusedError(
                f"{self._source.redacted_uri} leads from https:// to http://, where its token "
                "could be read by others."
            )
        if _extract_origin(next_request.url) != _extract_origin(self._home):
            # httpx2 itself keeps it from http:// on to https://, which is another port.
            next_request.headers.pop("Authorization", None)
        return next_request


def check_status(response: httpx2.Response, place: str) -> None:
    """Check that a response has the body that was asked for.

    Args:
        response: the response.
        place: its address, without user, password and query.

    Raises:
        SourceNotFoundError: the server has nothing there.
        SourceAccessError: the server wants a login.
        httpx2.HTTPStatusError: the failure may pass.
        DownloadError: any other failure.
    """
    status = response.status_code
    if status in _GONE:
        raise SourceNotFoundError(f"There is nothing at {place} (HTTP {status}).")
    if status in _LOGIN:
        raise SourceAccessError(
            f"{place} needs another login (HTTP {status}): check its `token_env` and who may read "
            "it."
        )
    if status == httpx2.codes.TOO_MANY_REQUESTS or status >= 500:
        response.raise_for_status()
    if status not in {httpx2.codes.OK, httpx2.codes.PARTIAL_CONTENT}:
        raise DownloadError(
            f"{place} can't be downloaded (HTTP {status}): check the address and who may read it."
        )


@contextmanager
def translate_http_errors(place: str) -> Iterator[None]:
    """Translate errors of httpx2 into sentences that show no secret.

    Args:
        place: the address, without user, password and query.

    Raises:
        DownloadError: the server can't be reached, is busy or breaks off.
    """
    try:
        yield
    except httpx2.HTTPStatusError as error:
        status = error.response.status_code
        # Not `from error`: its text has the whole address, password and token included.
        raise DownloadError(
            f"{place} can't be downloaded now (HTTP {status}): try again later."
        ) from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise DownloadError(
            f"{place} can't be downloaded: {error or type(error).__name__}; check the address and "
            "the network."
        ) from error


def _extract_origin(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or get_default_port(url)
