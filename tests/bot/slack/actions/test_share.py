"""Sharing a private answer where Slack takes it, and where it does not."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.slack.actions.share import ShareAction
from bot.slack.actions.visible_answers import VisibleAnswers
from bot.slack.client.respond import Click
from bot.slack.client.workspace import SlackClients
from bot.storage.answers import PRIVATE_TS_PREFIX
from bot.storage.database import BotDatabase
from bot.texts import answers
from bot.texts import asking as words
from ingest.errors import StateError
from ingest.state.database import open_state
from rag_core.types import Scope
from tests.bot.fakes import LAST_SYNC, TEXT, answer
from tests.bot.storage.test_answers import KEPT, KEY
from tests.servers.slack.store import block_text

MINE = replace(
    KEPT, key=replace(KEY, ts=f"{PRIVATE_TS_PREFIX}1"), thread_ts=f"{PRIVATE_TS_PREFIX}1", posted=()
)
CLICK = Click(value="a1 1700000000.000100", user="U1", user_team="T1", team="T1", channel="C1")


class Unreachable:
    """A client of a workspace in whose channel docent is no member."""

    async def chat_postMessage(self, **_: Any) -> None:  # noqa: N802  (Slack's name)
        refusal = SimpleNamespace(data={"ok": False, "error": "not_in_channel"}, status_code=200)
        raise SlackApiError("refused", refusal)


class Channel:
    """A client of a workspace where docent is a member now."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []

    async def chat_postMessage(self, **content: Any) -> dict[str, str]:  # noqa: N802
        self.posted.append(content)
        return {"channel": "C1", "ts": f"{len(self.posted)}.0"}


class ResponseUrl:
    """Bolt's `respond`; `takes` is how many messages to the channel it takes."""

    def __init__(self, status: int = 200, *, takes: int = 99) -> None:
        self.status = status
        self.takes = takes
        self.said: list[dict[str, Any]] = []

    @property
    def public(self) -> list[str]:
        """What stands in the channel."""
        said = (one for one in self.said if one.get("response_type") == "in_channel")
        return [one["blocks"][0].text for one in said]

    async def __call__(self, text: str, **content: Any) -> object:
        public = content.get("response_type") == "in_channel"
        if public and (self.status != 200 or len(self.public) >= self.takes):
            return SimpleNamespace(status_code=404)
        self.said.append({"text": text, **content})
        return SimpleNamespace(status_code=200)


@pytest.fixture
def memory(tmp_path) -> BotDatabase:
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    memory = BotDatabase.open(engine, keep_days=90, read_last_success_time=lambda *_: LAST_SYNC)
    memory.answers.add(MINE)
    return memory


async def shared(memory: BotDatabase, respond: ResponseUrl, click: Click = CLICK) -> list[dict]:
    slack = SlackClients.of(Unreachable(), Unreachable())
    await sharing(slack, memory).on_click(click, respond)
    return respond.said


def sharing(slack: SlackClients, memory: BotDatabase) -> ShareAction:
    return ShareAction(slack, memory, VisibleAnswers(memory.answers, team="T1"))


async def test_the_response_url_takes_it_to_the_thread(memory: BotDatabase):
    answer, gone = await shared(memory, ResponseUrl())
    assert answer["response_type"] == "in_channel"
    assert answer["thread_ts"] == "1700000000.000100"
    assert TEXT in answer["blocks"][0].text
    assert gone["delete_original"]


async def test_it_says_of_which_documentation_the_answer_is(memory: BotDatabase):
    before = LAST_SYNC - timedelta(days=3)
    memory.answers.add(replace(MINE, id="a2", scope=Scope(version="2.6"), as_of=before))
    shared_answer, _ = await shared(memory, ResponseUrl(), replace(CLICK, value="a2"))
    footer = block_text([block.to_dict() for block in shared_answer["blocks"]])
    assert "2.6" in footer
    assert answers.format_age(before) in footer
    assert (shared_answer["unfurl_links"], shared_answer["unfurl_media"]) == (False, False)


async def test_without_a_thread_it_goes_to_the_channel(memory: BotDatabase):
    answer, _ = await shared(memory, ResponseUrl(), replace(CLICK, value="a1"))
    assert "thread_ts" not in answer


