"""The three tools: search, read a page, ask. All of them only read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel, Field

from bot.calls.budget import fit_budget
from bot.calls.library import Library
from bot.calls.requests import MOST_PASSAGES, Answered, Ask, Caller, PageRequest, Progress
from bot.calls.schema import AnswerResult, PageResult, SearchResult
from bot.mcp.rendering import render_answer, render_page, render_search
from rag_core.errors import DocentError
from rag_core.types import Question, Scope, SearchStarted, TextDelta

ANSWER_SECONDS = 45.0
"""After so long a caller gets passages in place of an answer: Slackbot waits for 60 seconds."""

_LATE_SHARE = 0.2
"""Of that time, for the passages in place of an answer."""

_LATE = "docent takes too long at the moment: try again in a minute."

Query = Annotated[str, Field(description="What to look for: a question, or words of the subject.")]
AskedQuestion = Annotated[
    str, Field(description="A whole question in any language, with all that it needs.")
]
Limit = Annotated[int, Field(ge=1, le=MOST_PASSAGES, description="The most passages.")]
SourceName = Annotated[str, Field(description="Only this source; empty for all.")]
Version = Annotated[str, Field(description="Only pages of this version, as written; may be empty.")]
Language = Annotated[str, Field(description="Only pages in this language, such as en.")]
PathPrefix = Annotated[str, Field(description="Only pages whose path begins with this.")]
Place = Annotated[
    str, Field(min_length=1, description="The page's path or url, as a search or answer gave it.")
]
Section = Annotated[str, Field(description="Only this section: a heading, or an anchor.")]
Offset = Annotated[int, Field(ge=0, description="Where to go on: next_offset of the last piece.")]


class Tools:
    """The tools, over a library.

    Args:
        library: searches, reads and answers.
        find_caller: returns who calls, or raises why they may not.
        answer_seconds: the longest time for an answer.
    """

    def __init__(
        self,
        library: Library,
        find_caller: Callable[[Context[Any, Any]], Caller],
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._library = library
        self._find_caller = find_caller
        self._answer_seconds = answer_seconds

    async def search_docs(  # noqa: PLR0913, PLR0917  (the arguments of the tool, by name)
        self,
        query: Query,
        limit: Limit = 5,
        source: SourceName = "",
        version: Version = "",
        language: Language = "",
        path: PathPrefix = "",
        *,
        ctx: Context[Any, Any],
    ) -> Annotated[CallToolResult, SearchResult]:
        """Search the documentation.

        Args:
            query: a question, or words of the subject.
            limit: most passages.
            source: only this source; empty for all.
            version: only pages of this version.
            language: only pages in this language.
            path: only pages whose path begins with this.
            ctx: of the call.

        Returns:
            The passages, as text and as data.
        """
        scope = Scope((source,) if source else (), path, version, language)
        try:
            self._find_caller(ctx)
            async with asyncio.timeout(self._answer_seconds):
                found = await self._library.search(Question(query, scope=scope), limit=limit)
        except (DocentError, TimeoutError) as error:
            return _build_failure(error)
        found = fit_budget(found)
        return _build_result(render_search(found), found)

    async def read_page(
        self,
        page: Place,
        section: Section = "",
        offset: Offset = 0,
        source: SourceName = "",
        *,
        ctx: Context[Any, Any],
    ) -> Annotated[CallToolResult, PageResult]:
        """Read a page of the documentation, or a piece of it.

        Args:
            page: its path or address.
            section: a heading or an anchor of it; empty for the whole page.
            offset: number of the piece to begin with.
            source: name of its source; empty for any.
            ctx: of the call.

        Returns:
            The page, as text and as data.
        """
        try:
            self._find_caller(ctx)
            async with asyncio.timeout(self._answer_seconds):
                read = await self._library.read_page(PageRequest(page, source, section, offset))
        except (DocentError, TimeoutError) as error:
            return _build_failure(error)
        return _build_result(render_page(read), read)

    async def ask_docs(
        self, question: AskedQuestion, ctx: Context[Any, Any]
    ) -> Annotated[CallToolResult, AnswerResult]:
        """Answer a question from the documentation, with checked citations."""
        try:
            ask = Ask(question, caller=self._find_caller(ctx))
            try:
                async with asyncio.timeout(self._answer_seconds):
                    result = await self._read_answer(ask, ctx)
            except TimeoutError:
                async with asyncio.timeout(self._answer_seconds * _LATE_SHARE):
                    found = await self._library.search(Question(question), limit=5)
                result = found.as_answer()
        except (DocentError, TimeoutError) as error:
            return _build_failure(error)
        result = fit_budget(result)
        return _build_result(render_answer(result), result)

    async def _read_answer(self, ask: Ask, ctx: Context[Any, Any]) -> AnswerResult:
        """Report the progress of an answer, and return it."""
        step = 0
        async with contextlib.aclosing(self._library.ask(ask)) as events:
            async for event in events:
                if isinstance(event, Answered):
                    return AnswerResult.of(
                        ask.question, event.answer, as_of=event.as_of, answer_id=event.id
                    )
                says = _describe_event(event, is_writing=step >= _WRITING)
                if says:
                    step = _WRITING if isinstance(event, TextDelta) else step + 1
                    await ctx.report_progress(step, message=says)
        raise DocentError("The pipeline ended without an answer.")


_WRITING = 100
"""The progress when text begins to come; more text is not reported."""


def _describe_event(event: SearchStarted | Progress | TextDelta, *, is_writing: bool) -> str:
    if isinstance(event, TextDelta):
        return "" if is_writing else "Writing the answer."
    return event.says if isinstance(event, Progress) else "Searching the documentation."


def _build_result(text: str, data: BaseModel) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=data.model_dump(mode="json"),
    )


def _build_failure(error: DocentError | TimeoutError) -> CallToolResult:
    """Build the result of a failure: its sentence alone."""
    said = _LATE if isinstance(error, TimeoutError) else str(error)
    return CallToolResult(content=[TextContent(type="text", text=said)], is_error=True)
