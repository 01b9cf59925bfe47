"""A post is found by its mark alone, whatever it and its neighbours say."""

import pytest

from bot.slack.client.workspace import SlackClients, ThreadRef
from bot.slack.reply.lost_posts import (
    LostPost,
    build_mark,
    build_metadata,
    build_task_id,
    find_lost_posts,
)
from tests.bot.conftest import Docent
from tests.servers.slack.store import ALICE, GENERAL, TEAM


@pytest.fixture
def slack(docent: Docent) -> SlackClients:
    return SlackClients.of(docent.client, docent.client)


@pytest.fixture
def thread(docent: Docent) -> ThreadRef:
    return ThreadRef(GENERAL, docent.slack.said("how?").ts, ALICE, TEAM)


async def post(slack: SlackClients, thread: ThreadRef, mark: str) -> str:
    response = await slack.client.chat_postMessage(
        channel=thread.channel,
        thread_ts=thread.thread_ts or None,
        text="the same words",
        metadata=build_metadata(mark),
    )
    return str(response["ts"])


async def start_stream(slack: SlackClients, thread: ThreadRef, mark: str) -> str:
    task = {"type": "task_update", "title": "Searching", "status": "in_progress"}
    response = await slack.client.chat_startStream(
        channel=thread.channel,
        thread_ts=thread.thread_ts,
        recipient_user_id=ALICE,
        recipient_team_id=TEAM,
        chunks=[task | {"id": build_task_id(mark)}],
    )
    return str(response["ts"])


async def test_each_mark_finds_its_own_message(slack: SlackClients, thread: ThreadRef):
    marks = [build_mark() for _ in range(4)]
    posts = [await post(slack, thread, mark) for mark in marks[:2]]
    streams = [await start_stream(slack, thread, mark) for mark in marks[2:]]
    assert await find_lost_posts(slack, thread, {marks[1], marks[2], build_mark()}) == {
        marks[1]: LostPost(posts[1]),
        marks[2]: LostPost(streams[0], is_stream=True),
    }


async def test_a_post_beside_no_thread_is_found_in_its_channel(
    slack: SlackClients, thread: ThreadRef
):
    channel, mark = ThreadRef(thread.channel, "", ALICE, TEAM), build_mark()
    ts = await post(slack, channel, mark)
    assert await find_lost_posts(slack, channel, [mark]) == {mark: LostPost(ts)}


async def test_nothing_found_and_nothing_read_are_two_things(
    docent: Docent, slack: SlackClients, thread: ThreadRef
):
    await post(slack, thread, build_mark())
    assert await find_lost_posts(slack, thread, [build_mark()]) == {}
    docent.slack.lack("conversations.replies", error="missing_scope")
    assert await find_lost_posts(slack, thread, [build_mark()]) is None
