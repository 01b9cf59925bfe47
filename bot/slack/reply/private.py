"""Private delivery: an answer to its asker alone, where the place that it was for is closed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from slack_sdk.models.blocks import Block

from bot.errors import UndeliverableError
from bot.slack.client.api_errors import (
    SLACK_FAILURES,
    ResponseUrlError,
    get_error_code,
    get_failure_kind,
    is_ambiguous,
    is_cut_off,
)
from bot.slack.client.calls import PATIENCE_SECONDS, Patience, execute_call, wait_for_turn
from bot.slack.client.respond import Respond
from bot.slack.client.workspace import SlackClients, ThreadRef, is_direct_channel
from bot.slack.reply.forms import PlaceClosedError, send_parts
from bot.slack.reply.lost_posts import build_mark, build_metadata, find_lost_posts
from bot.slack.views.message_parts import MessagePart, add_note
from bot.texts import delivery

EPHEMERAL = "chat.postEphemeral"
POSTING = "chat.postMessage"

_URL_SECONDS = 5.0
"""Seconds for which a failing response URL is tried again; other ways stand beside it."""

_OK = 200
_PAGE = 999
"""Most direct messages that are looked through for the asker's."""

logger = logging.getLogger(__name__)


class Outlet(Protocol):
    """A way to one person."""

    patience_seconds: float
    """Seconds for which a message is sent again while Slack fails."""

    async def post(self, text: str, blocks: Sequence[Block], mark: str = "") -> None:
        """Post a message.

        Args:
            text: the text, or what notifications show beside the blocks.
            blocks: the blocks; may be empty.
            mark: finds the message again, where the way carries a mark.
        """

    async def has_posted(self, mark: str) -> bool | None:
        """Return whether a message arrived.

        Return None where that can't be looked up.
        """

    def render_note(self, code: str) -> str:
        """Render why the answer comes this way.

        Return an empty string if it needs no word.
        """


class ResponseUrlOutlet:
    """The response URL of a command or a click: five messages within half an hour."""

    patience_seconds = _URL_SECONDS

    def __init__(self, respond: Respond, thread_ts: str = "") -> None:
        self._respond = respond
        self._thread = {"thread_ts": thread_ts} if thread_ts else {}

    async def post(self, text: str, blocks: Sequence[Block], mark: str = "") -> None:
        """Post a message that the caller alone sees.

        Args:
            text: the text, or what notifications show beside the blocks.
            blocks: the blocks; may be empty.
            mark: not used: Slack lists no such message.

        Raises:
            ResponseUrlError: the URL has expired or is used up, or Slack failed.
        """
        del mark
        response = await self._respond(
            text,
            blocks=list(blocks) or None,
            response_type="ephemeral",
            replace_original=False,
            **self._thread,
        )
        require_taken(response)

    async def has_posted(self, mark: str) -> bool | None:
        """Return None: Slack never lists such a message."""
        del mark
        return None

    def render_note(self, code: str) -> str:
        """Return an empty string: this is the way that was expected."""
        del code
        return ""


class EphemeralOutlet:
    """A message in the channel that one person sees."""

    patience_seconds = PATIENCE_SECONDS

    def __init__(self, slack: SlackClients, thread: ThreadRef) -> None:
        self._slack = slack
        self._thread = thread

    async def post(self, text: str, blocks: Sequence[Block], mark: str = "") -> None:
        """Post a message that the asker alone sees.

        Args:
            text: the text, or what notifications show beside the blocks.
            blocks: the blocks; may be empty.
            mark: not used: Slack lists no such message.
        """
        del mark
        await wait_for_turn(self._slack, EPHEMERAL, self._thread.channel)
        await execute_call(
            self._slack,
            EPHEMERAL,
            channel=self._thread.channel,
            user=self._thread.user,
            # In a thread that has not begun, an ephemeral message is not seen.
            thread_ts=(self._thread.thread_ts if self._thread.is_reply else "") or None,
            text=text,
            blocks=list(blocks) or None,
        )

    async def has_posted(self, mark: str) -> bool | None:
        """Return None: Slack never lists such a message."""
        del mark
        return None

    def render_note(self, code: str) -> str:
        """Say why only the asker sees it."""
        return delivery.render_ephemeral_note(code) if code else ""


