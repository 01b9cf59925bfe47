"""Names: people, channels and user groups that texts hold by id."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping

from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.workspace import SlackClients
from bot.slack.content.markup import list_references, replace_references

CACHE_SECONDS = 3_600.0
RETRY_SECONDS = 60.0
"""A name that could not be read is not looked up again for so long."""

WAIT_SECONDS = 1.0
"""A question waits no longer for names; the ids stay in their place."""

MAX_LOOKUPS = 20
"""Most names looked up for one question; Slack allows about 50 lookups of channels a minute."""

_MAX_NAMES = 10_000

logger = logging.getLogger(__name__)


class Names:
    """Display names, looked up at most once an hour each."""

    def __init__(self, slack: SlackClients) -> None:
        self._slack = slack
        self._names: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def resolve(self, *texts: str) -> tuple[str, ...]:
        """Return the texts with `@name`, `#channel` and `@group` in place of ids."""
        references = list_references("\n".join(texts))
        unknown = [each for each in references if self._get(each) is None]
        if unknown:
            lookups = [asyncio.create_task(self._fetch(each)) for each in unknown[:MAX_LOOKUPS]]
            # A lookup that takes longer goes on, and the next question finds its name.
            await asyncio.wait(lookups, timeout=WAIT_SECONDS)
        names = {each: self._get(each) or "" for each in references}
        return tuple(replace_references(text, names) for text in texts)

    def _get(self, reference: str) -> str | None:
        """Return a name, empty for none; None if not known yet."""
        until, name = self._names.get(reference, (0.0, ""))
        return name if self._slack.clock() < until else None

    async def _fetch(self, reference: str) -> None:
        fetch_names = _FETCHERS[reference[1]]
        try:
            names = await fetch_names(self._slack, reference)
        except SLACK_FAILURES as error:
            logger.info("A name could not be read: %s", get_error_code(error) or error)
            names = {}
        for each, name in names.items():
            self._remember(each, name, CACHE_SECONDS)
        if reference not in names:
            self._remember(reference, "", RETRY_SECONDS)

    def _remember(self, reference: str, name: str, seconds: float) -> None:
        self._names[reference] = (self._slack.clock() + seconds, name)
        self._names.move_to_end(reference)
        if len(self._names) > _MAX_NAMES:
            self._names.popitem(last=False)


async def _fetch_user(slack: SlackClients, reference: str) -> Mapping[str, str]:
    response = await slack.quick.users_info(user=_get_id(reference))
    user = response["user"]
    profile = user.get("profile") or {}
    values = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"))
    name = next((str(value) for value in values if value), str(user.get("name") or ""))
    return {reference: f"@{' '.join(name.split())}"} if name.strip() else {}


async def _fetch_channel(slack: SlackClients, reference: str) -> Mapping[str, str]:
    response = await slack.quick.conversations_info(channel=_get_id(reference))
    name = str(response["channel"].get("name") or "")
    return {reference: f"#{name}"} if name else {}


async def _fetch_groups(slack: SlackClients, reference: str) -> Mapping[str, str]:
    """Return the handles of all groups; Slack lists them only together."""
    del reference
    response = await slack.quick.usergroups_list()
    groups = response["usergroups"]
    return {f"<!subteam^{each['id']}>": f"@{each['handle']}" for each in groups}


def _get_id(reference: str) -> str:
    return reference.strip("<>@#|")


_FETCHERS: Mapping[str, Callable[[SlackClients, str], Awaitable[Mapping[str, str]]]] = {
    "@": _fetch_user,
    "#": _fetch_channel,
    "!": _fetch_groups,
}
"""The functions that look up a reference, by its sign."""
