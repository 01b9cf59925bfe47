"""Where a reply goes, what it says so far, and the Slack it goes to."""

from __future__ import annotations

import time
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client.rate_limit import Clock, ExpiringSet, TokenBucket

APPENDS_PER_SECOND = 1.5
"""Over all streams together; Slack allows about 100 a minute."""

EDITS_PER_SECOND = 0.75
"""Over all edited messages together; Slack allows about 50 a minute."""

REMEMBER_SECONDS = 600.0
"""How long what Slack refused is not tried again."""


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """A thread, and whose question is answered there; without a thread, the channel itself."""

    channel: str
    thread_ts: str
    user: str
    user_team: str


@dataclass(frozen=True, slots=True)
class ReplyDraft:
    """A reply as it stands: the stage docent is in, the text so far, whether it went wrong."""

    progress: str
    text: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class SlackClients:
    """The workspace as replies use it, shared by all of them.

    Attributes:
        client: for posts and edits; waits and tries again where Slack says 429.
        quick: for streams and status; a 429 there is an answer to act on, not a wait.
        appends: the rate of all streams.
        edits: the rate of all edited messages.
        unavailable: what Slack lately refused.
        clock: seconds that only grow.
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
        """The workspace of these two clients, at Slack's published rates."""
        return cls(
            client=client,
            quick=quick,
            appends=TokenBucket(rate=APPENDS_PER_SECOND, size=20, clock=clock),
            edits=TokenBucket(rate=EDITS_PER_SECOND, size=20, clock=clock),
            unavailable=ExpiringSet(seconds=REMEMBER_SECONDS, clock=clock),
            clock=clock,
        )
