"""Errors of the Slack client: one set of failures, their kinds, and functions that read them."""

from __future__ import annotations

from typing import Literal

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError, SlackObjectFormationError

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

FailureKind = Literal["temporary", "content", "message", "place", "unknown"]
"""The remedy for a failure.

`temporary`: the same call, a little later. `content`: a plainer form. `message`: a new message in
place of the one that can't be changed. `place`: another place. `unknown`: try each in turn.
"""

# From the pages under docs.slack.dev/reference/methods of chat.postMessage, chat.postEphemeral,
# chat.update and the three methods of streams.
_KINDS: dict[FailureKind, str] = {
    "temporary": """
        fatal_error internal_error rate_limited ratelimited request_timeout service_unavailable
        team_added_to_org update_failed external_channel_migrating message_limit_exceeded
        account_inactive invalid_auth not_authed token_expired token_revoked
    """,
    "content": """
        block_mismatch cannot_parse_attachment duplicate_block_id invalid_arguments
        invalid_array_arg invalid_attachments invalid_blocks invalid_blocks_format invalid_chunks
        invalid_form_data markdown_text_conflict msg_blocks_too_long msg_too_long no_text
        only_one_table_allowed too_many_attachments
    """,
    "message": """
        cant_update_message edit_window_closed message_not_found message_not_in_streaming_state
        message_not_owned_by_app streaming_state_conflict
    """,
    "place": """
        as_user_not_supported cannot_dm_bot cannot_reply_to_message channel_is_limited_access
        channel_not_found channel_type_not_supported ekm_access_denied expired_url
        invalid_thread_ts is_archived is_inactive messages_tab_disabled not_in_channel
        org_login_required posting_to_general_channel_denied
        slack_connect_canvas_sharing_blocked slack_connect_clip_sharing_blocked
        slack_connect_file_link_sharing_blocked team_access_not_granted team_not_found
        thread_locked thread_not_found used_url user_not_found user_not_in_channel
    """,
}
_KIND_OF_CODE = {code: kind for kind, codes in _KINDS.items() for code in codes.split()}
_CLOSED_PREFIXES = ("restricted_action", "not_allowed_in_channel")
TOO_LONG_CODES = frozenset({"msg_blocks_too_long", "msg_too_long"})
"""Codes of a message that is too long as it is, and may be sent in two."""

_UNDONE_CODES = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "rate_limited",
        "ratelimited",
        "token_expired",
        "token_revoked",
    }
)
"""Codes of temporary failures after which nothing was done."""

_SERVER_ERROR = 500


class ResponseUrlError(SlackClientError):
    """A response URL refused a message, with `code` as its word for why."""

    def __init__(self, code: str, *, status: int) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


def get_failure_kind(error: BaseException) -> FailureKind:
    """Return what helps after a failure."""
    if isinstance(error, SlackObjectFormationError):
        return "content"
    if isinstance(error, ResponseUrlError):
        kind = _KIND_OF_CODE.get(error.code, "place")
        return "temporary" if error.status >= _SERVER_ERROR else kind
    code = get_error_code(error)
    if not isinstance(error, SlackApiError) or _get_status_code(error) >= _SERVER_ERROR:
        return "temporary"
    if code.startswith(_CLOSED_PREFIXES):
        return "place"
    return _KIND_OF_CODE.get(code, "unknown")


def is_ambiguous(error: BaseException) -> bool:
    """Return True if Slack may have done it all the same."""
    if isinstance(error, aiohttp.ClientConnectorError) or get_failure_kind(error) != "temporary":
        return False
    return get_error_code(error) not in _UNDONE_CODES


def is_cut_off(error: BaseException) -> bool:
    """Return True if the call was sent and its answer never came."""
    return is_ambiguous(error) and not isinstance(error, SlackClientError)


def get_error_code(error: BaseException) -> str:
    """Return Slack's error code; empty if the error carries none."""
    if isinstance(error, ResponseUrlError):
        return error.code
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
