"""Deliveries: each click, form and command is carried out once, however often Slack sends it."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from bot.slack.content.payloads import as_mapping, list_mappings, read_value
from bot.storage.claims import Claims
from bot.types import MessageKey
from ingest.errors import StateError

LOOK_SECONDS = 0.8
"""Longest wait for the state database: a window must be opened within three seconds."""

_MAX_SEEN = 1_000
_CHANNEL = "delivery"
"""The channel of these claims; it is not an id of Slack's, so none is taken for a message's."""

logger = logging.getLogger(__name__)


class Deliveries:
    """Knows which payloads were carried out, in this process and in those beside it."""

    def __init__(self, claims: Claims | None = None) -> None:
        """Share what is known by `claims`, if there are any."""
        self._claims = claims
        self._seen: OrderedDict[str, None] = OrderedDict()

    @asynccontextmanager
    async def hold(self, delivery: str) -> AsyncIterator[bool]:
        """Hold a payload; yield True for its first delivery.

        If the state database can't be used in time, this process decides alone. The claim of a
        process that dies ends by itself.
        """
        if not delivery:
            yield True
            return
        if delivery in self._seen:
            logger.info("Slack has sent a click or command twice; it is carried out once.")
            yield False
            return
        self._remember(delivery)
        try:
            async with AsyncExitStack() as stack:
                yield await self._acquire(stack, delivery)
        except BaseException:
            self._seen.pop(delivery, None)  # the next delivery may try again
            raise

    async def _acquire(self, stack: AsyncExitStack, delivery: str) -> bool:
        if self._claims is None:
            return True
        key = MessageKey("", _CHANNEL, delivery)
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await stack.enter_async_context(self._claims.hold(key))
        except (StateError, TimeoutError) as error:
            logger.warning("A click or command could not be claimed: %r", error)
            return True

    def _remember(self, delivery: str) -> None:
        self._seen[delivery] = None
        if len(self._seen) > _MAX_SEEN:
            self._seen.popitem(last=False)


def read_delivery(payload: Mapping[str, Any]) -> str:
    """Return the identity of a payload, equal in each of its deliveries.

    Return an empty text for one that has none.
    """
    if trigger := read_value(payload.get("trigger_id") or payload.get("response_url")):
        return trigger
    person = as_mapping(payload.get("user"))
    user = f"{person.get('team_id') or ''} {person.get('id') or ''}".strip()
    actions = list_mappings(payload.get("actions"))
    parts = [f"{each.get('action_id')} {each.get('action_ts')}" for each in actions]
    if view := as_mapping(payload.get("view")):
        parts.append(f"{view.get('id')} {view.get('hash')}")
    return " ".join([user, *parts]) if user and parts else ""
