"""Each failure has a kind, which says what helps."""

from types import SimpleNamespace

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackObjectFormationError

from bot.slack.client.api_errors import (
    ResponseUrlError,
    get_failure_kind,
    get_retry_after,
    is_ambiguous,
    is_cut_off,
)


def refuse(code: str, status: int = 200, **headers: str) -> SlackApiError:
    response = SimpleNamespace(data={"error": code}, status_code=status, headers=headers)
    return SlackApiError("refused", response)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refuse("internal_error"), "temporary"),
        (refuse("invalid_auth"), "temporary"),
        (refuse("", 503), "temporary"),
        (refuse("ratelimited", 429), "temporary"),
        (TimeoutError(), "temporary"),
        (aiohttp.ServerDisconnectedError(), "temporary"),
        (refuse("msg_blocks_too_long"), "content"),
        (refuse("invalid_blocks"), "content"),
        (SlackObjectFormationError("too long"), "content"),
        (refuse("edit_window_closed"), "message"),
        (refuse("streaming_state_conflict"), "message"),
        (refuse("not_in_channel"), "place"),
        (refuse("restricted_action"), "place"),
        (refuse("restricted_action_thread_locked"), "place"),
        (refuse("a_new_code"), "unknown"),
        (ResponseUrlError("used_url", status=404), "place"),
        (ResponseUrlError("a_new_code", status=404), "place"),
        (ResponseUrlError("invalid_blocks", status=400), "content"),
        (ResponseUrlError("", status=500), "temporary"),
    ],
)
def test_a_failure_has_a_kind(error: BaseException, kind: str):
    assert get_failure_kind(error) == kind


def test_only_what_slack_may_have_done_is_ambiguous():
    done = [refuse("internal_error"), refuse("", 502), TimeoutError()]
    undone = [refuse("ratelimited", 429), refuse("invalid_auth"), refuse("invalid_blocks")]
    assert [is_ambiguous(error) for error in done] == [True] * 3
    assert [is_ambiguous(error) for error in undone] == [False] * 3
    assert [is_cut_off(error) for error in done] == [False, False, True]


def test_slack_says_how_long_to_wait():
    assert get_retry_after(refuse("ratelimited", 429, **{"Retry-After": "7"})) == 7
    assert get_retry_after(refuse("internal_error")) is None
