"""Workspace: the thread of a reply, its draft, and the clients that send it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.rate_limit import Clock, ExpiringSet, MethodRates

REMEMBER_SECONDS = 600.0
"""The pause before docent tries again what Slack refused."""

logger = logging.getLogger(__name__)


def is_direct_channel(channel: str) -> bool:
    """Return True for the id of a direct message, `D...`."""
    return channel.startswith("D")


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """A thread and its asker; an empty `thread_ts` stands for the channel itself.

    `is_reply` is True if the question itself stands in the thread, so that the asker sees it.
    """

    channel: str
    thread_ts: str
    user: str
    user_team: str
    is_reply: bool = False


@dataclass(frozen=True, slots=True)
class ReplyDraft:
    """A reply so far: the sentence that names the stage, the text, whether it failed."""

    progress: str
    text: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class SlackClients:
    """The clients of the workspace and the limits that all replies share.

    Attributes:
        client: waits and retries after a 429; for reading, and for what is not an answer.
        quick: never retries, so that the caller can act on a 429; for replies.
        rates: the rate of each method.
        unavailable: the methods that Slack lately refused.
        clock: returns the time in seconds; never goes back.
        labelled_threads: channel and thread of each status text that Slack may still show.
    """

    client: AsyncWebClient
    quick: AsyncWebClient
    rates: MethodRates
    unavailable: ExpiringSet
    clock: Clock
    labelled_threads: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(
        cls, client: AsyncWebClient, quick: AsyncWebClient, *, clock: Clock = time.monotonic
    ) -> SlackClients:
        """Combine two clients with limits at Slack's published rates.

        Args:
            client: waits and retries after a 429.
            quick: never retries.
            clock: returns the time in seconds.

        Returns:
            The clients and limits that all replies share.
        """
        return cls(
            client=client,
            quick=quick,
            rates=MethodRates(clock=clock),
            unavailable=ExpiringSet(seconds=REMEMBER_SECONDS, clock=clock),
            clock=clock,
        )

    async def send_direct(self, user: str, sentence: str) -> None:
        """Send a direct message; log it if Slack refuses."""
        try:
            await self.client.chat_postMessage(channel=user, text=sentence)
        except SLACK_FAILURES as error:
            logger.warning("A person could not be told: %s", get_error_code(error) or error)
