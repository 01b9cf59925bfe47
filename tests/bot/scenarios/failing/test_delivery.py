"""Each answer arrives once, in the best form that Slack still takes, and nothing stays open."""

import pytest

from bot.slack.client import calls, people
from bot.slack.inbox import responder
from bot.slack.views import buttons
from bot.texts import answers
from bot.texts.catalog import say
from rag_core.types import AnswerDone, SearchStarted, TextDelta
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT, Gate, answer, chunk, citation, script
from tests.bot.slack.actions.test_answer_buttons import has
from tests.servers.slack.blocks import ALL_BLOCKS, count_characters
from tests.servers.slack.store import ALICE, GENERAL, Message

WAYS = ("stream", "edit")
POSTS = ("chat.postMessage", "chat.startStream", "chat.appendStream", "chat.stopStream")
TABLE = "| Name | Port |\n|---|---|\n| proxy | 19530 |\n"
ALL_KINDS = {"markdown", "section", "context", "context_actions", "actions"}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAUSES", (0.01,))
    monkeypatch.setattr(calls, "MOST_ATTEMPTS", 300)


async def ask(docent: Docent, way: str) -> tuple[Message, Gate]:
    """A question whose answer has begun to appear; the gate lets it go on."""
    if way == "edit":
        docent.slack.lack_streaming()
    gate = Gate()
    docent.pipeline.script = [SearchStarted(), TextDelta(TEXT[:13]), gate, AnswerDone(answer())]
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for(
        lambda: any(TEXT[:13] in reply.shown for reply in docent.slack.replies(question))
    )
    return question, gate


def shown(messages: list[Message]) -> str:
    return "\n".join(message.shown for message in messages)


def list_private(docent: Docent) -> list[Message]:
    """What Alice alone sees: ephemeral messages, and docent's in her direct messages."""
    everything = docent.slack.store.all.values()
    return [m for m in everything if m.visible_to == ALICE or (m.by_bot and m.channel == "D0ALICE")]


async def end(docent: Docent) -> None:
    """Let everything end, and see that nothing is left open."""
    await docent.slack.wait_for(lambda: not docent.slack.processing_threads())
    await docent.starts.aclose()
    assert docent.slack.open_streams() == []
    assert docent.slack.processing_threads() == []


