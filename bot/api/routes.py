"""The routes of `/v1`: ask, search, feedback, and their description."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.api.openapi import describe_api
from bot.api.problems import describe_problem, render_problem
from bot.api.requests import AskBody, FeedbackBody, FeedbackResult, SearchBody
from bot.calls.library import Library
from bot.calls.requests import Answered, Ask, CallEvent, Progress
from bot.calls.schema import AnswerResult
from bot.door.proofs import Call
from bot.errors import CallRefusedError
from bot.http_server import RefusedError
from bot.storage.database import BotDatabase
from rag_core.errors import DocentError
from rag_core.types import Question, SearchStarted

CALL_SECONDS = 300.0
"""The longest time from a question to its answer, its place in the line included."""

BEAT_SECONDS = 15.0
"""A stream says at least so often that it lives, so that no proxy closes it."""

_LONGEST_KEY = 255

Body = TypeVar("Body", bound=BaseModel)


class Api:
    """Answers the requests of `/v1`."""

    def __init__(
        self, library: Library, database: BotDatabase, *, call_seconds: float = CALL_SECONDS
    ) -> None:
        """Answer over the library.

        Args:
            library: searches and answers.
            database: gets the ratings.
            call_seconds: the longest time for an answer.
        """
        self._library = library
        self._database = database
        self._call_seconds = call_seconds

    @property
    def uses(
        self,
    ) -> dict[tuple[str, str], Callable[[web.BaseRequest, Call], Awaitable[web.StreamResponse]]]:
        """The handlers, by method and path."""
        return {
            ("POST", "/v1/ask"): self._answer_ask,
            ("POST", "/v1/search"): self._answer_search,
            ("POST", "/v1/feedback"): self._answer_feedback,
            ("GET", "/v1/openapi.json"): self._answer_description,
        }

    async def _answer_ask(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        body = parse_body(AskBody, request, call)
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > _LONGEST_KEY:
            raise _refuse(HTTPStatus.UNPROCESSABLE_ENTITY, "Idempotency-Key is too long.")
        ask = Ask(
            body.question, body.scope.to_scope(), call.caller, "http", body.thread.strip(), key
        )
        if "text/event-stream" in request.headers.get("Accept", ""):
            return await self._stream(request, ask)
        try:
            async with asyncio.timeout(self._call_seconds):
                async with contextlib.aclosing(self._library.ask(ask)) as events:
                    async for event in events:
                        if isinstance(event, Answered):
                            return _build_response(_build_answer(ask, event))
        except (DocentError, TimeoutError) as error:
            raise build_refusal(error) from error
        raise build_refusal(DocentError("The pipeline ended without an answer."))

    async def _stream(self, request: web.BaseRequest, ask: Ask) -> web.StreamResponse:
        """Send the events of an answer; a failure is one, too."""
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        await response.prepare(request)
        try:
            async with asyncio.timeout(self._call_seconds):
                async with contextlib.aclosing(self._library.ask(ask)) as events:
                    async for event in add_beats(events):
                        await response.write(render_event(ask, event))
        except (DocentError, TimeoutError) as error:
            _, problem = describe_problem(error)
            await response.write(_render("error", json.loads(problem)["error"]))
        await response.write_eof()
        return response

    async def _answer_search(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        body = parse_body(SearchBody, request, call)
        question = Question(body.question, scope=body.scope.to_scope())
        try:
            async with asyncio.timeout(self._call_seconds):
                found = await self._library.search(question, limit=body.limit)
        except (DocentError, TimeoutError) as error:
            raise build_refusal(error) from error
        return _build_response(found)

    async def _answer_feedback(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        body = parse_body(FeedbackBody, request, call)
        try:
            is_known = await asyncio.to_thread(self._rate, body, call)
        except DocentError as error:
            raise build_refusal(error) from error
        if not is_known:
            raise _refuse(HTTPStatus.NOT_FOUND, "No answer of yours has this id.")
        return _build_response(FeedbackResult(id=body.id, verdict=body.verdict))

    def _rate(self, body: FeedbackBody, call: Call) -> bool:
        """Store a rating; return False if the caller has no such answer."""
        record, caller = self._database.answers.find(body.id), call.caller
        if record is None or (record.user, record.user_team) != (caller.user, caller.team):
            return False
        ratings = self._database.ratings
        ratings.rate(body.id, caller.user, body.verdict, user_team=caller.team)
        if body.verdict == "down":
            ratings.explain(
                body.id, caller.user, reason="", comment=body.comment, user_team=caller.team
            )
        return True

    async def _answer_description(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        del request, call
        return web.json_response(describe_api())


def parse_body(kind: type[Body], request: web.BaseRequest, call: Call) -> Body:
    """Parse the body of a request.

    Args:
        kind: the model of the body.
        request: says that it is JSON.
        call: with the body, and whether its caller may ask.

    Returns:
        The body.

    Raises:
        RefusedError: it is none, or the caller may not ask.
    """
    if call.refusal:
        raise build_refusal(CallRefusedError(call.refusal))
    if request.content_type != "application/json":
        raise _refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json.")
    try:
        return kind.model_validate_json(call.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "The body"
        said = f"{place}: {first['msg']}."
        raise _refuse(HTTPStatus.UNPROCESSABLE_ENTITY, said) from error


def build_refusal(error: DocentError | TimeoutError) -> RefusedError:
    """Build the answer of a failure: its status, kind and sentence."""
    status, problem = describe_problem(error)
    return RefusedError(status, type(error).__name__, json_text=problem)


def render_event(ask: Ask, event: CallEvent | None) -> bytes:
    """Render an event for the stream; None is a beat."""
    if event is None:
        return b": still here\n\n"
    if isinstance(event, Answered):
        return _render("done", _build_answer(ask, event).model_dump(mode="json"))
    if isinstance(event, SearchStarted):
        return _render("searching", {})
    if isinstance(event, Progress):
        return _render("progress", {"says": event.says})
    return _render("text", {"text": event.text})


async def add_beats(
    events: AsyncIterator[CallEvent], seconds: float = BEAT_SECONDS
) -> AsyncIterator[CallEvent | None]:
    """Yield events, and None in each silence of so many seconds."""
    while True:
        coming = asyncio.ensure_future(anext(events, None))
        try:
            while not (await asyncio.wait({coming}, timeout=seconds))[0]:
                yield None
        finally:
            if not coming.done():
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
        event = coming.result()
        if event is None:
            return
        yield event


def _build_answer(ask: Ask, event: Answered) -> AnswerResult:
    return AnswerResult.of(ask.question, event.answer, as_of=event.as_of, answer_id=event.id)


def _build_response(result: BaseModel) -> web.Response:
    return web.Response(text=result.model_dump_json(), content_type="application/json")


def _render(name: str, data: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _refuse(status: HTTPStatus, sentence: str) -> RefusedError:
    problem = render_problem(status.name.lower(), sentence)
    return RefusedError(status, sentence, json_text=problem)