async def test_what_was_refused_stays_and_can_be_shared_again(memory: BotDatabase):
    said = await shared(memory, ResponseUrl(status=404))
    assert said[-1]["text"] == words.SHARE_FAILED
    assert not any(one.get("delete_original") for one in said)
    again = await shared(memory, ResponseUrl())
    assert again[-1]["delete_original"]


@pytest.mark.parametrize("client", [Unreachable(), Channel()])
async def test_a_part_that_stands_there_is_not_posted_again(memory: BotDatabase, client: Any):
    """The second press posts what is missing, even where docent was invited meanwhile."""
    long = answer("First. " * 1_500 + "\n\n" + "Second. " * 1_400)
    memory.answers.add(replace(MINE, id="a2", answer=long))
    click = replace(CLICK, value="a2")
    first = ResponseUrl(takes=1)
    await shared(memory, first, click)
    assert [text[:6] for text in first.public] == ["> <@U1"]
    assert first.said[-1]["text"] == words.SHARE_FAILED
    second = ResponseUrl()
    await sharing(SlackClients.of(client, client), memory).on_click(click, second)
    assert [text[:6] for text in second.public] == ["Second"]
    assert second.said[-1]["delete_original"]
    assert getattr(client, "posted", []) == []


async def test_it_is_shared_once(memory: BotDatabase):
    assert await shared(memory, ResponseUrl())
    assert await shared(memory, ResponseUrl()) == []


@pytest.mark.parametrize("fault", ["delete", "keep"])
async def test_what_fails_after_the_post_does_not_post_it_again(
    memory: BotDatabase, fault: str, monkeypatch: pytest.MonkeyPatch
):
    channel = Channel()
    slack = SlackClients.of(channel, channel)

    def broken(*_: Any) -> None:
        raise StateError("down")

    class Silent(ResponseUrl):
        async def __call__(self, text: str, **content: Any) -> object:
            if content.get("delete_original"):
                raise TimeoutError
            return await super().__call__(text, **content)

    if fault == "keep":
        monkeypatch.setattr(memory.answers, "record_shared", broken)
    respond = Silent() if fault == "delete" else ResponseUrl()
    for _ in range(2):
        await sharing(slack, memory).on_click(CLICK, respond)
    assert len(channel.posted) == 1


async def test_a_part_that_another_process_holds_is_not_taken_for_posted(memory: BotDatabase):
    part = replace(MINE.key, ts=f"part0-{MINE.id[:24]}")
    async with memory.claims.hold(part) as mine:
        assert mine
        said = await shared(memory, ResponseUrl())
        assert said[-1]["text"] == words.SHARE_FAILED
        assert not any(one.get("delete_original") for one in said)


async def test_blocks_that_the_response_url_refuses_leave_plainer_ones(memory: BotDatabase):
    class Plain(ResponseUrl):
        async def __call__(self, text: str, **content: Any) -> object:
            if content.get("blocks"):
                return SimpleNamespace(status_code=400, body="invalid_blocks")
            return await super().__call__(text, **content)

    answer, gone = await shared(memory, Plain())
    assert TEXT in answer["text"]
    assert "<https://" in answer["text"]
    assert gone["delete_original"]


@pytest.mark.parametrize(
    "click",
    [
        replace(CLICK, user="U2"),
        replace(CLICK, user_team="T2"),
        replace(CLICK, value="a2"),
        replace(CLICK, value="a1 not-a-thread"),
        replace(CLICK, value="a1' OR 1=1"),
    ],
)
async def test_somebody_elses_answer_and_a_forgotten_one_are_not_shared(
    memory: BotDatabase, click: Click
):
    [said] = await shared(memory, ResponseUrl(), click)
    assert said["text"] == words.SHARE_GONE


def test_a_shared_answer_can_be_linked_to(memory: BotDatabase):
    kept = memory.answers.find("a1")
    assert kept is not None
    assert kept.permalink_ts == ""
    memory.answers.record_shared("a1", "5.5", ("6.6",))
    kept = memory.answers.find("a1")
    assert kept is not None
    assert (kept.permalink_ts, kept.thread_ts) == ("6.6", "5.5")
    assert KEPT.permalink_ts == KEY.ts
