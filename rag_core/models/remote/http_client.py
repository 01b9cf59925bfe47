"""Client of a model server: JSON over HTTP, with retries and errors in a sentence."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import httpx2
from pydantic_core import from_json
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from rag_core.breaker import CircuitBreaker
from rag_core.cancellation import check_cancelled, pause_unless_cancelled
from rag_core.deadline import find_seconds_left, is_time_over, limit_time
from rag_core.errors import ModelError, ModelUnavailableError
from rag_core.interruption import make_interruptible
from rag_core.models.remote.server_address import Address
from rag_core.outages import Outages

Failure = TypeVar("Failure", bound=ModelError)


class RefusedTextError(ModelError):
    """The server works and refuses this text, as another one of the same model would."""


_CONNECT_SECONDS = 5.0
# Errors that may pass by themselves; a server that is too slow once would be so again.
_TRANSIENT_ERRORS = (httpx2.NetworkError, httpx2.ConnectTimeout, httpx2.RemoteProtocolError)
_TOO_MANY_REQUESTS = 429
_KEY_REFUSED = (401, 403)
_TEXT_REFUSED = (400, 413, 422)
_QUOTED_CHARACTERS = 200
# vLLM: "maximum context length is 512 tokens"; TEI: "must have less than 512 tokens".
_TOO_LONG = re.compile(r"context length|less than \d+ tokens|too long|at most \d+ char")


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


QUESTION_RETRIES = RetryPolicy(attempts=3, seconds=10.0, pause=2.0)
"""For a question: a person waits, and there is a next best way. The time is for all requests."""

INTERACTIVE_RETRIES = RetryPolicy(attempts=3, seconds=60.0, pause=2.0)
"""For a start or a check: the server may be loading its model."""

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
        outages: where it reports that it does not work.
        sleep: waits between attempts, for so many seconds; tests pass their own.
        seconds: time for one request; replaces the time of each call's retry policy.
    """

    def __init__(
        self,
        address: Address,
        outages: Outages | None = None,
        *,
        sleep: Callable[[float], None] = pause_unless_cancelled,
        seconds: float | None = None,
    ) -> None:
        self.address = address
        self._outages = outages or Outages()
        self._breaker = CircuitBreaker()
        self._sleep = sleep
        self._seconds = seconds

    def post(self, body: dict[str, Any], *, retries: RetryPolicy | None = None) -> ServerReply:
        """Post a request, and try again while that may help.

        A lasting refusal is returned: `build_refusal_error` makes an error of it. A question does
        not wait for a server that took too long several times in a row.

        Raises:
            ModelUnavailableError: the server is down, busy, failing or too slow.
            CancelledError: the question was cancelled.
        """
        if find_seconds_left() is None:
            return self._post(body, retries or INTERACTIVE_RETRIES)
        if not self._breaker.try_begin():
            raise ModelUnavailableError(
                self._format_sentence(
                    "did not answer several times", "docent asks it again in a while"
                )
            )
        most = QUESTION_RETRIES.attempts
        attempts = most if retries is None else min(most, retries.attempts)
        with limit_time(QUESTION_RETRIES.seconds):
            return self._post(body, replace(QUESTION_RETRIES, attempts=attempts))

    def _post(self, body: dict[str, Any], retries: RetryPolicy) -> ServerReply:
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
        except (httpx2.HTTPError, TimeoutError) as error:
            check_cancelled()
            self._breaker.record_failure()
            raise self._build_unavailable_error(*_describe_unreached(error)) from error
        self._breaker.record_success()
        if reply.is_transient:
            raise self._build_unavailable_error(*_describe_failure(reply))
        if reply.ok:
            self._outages.clear(self.address.variables.service)
        return reply

    def build_refusal_error(self, reply: ServerReply) -> ModelError:
        """Build the error of a reply that is not `ok`."""
        if reply.status in _KEY_REFUSED:
            return self.report(
                self.build_error(
                    f"refused the key (HTTP {reply.status})", f"set {self.address.variables.key}"
                )
            )
        if _TOO_LONG.search(reply.error_message):
            return RefusedTextError(
                self._format_sentence(
                    f"finds a text too long (HTTP {reply.status})",
                    f"{self.address.variables.too_long}{_quote_error(reply)}",
                )
            )
        kind = RefusedTextError if reply.status in _TEXT_REFUSED else ModelError
        return self.report(
            kind(
                self._format_sentence(
                    f"refused a request (HTTP {reply.status})",
                    f"check the address and {self.address.variables.model}{_quote_error(reply)}",
                )
            )
        )

    def build_error(self, problem: str, remedy: str) -> ModelError:
        """Build an error of this server, in one sentence."""
        return ModelError(self._format_sentence(problem, remedy))

    def _send(self, body: dict[str, Any], retries: RetryPolicy) -> ServerReply:
        seconds = self._seconds or retries.seconds
        response = self._client.post(
            self.address.url,
            content=json.dumps(_replace_surrogates(body)),
            timeout=httpx2.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds)),
        )
        return _parse_reply(response)

    @cached_property
    def _client(self) -> httpx2.Client:
        client = self._build_client()
        make_interruptible(client)
        return client

    def _build_client(self) -> httpx2.Client:
        # httpx2 logs every request with its whole URL, credentials included.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        headers = {"Content-Type": "application/json"}
        if self.address.key is None:
            return httpx2.Client(headers=headers)
        headers["Authorization"] = f"Bearer {self.address.key.get_secret_value()}"
        # Without `auth`, credentials in the URL would replace the key.
        return httpx2.Client(headers=headers, auth=lambda request: request)

    def _build_unavailable_error(self, problem: str, remedy: str) -> ModelUnavailableError:
        return self.report(ModelUnavailableError(self._format_sentence(problem, remedy)))

    def report(self, error: Failure) -> Failure:
        """Report an error of this server as an outage, and return it."""
        self._outages.report(self.address.variables.service, str(error))
        return error

    def _format_sentence(self, problem: str, remedy: str) -> str:
        url, variable = self.address.display_url, self.address.variables.url
        return f"The model server at {url} ({variable}) {problem}: {remedy}."


def _parse_reply(response: httpx2.Response) -> ServerReply:
    try:
        # Ten times as quick as json: with many servers, parsing would leave them waiting.
        body = from_json(response.content)
    except (ValueError, RecursionError):
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


def _describe_unreached(error: Exception) -> tuple[str, str]:
    """Return the problem and its remedy."""
    timeouts = httpx2.TimeoutException, TimeoutError
    if isinstance(error, timeouts) and not isinstance(error, httpx2.ConnectTimeout):
        return "takes too long", "check its load and its log"
    reason = f" ({error})" if str(error) else ""
    return f"does not answer{reason}", "start it, or correct the address"


def _describe_failure(reply: ServerReply) -> tuple[str, str]:
    """Return the problem and its remedy."""
    if reply.status != _TOO_MANY_REQUESTS:
        return f"fails (HTTP {reply.status})", f"see its log{_quote_error(reply)}"
    wait = f" in {reply.retry_after:.0f} s" if reply.retry_after else " later"
    return "is over its limit (HTTP 429)", f"try again{wait}"


def _get_retry_after(state: RetryCallState) -> float:
    if state.outcome is None or state.outcome.failed:
        return 0.0
    reply: ServerReply = state.outcome.result()
    return reply.retry_after or 0.0


def _should_give_up(state: RetryCallState, retries: RetryPolicy) -> bool:
    """Check for the last attempt, a long pause and the time."""
    is_last = stop_after_attempt(retries.attempts)(state) or is_time_over()
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
