"""Replies that continue another process's, notices of waiting, and single sentences."""

from dataclasses import replace

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import UndeliverableError
from bot.slack.client import calls
from bot.slack.client.workspace import SlackClients
from bot.slack.reply.surface import SlackSurface
from bot.texts import answers
from bot.texts.catalog import say
from bot.types import IncomingMessage, MessageKey
from tests.bot.fakes import TEXT, answer
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import ALICE, GENERAL, PRIVATE, TEAM, Message

STATUS, SESSION = "assistant.threads.setStatus", "agents.sessions.setStatus"
FIRST, SECOND = "is busy: yours is number 3", "is busy: yours is number 2"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAUSES", (0.0,))


@pytest.fixture
def slack(slack_server: SlackServer) -> SlackClients:
    client = AsyncWebClient(
        token=slack_server.bot_token, base_url=slack_server.base_url, retry_handlers=[]
    )
    return SlackClients.of(client, client)


@pytest.fixture
def surface(slack: SlackClients) -> SlackSurface:
    return SlackSurface(slack, flush_seconds=0)


def to_incoming(message: Message) -> IncomingMessage:
    return IncomingMessage(
        "question",
        MessageKey(TEAM, message.channel, message.ts),
        thread_ts=message.thread_ts or message.ts,
        user=message.user,
        user_team=TEAM,
        text=message.text,
    )


async def leave_stream(slack: SlackClients, question: Message) -> str:
    """What a process leaves that dies in the middle of an answer."""
    thread = {"channel": question.channel, "thread_ts": question.ts}
    started = await slack.client.chat_startStream(
        **thread,
        recipient_team_id=TEAM,
        recipient_user_id=question.user,
        markdown_text="Milvus stores",
    )
    await slack.client.agents_sessions_setStatus(
        channel_id=question.channel, thread_ts=question.ts, status="processing"
    )
    return str(started["ts"])


@pytest.mark.parametrize("state", ["live", "expired", "stopped_by_user"])
async def test_the_stream_of_a_process_that_died_is_continued_in_place(
    slack_server: SlackServer, slack: SlackClients, surface: SlackSurface, state: str
):
    question = slack_server.said("how?")
    ts = await leave_stream(slack, question)
    if state != "live":
        slack_server.end_streams(state)
    reply = surface.open_reply(
        to_incoming(question), replaces=(ts,), progress="Continuing", is_resumed=True
    )
    reply.begin()
    await reply.finish(answer())
    [message] = slack_server.replies(question)
    assert message.ts == ts
    assert TEXT in message.shown
    assert answers.SOURCES in message.shown
    assert slack_server.open_streams() == []
    assert slack_server.processing_threads() == []
    assert slack_server.calls("chat.postMessage") == []


async def test_a_status_that_a_dead_process_set_is_taken_back_without_its_message(
    slack_server: SlackServer, slack: SlackClients, surface: SlackSurface
):
    slack_server.lack_streaming()
    question = slack_server.said("how?")
    where = {"channel_id": question.channel, "thread_ts": question.ts}
    await slack.client.agents_sessions_setStatus(**where, status="processing")
    for _ in range(40):  # none is left for this process's own
        slack.rates.get(SESSION).reserve()
    reply = surface.open_reply(to_incoming(question), is_resumed=True)
    reply.begin()
    await reply.finish(answer())
    assert slack_server.store.sessions[question.channel, question.ts][-1] == "active"
    assert slack_server.processing_threads() == []


async def test_parts_that_are_left_over_are_deleted(
    slack_server: SlackServer, slack: SlackClients, surface: SlackSurface
):
    question = slack_server.said("how?")
    where = {"channel": question.channel, "thread_ts": question.ts}
    posted = [str((await slack.client.chat_postMessage(**where, text=t))["ts"]) for t in "abc"]
    reply = surface.open_reply(to_incoming(question), replaces=posted)
    told: list[tuple[str, ...]] = []
    reply.on_posted = told.append
    reply.begin()
    await reply.finish(answer())
    assert [message.ts for message in slack_server.replies(question)] == posted[:1]
    assert told[-1] == (posted[0],)


async def test_a_place_in_the_line_is_shown_by_the_status(
    slack_server: SlackServer, surface: SlackSurface
):
    question = slack_server.said("how?")
    assert await surface.show_waiting(to_incoming(question), FIRST) == ()
    assert await surface.show_waiting(to_incoming(question), SECOND) == ()
    assert slack_server.store.statuses[question.channel, question.ts] == [FIRST, SECOND]
    reply = surface.open_reply(to_incoming(question))
    reply.begin()
    await reply.finish(answer())
    assert slack_server.processing_threads() == []
    assert len(slack_server.replies(question)) == 1