class DirectOutlet:
    """The asker's direct messages with docent."""

    patience_seconds = PATIENCE_SECONDS

    def __init__(self, slack: SlackClients, thread: ThreadRef) -> None:
        self._slack = slack
        self._thread = thread

    async def post(self, text: str, blocks: Sequence[Block], mark: str = "") -> None:
        """Post a message.

        Args:
            text: the text, or what notifications show beside the blocks.
            blocks: the blocks; may be empty.
            mark: finds the message again.
        """
        await wait_for_turn(self._slack, POSTING, self._thread.user)
        await execute_call(
            self._slack,
            POSTING,
            channel=self._thread.user,
            text=text,
            blocks=list(blocks) or None,
            metadata=build_metadata(mark) if mark else None,
            unfurl_links=False,
            unfurl_media=False,
        )

    async def has_posted(self, mark: str) -> bool | None:
        """Look for a message in the asker's direct messages."""
        channel = await self._find_channel()
        if not channel:
            return None
        place = replace(self._thread, channel=channel, thread_ts="")
        posts = await find_lost_posts(self._slack, place, [mark])
        return None if posts is None else mark in posts

    async def _find_channel(self) -> str:
        """Return the channel of the asker's direct messages.

        Return an empty string if it can't be found.
        """
        if is_direct_channel(self._thread.channel):
            return self._thread.channel
        try:
            response = await execute_call(
                self._slack, "users.conversations", types="im", limit=_PAGE
            )
        except SLACK_FAILURES as error:
            logger.warning("Direct messages can't be listed: %s", get_error_code(error) or error)
            return ""
        channels = response.get("channels") or ()
        own = (str(each["id"]) for each in channels if each.get("user") == self._thread.user)
        return next(own, "")

    def render_note(self, code: str) -> str:
        """Say where the question was asked, and why the answer moved."""
        return delivery.render_direct_note(self._thread.channel, code)


def list_outlets(slack: SlackClients, thread: ThreadRef) -> list[Outlet]:
    """List the ways to an asker, the nearest to the question first."""
    if not thread.user:
        return []
    if is_direct_channel(thread.channel):
        return [DirectOutlet(slack, thread)]
    return [EphemeralOutlet(slack, thread), DirectOutlet(slack, thread)]


async def send_privately(
    slack: SlackClients,
    outlets: Sequence[Outlet],
    parts: Sequence[MessagePart],
    *,
    code: str = "",
) -> None:
    """Send messages to one person by the first way that Slack takes.

    Args:
        slack: the clients of the workspace.
        outlets: the ways, best first.
        parts: the messages.
        code: Slack's word for why the place is closed that they were for.

    Raises:
        UndeliverableError: no way was left.
    """
    failure: BaseException | None = None
    for outlet in outlets:
        note = outlet.render_note(code)
        try:
            await _post_parts(slack, outlet, add_note(parts, note) if note else parts)
        except PlaceClosedError as closed:
            logger.warning("A private message did not get through: %s", closed)
            parts, failure = closed.parts, closed
            code = get_error_code(closed.error) or code
        else:
            return
    raise UndeliverableError("Slack takes the answer neither in its thread nor privately.") from (
        failure
    )


async def _post_parts(slack: SlackClients, outlet: Outlet, parts: Sequence[MessagePart]) -> None:
    patience = Patience(slack.clock, outlet.patience_seconds)

    async def send(_index: int, part: MessagePart) -> None:
        mark = build_mark()
        while True:
            try:
                await outlet.post(part.render_text(), part.build_blocks(), mark)
            except SLACK_FAILURES as error:
                if get_failure_kind(error) != "temporary":
                    raise
                may_repeat = await patience.wait_after(error)
                if await _has_arrived(outlet, mark, error):
                    return
                if not may_repeat:
                    raise
            else:
                return

    await send_parts(parts, send)


async def _has_arrived(outlet: Outlet, mark: str, error: BaseException) -> bool:
    """Return True if a message is there.

    Return True as well if it may be there and can't be looked for.
    """
    has_posted = await outlet.has_posted(mark) if is_ambiguous(error) else False
    if has_posted is None and is_cut_off(error):
        logger.warning("A private message may not have got through: %r", error)
        return True
    return bool(has_posted)


def require_taken(response: object) -> None:
    """Check that a response URL took a message.

    Raises:
        ResponseUrlError: it did not.
    """
    status = getattr(response, "status_code", _OK)
    if status != _OK:
        raise ResponseUrlError(_find_code(str(getattr(response, "body", ""))), status=status)


def _find_code(body: str) -> str:
    """Return the error code in a response URL's answer, plain or JSON."""
    _, _, after = body.partition('"error":')
    return (after or body).strip(' "{}\n').partition('"')[0] or "expired_url"
