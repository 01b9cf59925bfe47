"""Client of a model server: JSON over HTTP, with retries and errors in a sentence."""

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
# Errors that may pass by themselves; a server that is too slow once would be so again.
_TRANSIENT_ERRORS = (httpx.NetworkError, httpx.ConnectTimeout, httpx.RemoteProtocolError)
_TOO_MANY_REQUESTS = 429
_KEY_REFUSED = (401, 403)
_QUOTED_CHARACTERS = 200
# vLLM: "maximum context length is 512 tokens"; TEI: "must have less than 512 tokens".
_TOO_LONG = re.compile(r"context length|less than \d+ tokens|too long|at most \d+ char")


@dataclass(frozen=True, slots=True)
class Variables:
    """Names of a server's settings, for its error sentences.

    Attributes:
        url: the variable of its address.
        key: the variable of its key.
        model: the variable of its model.
        too_long: the remedy if a text is too long for the model.
    """

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
    """The address of one endpoint, with its key.

    Attributes:
        url: the complete URL of the endpoint; may hold a user and a password.
        variables: the settings that the address comes from.
        key: sent as a bearer token; None sends no token.
    """

    url: httpx.URL
    variables: Variables
    key: SecretStr | None = None

    @classmethod
    def of(cls, base: str, endpoint: str, variables: Variables, key: SecretStr | None) -> Self:
        """Complete the address of an endpoint from a setting.

        Args:
            base: the setting; `http://host`, `http://host/v1` and `http://host/v1/embeddings` mean
                the same for `/v1/embeddings`.
            endpoint: the path of the endpoint on a server, with a slash in front.
            variables: names of the settings, for error sentences.
            key: the bearer token, or None.

        Returns:
            The address, whose path ends with the last part of the endpoint.

        Raises:
            SettingsError: the setting is not an http address, or the key is not a key.
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
        """The URL without credentials; the query is left out, as it may hold some."""
        return f"{self.url.scheme}://{self.url.netloc.decode()}{self.url.path}"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits of the retries.

    Attributes:
        attempts: requests at most, the first included.
        seconds: time for one request.
        pause: longest pause between two requests, in seconds.
    """

    attempts: int
    seconds: float
    pause: float


INTERACTIVE_RETRIES = RetryPolicy(attempts=3, seconds=60.0, pause=2.0)
"""For questions: a person waits for the answer."""

BACKGROUND_RETRIES = RetryPolicy(attempts=6, seconds=180.0, pause=30.0)
"""For indexing: it waits for a rate limit to pass, so that hours of embedding are not lost."""


@dataclass(frozen=True, slots=True)
class ServerReply:
    """The reply of a server.

    Attributes:
        status: the HTTP status.
        body: the parsed JSON; None if the reply is not JSON.
        error_message: the server's message if it refused, on one line; empty for an answer.
        retry_after: seconds that the server asks for before the next request; None if it names
            none.
    """

    status: int
    body: Any
    error_message: str
    retry_after: float | None

    @property
    def ok(self) -> bool:
        """True if the server answered and did not refuse."""
        return 200 <= self.status < 300

    @property
    def is_transient(self) -> bool:
        """True if the same request may succeed later."""
        return self.status == _TOO_MANY_REQUESTS or self.status >= 500