async def test_a_place_that_could_not_be_shown_is_tried_as_a_status_again(
    slack_server: SlackServer, slack: SlackClients, surface: SlackSurface
):
    question = slack_server.said("how?")
    texts = slack.rates.get(STATUS)
    posts = slack.rates.get("chat.postMessage", question.channel)
    for bucket in (texts, posts):
        while bucket.take():
            pass
    assert await surface.show_waiting(to_incoming(question), FIRST) == ()
    assert slack_server.processing_threads() == []
    texts.put_back()
    assert await surface.show_waiting(to_incoming(question), SECOND) == ()
    assert slack_server.store.statuses[question.channel, question.ts] == [SECOND]


async def test_without_a_status_the_place_is_a_message_that_the_answer_replaces(
    slack_server: SlackServer, surface: SlackSurface
):
    slack_server.lack(STATUS)
    question = slack_server.said("how?")
    posted = await surface.show_waiting(to_incoming(question), FIRST)
    assert await surface.show_waiting(to_incoming(question), SECOND) == posted
    [message] = slack_server.replies(question)
    assert (posted, message.shown) == ((message.ts,), SECOND)
    reply = surface.open_reply(to_incoming(question), replaces=posted)
    reply.begin()
    await reply.finish(answer())
    assert slack_server.replies(question) == [message]
    assert TEXT in message.shown


async def test_a_place_is_taken_back_that_another_process_has_shown(
    slack_server: SlackServer, surface: SlackSurface
):
    question = slack_server.said("how?")
    where = {"channel_id": question.channel, "thread_ts": question.ts}
    other = AsyncWebClient(slack_server.bot_token, base_url=slack_server.base_url)
    await other.assistant_threads_setStatus(**where, status=FIRST)
    await surface.set_thread_active(question.channel, question.ts)
    assert slack_server.store.statuses[question.channel, question.ts] == [FIRST, ""]
    assert slack_server.processing_threads() == []


@pytest.mark.parametrize("lacking", [(), (STATUS,)])
async def test_a_place_can_be_removed(
    slack_server: SlackServer, surface: SlackSurface, lacking: tuple[str, ...]
):
    slack_server.lack(*lacking)
    question = slack_server.said("how?")
    posted = await surface.show_waiting(to_incoming(question), FIRST)
    assert bool(posted) == bool(lacking)
    await surface.withdraw(to_incoming(question), posted)
    assert slack_server.replies(question) == []
    assert slack_server.processing_threads() == []
    # A later place of the same question begins anew.
    again = await surface.show_waiting(to_incoming(question), SECOND)
    assert [each.ts for each in slack_server.replies(question)] == list(again)


async def test_an_outage_shows_no_place_and_harms_nothing(
    slack_server: SlackServer, surface: SlackSurface
):
    question = slack_server.said("how?")
    slack_server.fail_for()
    assert await surface.show_waiting(to_incoming(question), FIRST) == ()


async def test_a_sentence_for_one_person_falls_back_on_direct_messages(
    slack_server: SlackServer, surface: SlackSurface
):
    question = slack_server.said("how?", channel=GENERAL)
    slack_server.remove_from(GENERAL)
    await surface.post_privately(to_incoming(question), "Not for you.")
    [message] = slack_server.messages("D0ALICE")
    assert "Not for you." in message.shown
    assert say("closed.not_member") in message.shown


async def test_a_sentence_for_a_closed_thread_is_told_to_its_asker(
    slack_server: SlackServer, surface: SlackSurface
):
    question = slack_server.said("how?", channel=PRIVATE)
    slack_server.store.restricted[PRIVATE] = "restricted_action"
    incoming = to_incoming(question)
    await surface.post(incoming, "One moment.")
    [message] = slack_server.messages("D0ALICE")
    assert "One moment." in message.shown
    slack_server.store.channels["D0ALICE"].members.discard("U0DOCENT")
    with pytest.raises(UndeliverableError):
        await surface.post(incoming, "One moment.")


async def test_an_ephemeral_message_stands_in_a_thread_only_if_it_has_begun(
    slack_server: SlackServer, surface: SlackSurface
):
    question = slack_server.said("how?")
    incoming = to_incoming(question)
    await surface.post_privately(incoming, "Alone.")
    key = replace(incoming.key, ts="9999999999.000001")
    await surface.post_privately(replace(incoming, key=key), "In the thread.")
    private = [m for m in slack_server.messages(GENERAL) if m.visible_to == ALICE]
    assert [m.thread_ts for m in private] == [None, question.ts]
