"""Many questions at once: a first sign for each and one answer, within Slack's rates."""

import asyncio
from collections import Counter

from bot.slack.client.workspace import SlackClients
from bot.slack.reply.surface import SlackSurface
from bot.texts import answers
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT, answer
from tests.bot.scenarios.asking.test_showing import slack_of
from tests.bot.slack.reply.test_surface import to_incoming
from tests.servers.slack.store import BOT_USER, Channel, Message

CHANNELS, QUESTIONS = 10, 120


def ask_many(docent: Docent) -> list[Message]:
    store = docent.slack.store
    for number in range(CHANNELS):
        members = {*store.users, BOT_USER}
        store.channels[f"C{number}"] = Channel(f"C{number}", f"c{number}", members)
    return [docent.slack.said("how?", channel=f"C{n % CHANNELS}") for n in range(QUESTIONS)]


async def answer_one(surface: SlackSurface, question: Message, begun: asyncio.Barrier) -> None:
    reply = surface.open_reply(to_incoming(question))
    reply.begin()
    await begun.wait()
    for word in TEXT.split():
        reply.append(word + " ")
    await reply.finish(answer())


def has_sign(docent: Docent, question: Message) -> bool:
    key = (question.channel, question.ts)
    store = docent.slack.store
    return bool(
        store.sessions.get(key) or store.statuses.get(key) or docent.slack.replies(question)
    )


async def test_each_has_a_first_sign_and_one_answer_and_no_call_is_refused(docent: Docent):
    docent.slack.limit_rates()
    slack: SlackClients = slack_of(docent)
    surface = SlackSurface(slack)
    questions = ask_many(docent)
    begun = asyncio.Barrier(QUESTIONS + 1)
    tasks = [asyncio.create_task(answer_one(surface, each, begun)) for each in questions]
    await docent.slack.wait_for(lambda: all(has_sign(docent, each) for each in questions))
    await begun.wait()
    await asyncio.gather(*tasks)
    for question in questions:
        [reply] = docent.slack.replies(question)
        assert TEXT in reply.shown
        assert answers.SOURCES in reply.shown
    assert [call for call in docent.slack.calls() if call.error] == []
    assert docent.slack.open_streams() == []
    assert docent.slack.processing_threads() == []
    calls = Counter(call.method for call in docent.slack.calls())
    assert calls["chat.postMessage"] + calls["chat.startStream"] == QUESTIONS
    assert calls["chat.update"] <= 50
