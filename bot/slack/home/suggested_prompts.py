"""Suggested prompts where people begin to write to docent: headings of the documentation itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from bot.background import Tasks
from bot.index_service import IndexService
from bot.slack.client.api_errors import NOT_THERE, SLACK_FAILURES, code, retry_after
from bot.slack.client.workspace import SlackClients
from bot.slack.inbox.access import Access
from rag_core.errors import DocentError
from rag_core.types import Chunk, PageKey

MOST = 4
"""Slack shows no more."""

SAMPLE = 2_000
"""Chunks of the live version from which they are chosen."""

LONGEST = 75
_WHAT = "assistant.threads.setSuggestedPrompts"

logger = logging.getLogger(__name__)


class Prompts:
    """Suggests what could be asked; chosen anew for each version of the index."""

    def __init__(
        self, index: IndexService, slack: SlackClients, tasks: Tasks, *, access: Access
    ) -> None:
        self._index = index
        self._slack = slack
        self._tasks = tasks
        self._access = access
        self._chosen: tuple[str | None, tuple[str, ...]] = (None, ())

    def accept(self, channel: str, user: str) -> None:
        """Suggest in somebody's direct messages; returns at once."""
        if _WHAT not in self._slack.unavailable:
            self._tasks.start(self._suggest(channel, user))

    async def _suggest(self, channel: str, user: str) -> None:
        if await self._access.refusal_of(user) is not None:
            return
        try:
            headings = await asyncio.to_thread(self._headings)
        except DocentError as error:
            logger.warning("There are no suggested prompts: %s", error)
            return
        if not headings:
            return
        prompts = [{"title": heading, "message": heading} for heading in headings]
        try:
            await self._slack.quick.assistant_threads_setSuggestedPrompts(
                channel_id=channel, prompts=prompts
            )
        except SLACK_FAILURES as error:
            logger.info("Prompts could not be suggested: %s", code(error) or error)
            if code(error) in NOT_THERE:
                self._slack.unavailable.remember(_WHAT, seconds=retry_after(error))

    def _headings(self) -> tuple[str, ...]:
        revision = self._index.read_status().revision
        if revision is None:
            return ()
        if self._chosen[0] != revision:
            self._chosen = (revision, choose(self._index.sample_chunks(SAMPLE)))
        return self._chosen[1]


def choose(chunks: Iterable[Chunk]) -> tuple[str, ...]:
    """Up to four headings from all over the documentation: questions first, else page titles."""
    asked: dict[PageKey, list[str]] = {}
    titles: list[str] = []
    for chunk in sorted(chunks, key=lambda chunk: (chunk.page, chunk.position)):
        heading = chunk.headings[-1] if chunk.headings else chunk.title
        if heading.endswith(("?", "\uff1f")) and len(heading) <= LONGEST:
            asked.setdefault(chunk.page, []).append(heading)
        if 0 < len(chunk.title) <= LONGEST:
            titles.append(chunk.title)
    firsts = _spread([headings[0] for headings in asked.values()])
    every = _spread([heading for headings in asked.values() for heading in headings])
    return _unique([*firsts, *every, *_spread(titles)])[:MOST]


def _spread(headings: Sequence[str]) -> list[str]:
    """Evenly spaced ones, no heading twice."""
    different = _unique(headings)
    step = max(1, -(-len(different) // MOST))
    return list(different[::step])


def _unique(headings: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(headings))