class ModelServer:
    """One endpoint of a model server. May be used from several threads.

    Args:
        address: the endpoint and its key.
        sleep: waits between attempts, for so many seconds; tests pass their own.
        seconds: time for one request; replaces the time of each call's retry policy.
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
        self, body: dict[str, Any], *, retries: RetryPolicy = INTERACTIVE_RETRIES
    ) -> ServerReply:
        """Post a request, and try again while that may help.

        A lasting refusal is returned: `build_refusal_error` makes an error of it.

        Raises:
            ModelUnavailableError: the server is down, busy, failing or too slow.
        """
        attempts = Retrying(
            retry=retry_if_exception_type(_TRANSIENT_ERRORS)
            | retry_if_result(lambda reply: reply.is_transient),
            stop=lambda state: _should_give_up(state, retries),
            wait=lambda state: _compute_pause(state, retries),
            sleep=self._sleep,
            retry_error_callback=_get_last_result,
        )
        try:
            reply: ServerReply = attempts(self._send, body, retries)
        except httpx.HTTPError as error:
            raise self._build_unavailable_error(*_describe_unreached(error)) from error
        if reply.is_transient:
            raise self._build_unavailable_error(*_describe_failure(reply))
        return reply

    def build_refusal_error(self, reply: ServerReply) -> ModelError:
        """Build the error of a reply that is not `ok`."""
        if reply.status in _KEY_REFUSED:
            return self.build_error(
                f"refused the key (HTTP {reply.status})", f"set {self.address.variables.key}"
            )
        if _TOO_LONG.search(reply.error_message):
            return self.build_error(
                f"finds a text too long (HTTP {reply.status})",
                f"{self.address.variables.too_long}{_quote_error(reply)}",
            )
        return self.build_error(
            f"refused a request (HTTP {reply.status})",
            f"check the address and {self.address.variables.model}{_quote_error(reply)}",
        )

    def build_error(self, problem: str, remedy: str) -> ModelError:
        """Build an error of this server, in one sentence."""
        return ModelError(self._format_sentence(problem, remedy))

    def _send(self, body: dict[str, Any], retries: RetryPolicy) -> ServerReply:
        seconds = self._seconds or retries.seconds
        response = self._client.post(
            self.address.url,
            content=json.dumps(_replace_surrogates(body)),
            timeout=httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds)),
        )
        return _parse_reply(response)

    @cached_property
    def _client(self) -> httpx.Client:
        # httpx logs every request with its whole URL, credentials included.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        headers = {"Content-Type": "application/json"}
        if self.address.key is None:
            return httpx.Client(headers=headers)
        headers["Authorization"] = f"Bearer {self.address.key.get_secret_value()}"
        # Without `auth`, credentials in the URL would replace the key.
        return httpx.Client(headers=headers, auth=lambda request: request)

    def _build_unavailable_error(self, problem: str, remedy: str) -> ModelUnavailableError:
        return ModelUnavailableError(self._format_sentence(problem, remedy))

    def _format_sentence(self, problem: str, remedy: str) -> str:
        url, variable = self.address.display_url, self.address.variables.url
        return f"The model server at {url} ({variable}) {problem}: {remedy}."


def _parse_reply(response: httpx.Response) -> ServerReply:
    try:
        body = response.json()
    except ValueError:
        body = None
    wait = response.headers.get("Retry-After", "")
    seconds = float(wait) if wait.isdecimal() else None
    message = "" if response.is_success else _extract_message(body) or response.text
    return ServerReply(response.status_code, body, " ".join(message.split()), seconds)


def _extract_message(body: Any) -> str:
    """Return the message in an error body; '' if it has none.

    It knows the forms of vLLM, TEI, Infinity and OpenAI.
    """
    while isinstance(body, dict | list) and body:
        if isinstance(body, list):
            body = body[0]
        else:
            keys = ("error", "message", "detail", "msg")
            body = next((body[key] for key in keys if body.get(key)), None)
    return body if isinstance(body, str) else ""


def _quote_error(reply: ServerReply) -> str:
    return (
        f"; it said: {reply.error_message[:_QUOTED_CHARACTERS].rstrip('.')}"
        if reply.error_message
        else ""
    )


def _describe_unreached(error: httpx.HTTPError) -> tuple[str, str]:
    """Return the problem and its remedy."""
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        return "takes too long", "look into its load and log"
    reason = f" ({error})" if str(error) else ""
    return f"does not answer{reason}", "start it, or correct the address"


def _describe_failure(reply: ServerReply) -> tuple[str, str]:
    """Return the problem and its remedy."""
    if reply.status != _TOO_MANY_REQUESTS:
        return f"fails (HTTP {reply.status})", f"look into its log{_quote_error(reply)}"
    wait = f" in {reply.retry_after:.0f} s" if reply.retry_after else " later"
    return "is over its limit (HTTP 429)", f"try again{wait}"


def _get_retry_after(state: RetryCallState) -> float:
    if state.outcome is None or state.outcome.failed:
        return 0.0
    reply: ServerReply = state.outcome.result()
    return reply.retry_after or 0.0


def _should_give_up(state: RetryCallState, retries: RetryPolicy) -> bool:
    """Check for the last attempt, or too long a pause."""
    is_last = stop_after_attempt(retries.attempts)(state)
    return is_last or _get_retry_after(state) > retries.pause


def _compute_pause(state: RetryCallState, retries: RetryPolicy) -> float:
    backoff = wait_exponential(multiplier=0.5, max=retries.pause) + wait_random(max=0.5)
    return max(backoff(state), _get_retry_after(state))


def _get_last_result(state: RetryCallState) -> Any:
    """Return the last reply, or raise the last error."""
    return state.outcome.result() if state.outcome else None


def _replace_surrogates(value: Any) -> Any:
    """Replace lone surrogates, which servers refuse; Slack and file names hold some."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {key: _replace_surrogates(item) for key, item in value.items()}
    return value
