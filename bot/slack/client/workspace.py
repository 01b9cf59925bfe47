"""Workspace: the thread of a reply, its draft, and the clients that send it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client.rate_limit import Clock, ExpiringSet, TokenBucket

APPENDS_PER_SECOND = 1.5
"""Shared by all streams; Slack allows about 100 a minute."""

EDITS_PER_SECOND = 0.75
"""Shared by all edited messages; Slack allows about 50 a minute."""

REMEMBER_SECONDS = 600.0
"""The pause before docent tries again what Slack refused."""


def is_direct_channel(channel: str) -> bool:
    """Return True for the id of a direct message, `D...`."""
    return channel.startswith("D")


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """A thread and its asker; an empty `thread_ts` stands for the channel itself."""

    channel: str
    thread_ts: str
    user: str
    user_team: str


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
        client: for posts and edits; waits and retries after a 429.
        quick: for streams and status; never retries, so that the caller can act on a 429.
        appends: the rate of all streams.
        edits: the rate of all edited messages.
        unavailable: the methods that Slack lately refused.
        clock: returns the time in seconds; never goes back.
    """

    client: AsyncWebClient
    quick: AsyncWebClient
    appends: TokenBucket
    edits: TokenBucket
    unavailable: ExpiringSet
    clock: Clock

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
            appends=TokenBucket(rate=APPENDS_PER_SECOND, size=20, clock=clock),
            edits=TokenBucket(rate=EDITS_PER_SECOND, size=20, clock=clock),
            unavailable=ExpiringSet(seconds=REMEMBER_SECONDS, clock=clock),
            clock=clock,
        )
