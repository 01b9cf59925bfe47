"""Meaning of the errors of an LLM's server, and what to do about them."""

from __future__ import annotations

import re
from dataclasses import replace

from rag_core.generation.llm.completion import ServerFault, read_fault
from rag_core.generation.llm.role import LLMRole

_QUOTA = re.compile(r"quota|billing|credit|balance|payment|spend", re.IGNORECASE)

_UNKNOWN_MODEL = re.compile(
    r"model_not_found|model_decommissioned|invalid_model|unknown_model|deploymentnotfound"
    r"|not a valid model|(?:unknown|invalid|no such) model\b"
    r"|\bmodel\b(?:[^.]|\.(?!\s)){0,120}?(?:does not exist|doesn't exist|not (?:be )?found"
    r"|is not available|deprecated|decommissioned|retired|shut ?down|no longer|not exist)",
    re.IGNORECASE,
)
"""Words of servers that have no such model; not all of them say it with 404."""

LASTING_STATUSES = frozenset({401, 402, 403, 404, 429})
"""Statuses that people have to do something about."""

_REASONS = {
    401: "it refused OPENAI_API_KEY (HTTP 401), so set a valid key",
    402: "it is over its rate limit or quota (HTTP 402), so check the plan and the billing",
    408: "it took too long",
    429: "it is over its rate limit or quota (HTTP 429), so ask less often or raise the limit",
}


def is_unknown_model(fault: ServerFault) -> bool:
    """True if the server has no model of that name."""
    return fault.status == 404 or (
        fault.status in {400, 410, 422} and bool(_UNKNOWN_MODEL.search(fault.details))
    )


def explain_fault(fault: ServerFault, role: LLMRole) -> str:
    """Return the meaning of an error and its remedy, as a clause."""
    message = fault.message
    quoted = f"; it said: {message}" if message else ""
    if fault.status == 403:
        return (
            "it denied access (HTTP 403), so check what OPENAI_API_KEY may use and "
            f"{role.variable}={role.model}{quoted}"
        )
    if is_unknown_model(fault):
        return (
            f"it does not know {role.variable}={role.model} (HTTP {fault.status}), so set a model "
            f"that `docent doctor --llm` lists, or correct OPENAI_BASE_URL{quoted}"
        )
    if fault.status == 429 and _QUOTA.search(f"{message} {fault.details}"):
        return "it is over its rate limit or quota (HTTP 429), so check the plan and the billing"
    if fault.status in _REASONS:
        return _REASONS[fault.status]
    if fault.status is None and not message:
        return "it can't be reached or broke off, so check that it runs, and OPENAI_BASE_URL"
    reason = f"it answered {fault.status}" if fault.status else "it broke off"
    return f"{reason}: {message}" if message else reason


def name_fault(fault: ServerFault) -> str:
    """Return a fault's kind: an HTTP status, `timeout`, `unreachable` or `broken_off`."""
    if fault.status == 408:
        return "timeout"
    if fault.status is None:
        return "broken_off" if fault.message else "unreachable"
    return str(fault.status)


def read_error(error: BaseException) -> ServerFault:
    """Read an error of the SDK, or of the connection below it."""
    import openai

    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return ServerFault(408)
    if isinstance(error, openai.APIStatusError):
        # The message quotes the whole body, `body` only the error in it.
        fault = read_fault(error.body, status=error.status_code)
        return replace(fault, details=f"{error.message} {fault.details}")
    if isinstance(error, openai.APIError) and error.body is not None:
        return read_fault(error.body)
    if isinstance(error.__cause__, TimeoutError):
        return ServerFault(408)
    return ServerFault()
