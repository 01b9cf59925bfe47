"""Payload check: what has not the shape of Slack's payloads reaches no listener."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.middleware.async_middleware import AsyncMiddleware

from bot.slack.client.payloads import is_well_formed

logger = logging.getLogger(__name__)


class PayloadCheck(AsyncMiddleware):
    """Ends malformed payloads in one line of the log; Bolt would end them in a traceback."""

    async def refuse_malformed(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002  (Bolt's name)
    ) -> BoltResponse | None:
        """Pass a payload on, or refuse it.

        Over a socket it is acknowledged, or Slack would send it again.

        Args:
            req: holds the payload.
            resp: the answer so far.
            next: runs the rest of Bolt's chain.

        Returns:
            The answer; None without one.
        """
        del resp
        if is_well_formed(req.body):
            return await next()
        logger.warning("A payload that is not one of Slack's was refused.")
        return BoltResponse(status=200 if req.mode == "socket_mode" else 400, body="")

    async_process = refuse_malformed
    """The method that Bolt calls."""
