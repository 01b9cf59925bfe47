"""What somebody else has written is forgotten with them, whoever asked about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.slack.inbox.targets import SHORTCUT
from bot.storage.forgetting import forget_person
from bot.texts import answers
from rag_core.types import AnswerDone
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT, answer, script
from tests.bot.slack.actions.test_commands import told
from tests.bot.slack.inbox.test_readable_messages import forward
from tests.bot.storage.test_forgetting import dump
from tests.servers.slack.store import ALICE, BOB

WORDS = "how do I store what nobody may know?"


async def ask_about(docent: Docent, way: str) -> None:
    """Alice asks about a message of Bob's."""
    said = docent.slack.said(WORDS, user=BOB)
    if way == "shortcut":
        await docent.slack.shortcut(said, SHORTCUT)
        await docent.slack.wait_for_message(told(ALICE, answers.SOURCES))
        return
    if way == "reaction":
        await docent.slack.react(said, "books")
    elif way == "thread":
        said = await docent.slack.mention("and then?", thread_ts=said.ts)
    else:
        said = await docent.slack.mention("what of that?", attachments=[forward(WORDS, BOB)])
    await docent.slack.wait_for_reply(said, containing=answers.SOURCES)


@pytest.mark.parametrize("way", ["shortcut", "reaction", "thread", "forwarded"])
async def test_answers_about_somebodys_words_are_forgotten_with_them(docent: Docent, way: str):
    # What was searched for is kept with an answer, and can hold words of the thread.
    docent.pipeline.script = [*script()[:-1], AnswerDone(replace(answer(TEXT), query=WORDS))]
    async with docent.running(emoji="books"):
        await docent.slack.wait_connected()
        await ask_about(docent, way)
    assert WORDS in dump(docent.engine)
    assert forget_person(docent.engine, BOB).quotations == 1
    assert WORDS not in dump(docent.engine)
    assert forget_person(docent.engine, ALICE).answers == 1
