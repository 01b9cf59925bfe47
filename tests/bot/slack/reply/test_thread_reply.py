"""The work that showing an answer is."""

import pytest

from bot.slack.reply import thread_reply
from bot.texts import answers
from tests.bot.conftest import Docent
from tests.bot.fakes import script


async def test_text_is_made_readable_once_a_flush(docent: Docent, monkeypatch: pytest.MonkeyPatch):
    """Not with every piece of it: with formulas that is work, and the event loop does it."""
    made: list[str] = []
    readable = thread_reply.render_text
    monkeypatch.setattr(
        thread_reply, "render_text", lambda text, **end: made.append(text) or readable(text, **end)
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
