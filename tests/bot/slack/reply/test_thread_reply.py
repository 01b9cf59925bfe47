"""The work that showing an answer is."""

import asyncio
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.client.workspace import SlackClients, ThreadRef
from bot.slack.reply import thread_reply
from bot.slack.reply.streaming import STREAMING
from bot.slack.reply.surface import SlackSurface
from bot.texts import answers
from bot.types import IncomingMessage, MessageKey
from tests.bot.conftest import Docent
from tests.bot.fakes import answer, script


class Workspace:
    """A client that answers at once, except that it holds the status "processing" back."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.processing = asyncio.Event()
        self.statuses: list[str] = []

    async def agents_sessions_setStatus(self, *, status: str, **_: Any) -> None:  # noqa: N802
        if status == "processing":
            await self.released.wait()
            self.processing.set()
        self.statuses.append(status)

    async def chat_startStream(self, **_: Any) -> dict[str, str]:  # noqa: N802
        return {"ts": "3.0"}

    async def chat_stopStream(self, *, session_status: str | None, **_: Any) -> None:  # noqa: N802
        if session_status:
            self.statuses.append(session_status)

    async def chat_postMessage(self, **_: Any) -> dict[str, str]:  # noqa: N802
        return {"ts": "3.0"}


async def test_text_is_made_readable_once_a_flush(docent: Docent, monkeypatch: pytest.MonkeyPatch):
    """Not with every piece of it: with formulas that is work, and the event loop does it."""
    made: list[str] = []
    readable = thread_reply.render_answer
    monkeypatch.setattr(
        thread_reply,
        "render_answer",
        lambda text, **end: made.append(text) or readable(text, **end),
    )
    held = docent.slack.hold("chat.startStream")
    text = "The cost is $x$ a row. " * 100
    docent.pipeline.script = script(text, pieces=500)
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.reached(docent.pipeline.closed)
    held.set()
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    flushes = [call for call in docent.slack.calls() if call.method.endswith("Stream")]
    assert 0 < len(made) <= len(flushes) + 1 < 250


@pytest.mark.parametrize("unavailable", [(), (STREAMING,)], ids=["streamed", "edited"])
async def test_a_late_status_is_cleared_too(unavailable: tuple[str, ...]):
    """The answer may be complete before Slack has shown that docent is at work."""
    workspace: Any = Workspace()
    slack = SlackClients.of(workspace, workspace)
    for method in unavailable:
        slack.unavailable.add(method)
    reply = thread_reply.ThreadReply(slack, ThreadRef("C0", "1.0", "U0", "T0"))
    reply.begin()
    # The loop runs this after the writer's first step, in which an early writer would close.
    asyncio.get_running_loop().call_soon(workspace.released.set)
    await reply.finish(answer())
    await workspace.processing.wait()
    assert workspace.statuses == ["processing", "active"]


async def test_the_time_stamps_of_a_message_are_told_as_soon_as_it_is_posted():
    """Another process may have to continue it."""
    workspace: Any = Workspace()
    workspace.released.set()
    reply = thread_reply.ThreadReply(
        SlackClients.of(workspace, workspace), ThreadRef("C0", "1.0", "U0", "T0")
    )
    told: list[tuple[str, ...]] = []
    posted = asyncio.Event()
    reply.on_posted = lambda timestamps: (told.append(timestamps), posted.set())
    reply.begin()
    await posted.wait()
    assert told == [("3.0",)]
    await reply.finish(answer())
    assert told == [("3.0",)]


async def test_a_reply_may_begin_with_a_sentence_of_its_own(docent: Docent):
    question = docent.slack.said("how?")
    client = AsyncWebClient(token=docent.slack.bot_token, base_url=docent.slack.base_url)
    surface = SlackSurface(SlackClients.of(client, client), flush_seconds=0)
    message = IncomingMessage(
        "question",
        MessageKey("T0DOCENT", question.channel, question.ts),
        thread_ts=question.ts,
        user=question.user,
        user_team="T0DOCENT",
        text="how?",
    )
    reply = surface.open_reply(message, progress="Interrupted, continuing")
    reply.begin()
    await docent.slack.wait_for(lambda: docent.slack.replies(question))
    assert docent.slack.replies(question)[0].task["title"] == "Interrupted, continuing"
    await reply.finish(answer())


@pytest.mark.parametrize("way", ["stream", "edit"])
async def test_after_an_end_that_failed_the_apology_still_comes(
    docent: Docent, monkeypatch: pytest.MonkeyPatch, way: str
):
    if way == "edit":
        docent.slack.lack_streaming()
    question = docent.slack.said("how?")
    client = AsyncWebClient(token=docent.slack.bot_token, base_url=docent.slack.base_url)
    thread = ThreadRef(question.channel, question.ts, question.user, "T0DOCENT")
    reply = thread_reply.ThreadReply(SlackClients.of(client, client), thread, flush_seconds=0)
    reply.begin()
    reply.append("So it ")
    await docent.slack.wait_for(
        lambda: any("So it" in each.shown for each in docent.slack.replies(question))
    )
    with monkeypatch.context() as patch:
        patch.setattr(thread_reply.ThreadReply, "_close_message", fail_to_close)
        with pytest.raises(ValueError, match="a fault"):
            await reply.finish(answer())
    await reply.fail("Sorry.")
    [message] = docent.slack.replies(question)
    assert (message.shown, message.live) == ("Sorry.", False)
    assert docent.slack.processing_threads() == []


async def test_a_message_that_is_complete_gets_no_apology():
    workspace: Any = Workspace()
    workspace.released.set()
    reply = thread_reply.ThreadReply(
        SlackClients.of(workspace, workspace), ThreadRef("C0", "1.0", "U0", "T0")
    )
    reply.begin()
    await reply.finish(answer())
    statuses = list(workspace.statuses)
    await reply.fail("Sorry.")
    assert workspace.statuses == statuses


async def fail_to_close(_reply: thread_reply.ThreadReply) -> None:
    raise ValueError("a fault of docent's own")
