"""A model server over HTTP: a JSON request, tried again where that helps, errors in a sentence."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import httpx
from pydantic import SecretStr
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from rag_core.errors import ModelError, ModelUnavailableError, SettingsError

_CONNECT_SECONDS = 5.0
# What may pass by itself; a server that takes too long for a request would do so again.
_PASSING = (httpx.NetworkError, httpx.ConnectTimeout, httpx.RemoteProtocolError)
_TOO_MANY = 429
_REFUSED_KEY = (401, 403)
_SAID_CHARACTERS = 200
# vLLM: "maximum context length is 512 tokens"; TEI: "must have less than 512 tokens".
_TOO_LONG = re.compile(r"context length|less than \d+ tokens|too long|at most \d+ char")


@dataclass(frozen=True, slots=True)
class Variables:
    """The settings to name when something is wrong with a server, and what a long text needs."""

    url: str
    key: str
    model: str
    too_long: str


EMBEDDING = Variables(
    url="DOCENT_EMBEDDING_URL",
    key="DOCENT_EMBEDDING_API_KEY",
    model="DOCENT_EMBEDDING_MODEL",
    too_long="set DOCENT_EMBEDDING_MAX_TOKENS to what its model reads",
)
RERANK = Variables(
    url="DOCENT_RERANK_URL",
    key="DOCENT_RERANK_API_KEY",
    model="DOCENT_RERANKER_MODEL",
    too_long="serve a model that reads more",
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is.

    Attributes:
        url: the complete address of the one endpoint; may hold a user and a password.
        variables: the settings that it comes from.
        key: sent as a bearer token; None sends none.
    """

    url: httpx.URL
    variables: Variables
    key: SecretStr | None = None

    @classmethod
    def of(cls, base: str, endpoint: str, variables: Variables, key: SecretStr | None) -> Self:
        """The address of an endpoint, given whole or without its last parts.

        `http://host`, `http://host/v1` and `http://host/v1/embeddings` are the same for
        `/v1/embeddings`.

        Raises:
            SettingsError: this is no address.
        """
        try:
            url = httpx.URL(base)
        except httpx.InvalidURL as error:
            raise SettingsError(f"{variables.url} is not an address: {error}.") from error
        if url.scheme not in {"http", "https"} or not url.host:
            raise SettingsError(
                f"{variables.url} is not an address: it must be http:// or https:// with a host."
            )
        if key is not None and not re.fullmatch(r"[!-~]+", key.get_secret_value()):
            raise SettingsError(
                f"{variables.key} is not a key: it has spaces or letters no key has."
            )
        name = endpoint.rpartition("/")[2]
        path = url.path.rstrip("/")
        if not path.endswith(f"/{name}"):
            path = f"{path}/{name}" if path else endpoint
        return cls(url.copy_with(path=path), variables, key)

    @property
    def display_url(self) -> str:
        """The address without credentials, which may also stand in its query."""
        return f"{self.url.scheme}://{self.url.netloc.decode()}{self.url.path}"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to try: attempts, seconds for each, and the longest pause between two."""

    attempts: int
    seconds: float
    pause: float


INTERACTIVE_RETRIES = RetryPolicy(attempts=3, seconds=60.0, pause=2.0)
"""Somebody waits for an answer."""

BACKGROUND_RETRIES = RetryPolicy(attempts=6, seconds=180.0, pause=30.0)
"""Indexing: a rate limit is sat out, so that hours of embedding are not lost."""


@dataclass(frozen=True, slots=True)
class ServerReply:
    """What a server answered.

    Attributes:
        status: of HTTP.
        body: JSON; None where there was none.
        said: the message of a refusal; empty for an answer.
        retry_after: seconds, where the server named some.
    """

    status: int
    body: Any
    error_message: str
    retry_after: float | None

    @property
    def ok(self) -> bool:
        """Whether this is an answer and not a refusal."""
        return 200 <= self.status < 300

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status == _TOO_MANY or self.status >= 500


class ModelServer:
    """One endpoint of a model server. May be used from several threads.

    Args:
        address: of the endpoint.
        sleep: waits between attempts; a test hands in its own.
        seconds: time for one request, instead of what the call's patience says.
    """

    def __init__(
        self,
        address: Address,
        *,
        sleep: Callable[[float], None] = time.sleep,
        seconds: float | None = None,
    ) -> None:
        self.address = address
        self._sleep = sleep
        self._seconds = seconds

    def post(
        self, body: dict[str, Any], *, patience: RetryPolicy = INTERACTIVE_RETRIES
    ) -> ServerReply:
        """Send a request; a refusal that will stay one is returned, see `refusal`.

        Raises:
            ModelUnavailableError: the server is down, busy, failing or too slow.
        """
        attempts = Retrying(
            retry=retry_if_exception_type(_PASSING)
            | retry_if_result(lambda reply: reply.is_transient),
            stop=lambda state: _should_give_up(state, patience),
            wait=lambda state: _compute_pause(state, patience),
            sleep=self._sleep,
            retry_error_callback=_get_last_result,
        )
        try:
            reply: ServerReply = attempts(self._send, body, patience)
        except httpx.HTTPError as error:
            raise self._build_unavailable_error(*_describe_unreached(error)) from error
        if reply.is_transient:
            raise self._build_unavailable_error(*_describe_failure(reply))
        return reply

    def build_refusal_error(self, reply: ServerReply) -> ModelError:
        """The error of a reply that is not `ok`."""
        if reply.status in _REFUSED_KEY:
            refused = f"refused the key (HTTP {reply.status})"
            return self.build_error(refused, f"set {self.address.variables.key}")
        if _TOO_LONG.search(reply.error_message):
            return self.build_error(
                f"finds a text too long (HTTP {reply.status})",
                f"{self.address.variables.too_long}{_quote_error(reply)}",
            )
        return self.build_error(
            f"refused a request (HTTP {reply.status})",
            f"check the address and {self.address.variables.model}{_quote_error(reply)}",
        )

    def build_error(self, what: str, remedy: str) -> ModelError:
        """An error of this server, in one sentence."""
        return ModelError(self._format_sentence(what, remedy))

    def _send(self, body: dict[str, Any], patience: RetryPolicy) -> ServerReply:
        seconds = self._seconds or patience.seconds
        response = self._client.post(
            self.address.url,
            content=json.dumps(_replace_surrogates(body)),
            timeout=httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds)),
        )
        return _parse_reply(response)

    @cached_property
    def _client(self) -> httpx.Client:
        # It logs every request with the whole address.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        headers = {"Content-Type": "application/json"}
        if self.address.key is None:
            return httpx.Client(headers=headers)
        headers["Authorization"] = f"Bearer {self.address.key.get_secret_value()}"
        # Credentials in the address would take the place of the key.
        return httpx.Client(headers=headers, auth=lambda request: request)

    def _build_unavailable_error(self, what: str, remedy: str) -> ModelUnavailableError:
        return ModelUnavailableError(self._format_sentence(what, remedy))

    def _format_sentence(self, what: str, remedy: str) -> str:
        address = self.address
        return (
            f"The model server at {address.display_url} ({address.variables.url}) {what}: {remedy}."
        )


def _parse_reply(response: httpx.Response) -> ServerReply:
    try:
        body = response.json()
    except ValueError:
        body = None
    wait = response.headers.get("Retry-After", "")
    seconds = float(wait) if wait.isdecimal() else None
    said = "" if response.is_success else _extract_message(body) or response.text
    return ServerReply(response.status_code, body, " ".join(said.split()), seconds)


def _extract_message(body: Any) -> str:
    """What a server says of an error, in the forms of vLLM, TEI, Infinity and OpenAI."""
    while isinstance(body, dict | list) and body:
        if isinstance(body, list):
            body = body[0]
        else:
            keys = ("error", "message", "detail", "msg")
            body = next((body[key] for key in keys if body.get(key)), None)
    return body if isinstance(body, str) else ""


def _quote_error(reply: ServerReply) -> str:
    return (
        f"; it said: {reply.error_message[:_SAID_CHARACTERS].rstrip('.')}"
        if reply.error_message
        else ""
    )


def _describe_unreached(error: httpx.HTTPError) -> tuple[str, str]:
    """What is wrong, and what to do."""
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        return "takes too long", "look into its load and log"
    reason = f" ({error})" if str(error) else ""
    return f"does not answer{reason}", "start it, or correct the address"


def _describe_failure(reply: ServerReply) -> tuple[str, str]:
    """What is wrong, and what to do."""
    if reply.status != _TOO_MANY:
        return f"fails (HTTP {reply.status})", f"look into its log{_quote_error(reply)}"
    wait = f" in {reply.retry_after:.0f} s" if reply.retry_after else " later"
    return "is over its limit (HTTP 429)", f"try again{wait}"


def _get_retry_after(state: RetryCallState) -> float:
    if state.outcome is None or state.outcome.failed:
        return 0.0
    reply: ServerReply = state.outcome.result()
    return reply.retry_after or 0.0


def _should_give_up(state: RetryCallState, patience: RetryPolicy) -> bool:
    """After the last attempt, or when the server asks for a longer pause than there is time for."""
    done = stop_after_attempt(patience.attempts)(state)
    return done or _get_retry_after(state) > patience.pause


def _compute_pause(state: RetryCallState, patience: RetryPolicy) -> float:
    backoff = wait_exponential(multiplier=0.5, max=patience.pause) + wait_random(max=0.5)
    return max(backoff(state), _get_retry_after(state))


def _get_last_result(state: RetryCallState) -> Any:
    """The last reply, or the last error raised."""
    return state.outcome.result() if state.outcome else None


def _replace_surrogates(value: Any) -> Any:
    """Half a character, as Slack and file names can hold, is no UTF-8 and refused by servers."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {key: _replace_surrogates(item) for key, item in value.items()}
    return value
