"""The failures of `/v1`: a status, a kind for programs, and a sentence for people."""

from __future__ import annotations

import json
from http import HTTPStatus

from bot.errors import CallRefusedError, CallRepeatedError
from rag_core.errors import BusyError, DocentError, QuestionError

_LATE = "The answer took too long: ask again, or search for passages."

_STATUSES: tuple[tuple[type[DocentError], HTTPStatus], ...] = (
    (QuestionError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (CallRepeatedError, HTTPStatus.CONFLICT),
    (CallRefusedError, HTTPStatus.TOO_MANY_REQUESTS),
    (BusyError, HTTPStatus.SERVICE_UNAVAILABLE),
)


def describe_problem(error: DocentError | TimeoutError) -> tuple[HTTPStatus, str]:
    """Return the status of a failure, and the body that says it."""
    if isinstance(error, TimeoutError):
        return HTTPStatus.GATEWAY_TIMEOUT, render_problem("late", _LATE)
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return status, render_problem(type(error).__name__, str(error))
    return HTTPStatus.SERVICE_UNAVAILABLE, render_problem(type(error).__name__, str(error))


def render_problem(kind: str, sentence: str) -> str:
    """Render the body of a failure."""
    return json.dumps({"error": {"kind": kind, "message": sentence}})
