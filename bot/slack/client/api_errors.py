"""Errors of the Slack client: one set of failures, and functions that read them."""

from __future__ import annotations

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

SLACK_FAILURES = (SlackClientError, aiohttp.ClientError, TimeoutError)
"""All errors that a call of the Slack client raises when it fails."""

UNAVAILABLE_CODES = frozenset(
    {
        "access_denied",
        "feature_not_enabled",
        "method_deprecated",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authorized",
        "ratelimited",
        "unknown_method",
    }
)
"""Codes that mean "not now and not soon", so docent remembers them for a while."""


def get_error_code(error: BaseException) -> str:
    """Return Slack's error code; empty if the error carries none."""
    if not isinstance(error, SlackApiError):
        return ""
    if _get_status_code(error) == 429:
        return "ratelimited"
    data = getattr(error.response, "data", None)
    return str(data.get("error", "")) if isinstance(data, dict) else ""


def get_retry_after(error: BaseException) -> float | None:
    """Return the seconds that Slack asks to wait.

    Return None for any error other than a 429.
    """
    if not isinstance(error, SlackApiError) or _get_status_code(error) != 429:
        return None
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    value = str(headers.get("retry-after", ""))
    return float(value) if value.isdigit() else 1.0


def _get_status_code(error: SlackApiError) -> int:
    return int(getattr(error.response, "status_code", 0))
