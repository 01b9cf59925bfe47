"""Readable messages: what people have written who may not ask is not sent to the LLM."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

from bot.slack.content.attachments import list_quoted_authors, remove_quotations
from bot.slack.inbox.access import AccessPolicy, Author

Message = Mapping[str, Any]
"""A message as Slack has it."""

logger = logging.getLogger(__name__)


class ReadableMessages:
    """Tells which messages the LLM may read, by their authors."""

    def __init__(self, access: AccessPolicy, *, bot_user: str) -> None:
        self._access = access
        self._bot_user = bot_user

    async def find_unreadable(self, messages: Collection[Message]) -> frozenset[str]:
        """Return the time stamps of messages whose authors may not ask."""
        for each in messages:
            self.learn_author(each)
        authors = {str(each.get("ts")): find_author(each) for each in messages}
        people = [each for each in authors.values() if each[0] and each[0] != self._bot_user]
        readable = await self._access.list_readable(people)
        apps = {str(each.get("ts")) for each in messages if self._is_foreign_app(each)}
        closed = {ts for ts, author in authors.items() if author in set(people) - readable}
        return frozenset(closed | apps)

    def learn_author(self, message: Message) -> None:
        """Remember what a message says of its author."""
        if find_author(message)[0]:
            self._access.learn_author(message)

    async def is_readable(self, message: Message) -> bool:
        """Return whether the LLM may read a message."""
        return not await self.find_unreadable([message])

    async def remove_foreign_quotations(self, message: Message) -> Message:
        """Return a message without quotations of people who may not ask."""
        authors = set(list_quoted_authors(message.get("attachments"))) - {self._bot_user}
        if not authors:
            return message
        readable = await self._access.list_readable([(author, "") for author in sorted(authors)])
        unreadable = authors - {author for author, _ in readable}
        if not unreadable:
            return message
        return {**message, "attachments": remove_quotations(message["attachments"], unreadable)}

    def _is_foreign_app(self, message: Message) -> bool:
        """Return True for a message of another workspace's app."""
        profile = message.get("bot_profile")
        team = str(profile.get("team_id") or "") if isinstance(profile, Mapping) else ""
        is_foreign = bool(message.get("bot_id")) and not self._access.is_readable_app(team)
        if is_foreign:
            logger.info("A message is left out, as an app of another workspace wrote it.")
        return is_foreign


def find_author(message: Message) -> Author:
    """Return the author of a message; empty for an app's."""
    if message.get("bot_id") or message.get("subtype") == "bot_message":
        return "", ""
    return str(message.get("user") or ""), str(
        message.get("user_team") or message.get("team") or ""
    )