OUTAGES = [
    {"error": "internal_error"},
    {"error": "fatal_error"},
    {"error": "service_unavailable"},
    {"error": "request_timeout"},
    {"error": "", "status": 503},
    {"error": "", "status": 500},
    {"error": "invalid_auth"},
    {"error": "token_revoked"},
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("outage", OUTAGES, ids=lambda o: f"{o['error']}{o.get('status', '')}")
async def test_an_outage_in_the_middle_delays_the_answer(docent: Docent, way: str, outage: dict):
    question, gate = await ask(docent, way)
    docent.slack.fail_for(**outage)
    before = len(docent.slack.calls())
    gate.open()
    await docent.slack.wait_for(lambda: len(docent.slack.calls()) >= before + 6)
    docent.slack.recover()
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await end(docent)
    assert docent.slack.replies(question) == [reply]
    assert TEXT in reply.shown
    assert has(reply, buttons.EVIDENCE)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("outage", OUTAGES[::3], ids=lambda o: f"{o['error']}{o.get('status', '')}")
async def test_an_outage_from_the_beginning_delays_the_answer(
    docent: Docent, way: str, outage: dict, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(people, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(responder, "LOOK_AGAIN_SECONDS", 0.01)
    if way == "edit":
        docent.slack.lack_streaming()
    await docent.start()
    docent.slack.fail_for(**outage)
    before = len(docent.slack.calls())
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for(lambda: len(docent.slack.calls()) >= before + 8)
    docent.slack.recover()
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await end(docent)
    assert docent.slack.replies(question) == [reply]


@pytest.mark.parametrize("method", [*POSTS, "chat.update", "agents.sessions.setStatus"])
async def test_a_call_that_was_done_and_not_confirmed_is_not_done_twice(
    docent: Docent, method: str
):
    if method in {"chat.postMessage", "chat.update"}:
        docent.slack.lack_streaming()
    docent.slack.lose_reply(method)
    await docent.start()
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await end(docent)
    assert docent.slack.replies(question) == [reply]


@pytest.mark.parametrize("way", WAYS)
async def test_sources_that_do_not_fit_come_in_a_message_of_their_own(docent: Docent, way: str):
    if way == "edit":
        docent.slack.lack_streaming()
    text = ("All data goes to object storage [1]. " * 320)[:11_400].strip()
    cited = tuple(
        citation(n, chunk(n, url=f"https://example.com/{n}?q={'x' * 610}")) for n in range(1, 6)
    )
    pieces = [TextDelta(text[at : at + 900]) for at in range(0, len(text), 900)]
    docent.pipeline.script = [*pieces, AnswerDone(answer(text, citations=cited))]
    await docent.start()
    question = await docent.slack.mention("how?")
    last = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await end(docent)
    replies = docent.slack.replies(question)
    assert replies[-1] == last
    assert len(replies) == 2
    assert text in replies[0].shown
    assert all(f"https://example.com/{n}?q=" in last.shown for n in range(1, 6))
    assert has(last, buttons.EVIDENCE)
    assert all(len(m.markdown) + count_characters(m.blocks) < ALL_BLOCKS for m in replies)


@pytest.mark.parametrize("code", ["msg_too_long", "msg_blocks_too_long"])
@pytest.mark.parametrize("way", WAYS)
async def test_a_message_that_slack_calls_too_long_is_divided(docent: Docent, way: str, code: str):
    question, gate = await ask(docent, way)
    for method in ("chat.stopStream", "chat.update", "chat.postMessage"):
        docent.slack.fail(method, code)
    gate.open()
    await docent.slack.wait_for(lambda: answers.SOURCES in shown(docent.slack.replies(question)))
    await end(docent)
    replies = docent.slack.replies(question)
    assert shown(replies).count(TEXT) == 1
    assert shown(replies).count(answers.SOURCES) == 1
    assert any(has(reply, buttons.EVIDENCE) for reply in replies)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("can_edit", [True, False])
async def test_a_ceiling_below_docents_own_limit_is_found(docent: Docent, way: str, can_edit: bool):
    """Each method refuses the first attempt as too long, or all edits, whatever their length."""
    if way == "edit":
        docent.slack.lack_streaming()
    if not can_edit:
        docent.slack.lack("chat.update", error="msg_blocks_too_long")
    text = ("All data goes to object storage [1]. " * 320)[:11_400].strip()
    docent.pipeline.script = script(text)
    for method in ("chat.stopStream", "chat.update", "chat.postMessage"):
        docent.slack.fail(method, "msg_blocks_too_long")
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await end(docent)
    replies = docent.slack.replies(question)
    assert "".join(shown(replies).split()).count("".join(text.split())) == 1
    assert any(has(reply, buttons.EVIDENCE) for reply in replies)


@pytest.mark.parametrize(
    ("refused", "keeps_buttons"),
    [
        ({"markdown"}, True),
        ({"context_actions"}, False),
        ({"markdown", "context_actions"}, False),
        (ALL_KINDS, False),
    ],
)
@pytest.mark.parametrize("way", WAYS)
async def test_blocks_that_slack_refuses_leave_plainer_ones(
    docent: Docent, way: str, refused: set[str], keeps_buttons: bool
):
    docent.slack.store.refused_blocks = refused
    if way == "edit":
        docent.slack.lack_streaming()
    await docent.start()
    question = await docent.slack.mention("how?")
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await end(docent)
    assert docent.slack.replies(question) == [reply]
    assert "object storage [1]" in reply.shown
    assert "https://example.com/page1#where" in reply.shown
    if way == "edit":
        assert has(reply, buttons.EVIDENCE) == keeps_buttons


@pytest.mark.parametrize("error", ["internal_error", "invalid_blocks", "cant_stop_stream"])
async def test_a_stream_that_slack_never_ends_is_replaced(docent: Docent, error: str, monkeypatch):
    monkeypatch.setattr(calls, "MOST_ATTEMPTS", 3)
    question, gate = await ask(docent, "stream")
    docent.slack.lack("chat.stopStream", error=error)
    gate.open()
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await docent.slack.wait_for(lambda: docent.slack.replies(question) == [reply])
    await end(docent)


@pytest.mark.parametrize("way", WAYS)
async def test_a_second_table_gets_a_message_of_its_own(docent: Docent, way: str):
    docent.slack.store.single_table = True
    if way == "edit":
        docent.slack.lack_streaming()
    docent.pipeline.script = script(f"First:\n\n{TABLE}\nSecond:\n\n{TABLE}", pieces=4)
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await end(docent)
    first, second = docent.slack.replies(question)
    assert ("First" in first.shown, "Second" in first.shown) == (True, False)
    assert (first.shown.count("19530"), second.shown.count("19530")) == (1, 1)
    assert has(second, buttons.EVIDENCE)


@pytest.mark.parametrize("way", WAYS)
async def test_a_long_table_that_slack_refuses_comes_as_lines(docent: Docent, way: str):
    """As lines it is longer than a message, though as a table it was not."""
    docent.slack.store.refused_blocks = {"markdown"}
    docent.slack.fail("chat.stopStream", "invalid_blocks")
    if way == "edit":
        docent.slack.lack_streaming()
    rows = [f"value{n:03d}" for n in range(600)]
    head = "Values [1].\n\n| Name of the parameter | Description |\n|---|---|\n"
    text = head + "".join(f"| p | {row} |\n" for row in rows)
    docent.pipeline.script = script(text, pieces=4)
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await end(docent)
    everything = shown(docent.slack.replies(question))
    assert [row for row in rows if everything.count(row) != 1] == []


def lock(docent: Docent, question: Message) -> None:
    docent.slack.store.locked.add((question.channel, question.ts))


def restrict(docent: Docent, question: Message) -> None:
    docent.slack.store.restricted[question.channel] = "restricted_action_read_only_channel"


def remove(docent: Docent, question: Message) -> None:
    docent.slack.remove_from(question.channel)


def archive(docent: Docent, question: Message) -> None:
    docent.slack.close_channel(question.channel)


def close_strangely(docent: Docent, question: Message) -> None:
    """With a code that no page of Slack's names."""
    docent.slack.close_channel(question.channel, "channel_is_on_holiday")


PLACES = {
    remove: "not_member",
    lock: "locked",
    restrict: "restricted",
    archive: "archived",
    close_strangely: "refused",
}


@pytest.mark.parametrize("close", PLACES, ids=lambda close: close.__name__)
async def test_where_docent_can_not_post_the_asker_gets_the_answer_alone(docent: Docent, close):
    """Nothing of it was there before: the place closes while docent searches."""
    docent.slack.lack_streaming()
    docent.slack.fail_for(methods={"chat.postMessage"})
    gate = Gate()
    docent.pipeline.script = [SearchStarted(), gate, *script()]
    await docent.start()
    question = await docent.slack.mention("how?")
    await docent.slack.wait_for_calls("chat.postMessage")
    close(docent, question)
    docent.slack.recover()
    gate.open()
    await docent.slack.wait_for(lambda: answers.SOURCES in shown(list_private(docent)))
    if close in {lock, restrict}:  # elsewhere the status can't be set either
        await end(docent)
    [private] = list_private(docent)
    assert TEXT in private.shown
    assert say(f"closed.{PLACES[close]}") in private.shown
    assert has(private, buttons.EVIDENCE)
    assert docent.slack.replies(question) in ([], [private])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("close", [remove, archive, close_strangely], ids=lambda c: c.__name__)
async def test_a_place_that_closes_in_the_middle_loses_nothing(docent: Docent, way: str, close):
    question, gate = await ask(docent, way)
    close(docent, question)
    gate.open()
    await docent.slack.wait_for(lambda: answers.SOURCES in shown(list_private(docent)))
    [private] = list_private(docent)
    assert private.channel == "D0ALICE"
    assert f"<#{GENERAL}>" in private.shown
    assert TEXT in private.shown
    assert has(private, buttons.EVIDENCE)
    assert docent.slack.open_streams() == []


@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_in_a_locked_thread_is_completed_in_place(docent: Docent, way: str):
    question, gate = await ask(docent, way)
    lock(docent, question)
    gate.open()
    reply = await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await end(docent)
    assert docent.slack.replies(question) == [reply]
    assert list_private(docent) == []


@pytest.mark.parametrize("way", WAYS)
async def test_a_status_is_taken_back_though_slack_limits_it(docent: Docent, way: str):
    question, gate = await ask(docent, way)
    docent.slack.fail("chat.stopStream", "internal_error")  # which would take it back too
    docent.slack.rate_limit("agents.sessions.setStatus", times=3, retry_after=0)
    gate.open()
    await docent.slack.wait_for_reply(question, containing=answers.SOURCES)
    await end(docent)
    assert docent.slack.store.sessions[question.channel, question.ts] == ["processing", "active"]


async def test_a_stopped_mark_comes_in_whatever_form_is_left(docent: Docent):
    question, gate = await ask(docent, "edit")
    docent.slack.store.refused_blocks = ALL_KINDS
    await docent.slack.stop(question)
    gate.open()
    reply = await docent.slack.wait_for_reply(question, containing=answers.STOPPED.strip("_"))
    await end(docent)
    assert docent.slack.replies(question) == [reply]
