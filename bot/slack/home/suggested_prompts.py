"""Suggested prompts: headings of the documentation, offered in direct messages with docent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from bot.background import BackgroundTasks
from bot.index_service import IndexService
from bot.slack.actions.gate import Gate
from bot.slack.client.api_errors import (
    SLACK_FAILURES,
    UNAVAILABLE_CODES,
    get_error_code,
    get_retry_after,
)
from bot.slack.client.workspace import SlackClients
from rag_core.errors import DocentError
from rag_core.types import Chunk, PageKey

MAX_PROMPTS = 4
"""Slack shows at most four."""

SAMPLE_SIZE = 2_000
"""Chunks of the live version from which the headings are chosen."""

MAX_HEADING_LENGTH = 75
_METHOD = "assistant.threads.setSuggestedPrompts"

logger = logging.getLogger(__name__)


class SuggestedPrompts:
    """Suggests questions, chosen anew for each version of the index."""

    def __init__(
        self,
        index: IndexService,
        slack: SlackClients,
        tasks: BackgroundTasks,
        *,
        gate: Gate,
    ) -> None:
        self._index = index
        self._slack = slack
        self._tasks = tasks
        self._gate = gate
        self._chosen: tuple[str | None, tuple[str, ...]] = (None, ())

    def accept(self, channel: str, user: str) -> None:
        """Suggest prompts in the direct messages of a user; return at once."""
        if _METHOD not in self._slack.unavailable:
            self._tasks.start(self._suggest_prompts(channel, user))

    async def _suggest_prompts(self, channel: str, user: str) -> None:
        if await self._gate.find_refusal_for_user(user) is not None:
            return
        try:
            headings = await asyncio.to_thread(self._load_headings)
        except DocentError as error:
            logger.warning("The headings for suggested prompts could not be read: %s", error)
            return
        if not headings:
            return
        prompts = [{"title": heading, "message": heading} for heading in headings]
        try:
            await self._slack.quick.assistant_threads_setSuggestedPrompts(
                channel_id=channel, prompts=prompts
            )
        except SLACK_FAILURES as error:
            logger.info(
                "The suggested prompts could not be set: %s", get_error_code(error) or error
            )
            if get_error_code(error) in UNAVAILABLE_CODES:
                self._slack.unavailable.add(_METHOD, seconds=get_retry_after(error))

    def _load_headings(self) -> tuple[str, ...]:
        revision = self._index.read_status().revision
        if revision is None:
            return ()
        if self._chosen[0] != revision:
            self._chosen = (revision, choose_headings(self._index.sample_chunks(SAMPLE_SIZE)))
        return self._chosen[1]


def choose_headings(chunks: Iterable[Chunk]) -> tuple[str, ...]:
    """Choose up to four headings from all parts of the documentation.

    Questions come first, page titles fill the rest.
    """
    questions: dict[PageKey, list[str]] = {}
    titles: list[str] = []
    for chunk in sorted(chunks, key=lambda chunk: (chunk.page_key, chunk.position)):
        heading = chunk.headings[-1] if chunk.headings else chunk.title
        if heading.endswith(("?", "\uff1f")) and len(heading) <= MAX_HEADING_LENGTH:
            questions.setdefault(chunk.page_key, []).append(heading)
        if 0 < len(chunk.title) <= MAX_HEADING_LENGTH:
            titles.append(chunk.title)
    # The first question of each page, then all questions, then titles.
    firsts = _pick_evenly([headings[0] for headings in questions.values()])
    every = _pick_evenly([heading for headings in questions.values() for heading in headings])
    return _drop_duplicates([*firsts, *every, *_pick_evenly(titles)])[:MAX_PROMPTS]


def _pick_evenly(headings: Sequence[str]) -> list[str]:
    """Return evenly spaced headings, none twice."""
    different = _drop_duplicates(headings)
    step = max(1, -(-len(different) // MAX_PROMPTS))
    return list(different[::step])


def _drop_duplicates(headings: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(headings))
